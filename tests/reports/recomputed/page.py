"""What a report wrote: its page as a tree, the tables on it as grids, and its files of data."""

import csv
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Node:
    """An element, its children in order."""

    def __init__(self, tag, attributes=()):
        self.tag = tag
        self.attributes = dict(attributes)
        self.children = []

    def all(self, tag="", **attributes):
        """Elements below with this tag and these attributes; `class` is written `class_`."""
        for child in self.elements:
            wanted = {name.rstrip("_"): value for name, value in attributes.items()}
            if tag in ("", child.tag) and wanted.items() <= child.attributes.items():
                yield child
            yield from child.all(tag, **attributes)

    def one(self, tag="", **attributes):
        return next(self.all(tag, **attributes))

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Node)]

    def text(self, *without):
        """Its text with spaces as one, that of elements with these tags left out."""
        parts = [
            child if isinstance(child, str) else child.text(*without)
            for child in self.children
            if isinstance(child, str) or child.tag not in without
        ]
        return " ".join(" ".join(parts).split())


class Page(HTMLParser):
    """Reads HTML into `root`."""

    def __init__(self, html):
        super().__init__()
        self.root = Node("")
        self._open = [self.root]
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, attrs)
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag, attrs):
        self._open[-1].children.append(Node(tag, attrs))

    def handle_endtag(self, tag):
        while self._open.pop().tag != tag:
            pass

    def handle_data(self, data):
        self._open[-1].children.append(data)


def headings(table):
    """Of each column "group: title"; the title alone where there is no group."""
    upper, lower = table.one("thead").all("tr")
    groups = [
        cell.text() for cell in upper.elements for _ in range(int(cell.attributes["colspan"]))
    ]
    titles = [cell.text() for cell in lower.elements]
    return [
        f"{group}: {title}" if group else title for group, title in zip(groups, titles, strict=True)
    ]


def grid(table):
    """Its rows, each cell as (text, marks, interval): first the title of the section, if there are
    sections, and spanned cells in every row that they span.
    """
    rows, section = [], []
    spanning = {}  # column -> (cell, rows left)
    for tr in [row for body in table.all("tbody") for row in body.all("tr")]:
        if tr.attributes.get("class") == "section":
            section = [(tr.text(), "", "")]
            continue
        cells = iter(tr.elements)
        row = []
        while (spanned := spanning.get(len(row), (None, 0)))[1] or (node := next(cells, None)):
            if spanned[1]:
                spanning[len(row)] = (spanned[0], spanned[1] - 1)
                row.append(spanned[0])
            else:
                told = shown(node)
                spanning[len(row)] = (told, int(node.attributes.get("rowspan", 1)) - 1)
                row.append(told)
        rows.append(section + row)
    return rows


def shown(cell):
    """A cell as (text, marks, interval)."""
    marks = "".join(node.text() for node in cell.all("span", class_="mark"))
    spread = "".join(node.text() for node in cell.all("small"))
    return cell.text("span", "small"), marks, spread


def records(path):
    """The fields of a CSV file, row by row."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
