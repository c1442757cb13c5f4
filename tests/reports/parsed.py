"""What a report wrote, read back: its page as a tree, its tables as grids, its files of data."""

import csv
import re
from functools import cache
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Node:
    """An element with its children in order."""

    def __init__(self, tag, attributes=()):
        self.tag = tag
        self.attributes = dict(attributes)
        self.children = []

    def all(self, tag="", **attributes):
        """Elements below with this tag and these attributes; write `class` as `class_`."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        for child in self.elements:
            if tag in ("", child.tag) and wanted.items() <= child.attributes.items():
                yield child
            yield from child.all(tag, **attributes)

    def one(self, tag="", **attributes):
        return next(self.all(tag, **attributes))

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Node)]

    def text(self, *without):
        """The text with single spaces, leaving out elements with these tags."""
        parts = [
            child if isinstance(child, str) else child.text(*without)
            for child in self.children
            if isinstance(child, str) or child.tag not in without
        ]
        return " ".join(" ".join(parts).split())


class Page(Node):
    """A page: the root of its tree."""

    def __init__(self, html):
        super().__init__("")
        _Reader(self).feed(html)


@cache
def page_of(report):
    """The page of a report, read once for all tests."""
    return Page((report / "index.html").read_text())


class _Reader(HTMLParser):
    def __init__(self, root):
        super().__init__()
        self._open = [root]

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


def grid(table):
    """The rows of a table on a page as its Markdown has them: the section's title first, if there
    are sections.
    """
    rows, section = [], []
    for tr in [row for body in table.all("tbody") for row in body.all("tr")]:
        if tr.attributes.get("class") == "section":
            section = [tr.text()]
        else:
            rows.append(section + list(map(_shown, tr.elements)))
    return rows


def _shown(cell):
    """A cell as Markdown writes it: its text, interval, caveat, the book's figure, the outcome."""
    parts = {
        node.attributes.get("class", "").partition(" ")[0]: node.text() for node in cell.elements
    }
    stated = " ".join(
        [
            "".join(child for child in cell.children if isinstance(child, str)).strip(),
            *(f"[{parts[name]}]" for name in parts if name == ""),
            *(f"({parts[name]})" for name in parts if name == "caveat"),
            *(f"({parts[name].replace('book', 'book:', 1)})" for name in parts if name == "book"),
        ]
    )
    return stated + "".join(f", {parts[name]}" for name in parts if name == "outcome")


def markdown_rows(path):
    """The rows of a table in Markdown, its header first."""
    return [
        [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in path.read_text().splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    ]


def records(path):
    """The fields of a CSV file, row by row."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
