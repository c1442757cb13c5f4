"""The report of the recorded run says, line by line, what a reviewer approved.

A reviewer reads the files in approved/. After an intended change, `pytest tests/reports --approve`
writes them anew, and `git diff` shows what a reader of the report will see change.
"""

import difflib
import re
from collections import Counter
from pathlib import Path

import pytest

from c10k.reports.language import use_locale
from c10k.reports.summary.terminal import terminal_summary
from c10k.results.store import read_run
from tests.reports.parsed import page_of, records

APPROVED = Path(__file__).parent / "approved"
POINT = re.compile(r'<use [^>]*style="(fill: #[0-9a-f]+; stroke: #(?!5f6872)[0-9a-f]+)')  # no tick
BLOCKS = {
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "li",
    "dt",
    "dd",
    "pre",
    "summary",
    "figcaption",
    "title",
    "time",
}


def terminal(report):
    return terminal_summary(read_run(report.parent))


def terminal_in_korean(report):
    with use_locale("ko"):
        return terminal_summary(read_run(report.parent))


def summary(report):
    return (report / "summary.md").read_text()


def tables(report):
    """Every table as Markdown, under the header of its data."""
    for path in sorted(report.glob("tables/*.md")):
        (header, *_) = path.with_suffix(".csv").read_text().splitlines()
        yield f"{path.name}\ndata: {header}\n\n{path.read_text()}"


def page(report):
    """What a reader sees or hears of the page but its tables, pictures and recorded figures, which
    other files and tests hold.
    """
    return "\n".join(blocks(page_of(report).one("html")))


def page_in_korean(korean):
    """The same, and what stands above and below the tables, once."""
    lines = [line for path in sorted(korean.glob("tables/*.md")) for line in _around(path)]
    return "\n".join([page(korean), *dict.fromkeys(lines)])


def _around(path):
    """A table without its rows."""
    lines = path.read_text().splitlines()
    rows = [number for number, line in enumerate(lines) if line.startswith("|")]
    return [line for number, line in enumerate(lines) if line and number not in rows[1:]]


def blocks(node):
    """A line for each block of text, and for the length of each bar."""
    if node.attributes.get("role") == "img" or node.tag in {"script", "style"}:
        return
    if node.attributes.get("class") in {"notes", "scroll", "top"}:
        return  # other files hold it, or it is there twice
    if node.attributes.get("id") == "glossary":
        return
    if node.attributes.get("style", "").startswith("width"):
        yield f"bar {node.attributes['style']}"
    if node.tag in BLOCKS or not node.elements:
        if text := node.text():
            link = next((f" -> {a.attributes['href']}" for a in node.all("a")), "")
            yield f"{node.tag}: {text}{link}"
        return
    for child in node.elements:
        yield from blocks(child)


def pictures(report):
    """Of each picture what a screen reader says, what is written in it, the lines in its data that
    are not of servers, and its points: hollow where they bear a flag.
    """
    for figure in page_of(report).all("figure", class_="picture"):
        yield figure.one("svg").attributes["aria-label"]
        yield f"  {' | '.join(text.text() for text in figure.all('text'))}"
    for path in sorted(report.glob("figures/*.csv")):
        rows = records(path)
        yield f"{path.name}, {len(rows)} rows: {', '.join(rows[0])}"
        for row in rows:
            if row.get("line", "").startswith("the "):
                yield f"  {row['line']}: {row['value']} at {row['x']}"
        points = Counter(POINT.findall(path.with_suffix(".svg").read_text()))
        yield from (f"  {number} points: {look}" for look, number in sorted(points.items()))


SNAPSHOTS = {
    "terminal.txt": terminal,
    "terminal.ko.txt": terminal_in_korean,
    "summary.md": summary,
    "tables.md": tables,
    "page.txt": page,
    "pictures.txt": pictures,
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_report_says_what_was_approved(report, name, request):
    text = SNAPSHOTS[name](report)
    assert_approved(name, text if isinstance(text, str) else "\n".join(text), request.config)


def test_the_korean_page_says_what_was_approved(korean, request):
    assert_approved("page.ko.txt", page_in_korean(korean), request.config)


def assert_approved(name, text, config):
    """Compare a text with the approved one, or approve it with --approve."""
    path = APPROVED / name
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip("\n") + "\n"
    if config.getoption("--approve"):
        path.write_text(text)
    old = path.read_text().splitlines()
    difference = list(difflib.unified_diff(old, text.splitlines(), name, "now", lineterm="", n=1))
    if difference:
        shown = "\n".join(line[:500] for line in difference[:60])
        pytest.fail(f"{shown}\nIf that is intended: pytest tests/reports --approve", pytrace=False)


def test_nothing_is_approved_that_no_report_says():
    assert {path.name for path in APPROVED.iterdir()} == {*SNAPSHOTS, "page.ko.txt"}
