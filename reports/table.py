"""A table as data, and its Markdown and CSV; the page's templates draw it as HTML.

What is read (cells with their spread and marks) and what is computed with (records of raw numbers,
their units in the names) stand side by side, because a cell may hold what a number cannot say.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from c10k.reports import wording
from c10k.reports.data import Raw
from c10k.reports.language import _
from c10k.reports.measured import Measured, Point, Quantity


@dataclass(frozen=True)
class Column:
    """A column: `group` is the heading above it, `unit` what its numbers are in unless the cells
    say, `head` whether it names a row. `tone` and `kind` are styles of the page.
    """

    title: str
    group: str = ""
    unit: str = ""
    head: bool = False
    tone: str = ""
    kind: str = ""

    @property
    def full_title(self) -> str:
        """The heading where groups cannot be drawn."""
        title = f"{self.group}: {self.title}" if self.group else self.title
        return f"{title}, {self.unit}" if self.unit else title


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: text, the raw value, the interval in words, symbols of marks."""

    text: str
    value: Raw = None
    spread: str = ""
    marks: str = ""

    def __str__(self) -> str:
        spread = f" [{self.spread}]" if self.spread else ""
        return f"{self.text}{self.marks}{spread}"


NOTHING = Cell(wording.MISSING)


def cell(quantity: Quantity, unit: wording.Unit) -> Cell:
    """A measured quantity as a cell."""
    if not quantity.known:
        return Cell(wording.MISSING, marks=quantity.symbols)
    spread = "" if quantity.low != quantity.low else unit.between(quantity.low, quantity.high)
    text = f"{quantity.bound}{unit.text(quantity.value)}"
    return Cell(text, quantity.value, spread if spread != text else "", quantity.symbols)


@dataclass(frozen=True)
class Section:
    """Rows under one heading; each row has a cell for every column."""

    title: str
    rows: Sequence[Sequence[Cell]]


def by_workload(
    measured: Measured, points: Iterable[Point], row: Callable[[Point], Sequence[Cell]]
) -> list[Section]:
    """A section a workload, in it a row for each of the points."""
    points = list(points)
    return [
        Section(
            workload.heading,
            [row(point) for point in points if point.workload == workload.name],
        )
        for workload in measured.workloads
    ]


@dataclass(frozen=True)
class Table:
    """A table: `name` is its file's, `footnotes` are (symbol, text), `records` the raw data.

    The two first columns of a wide, `pinned` one stay in sight.
    """

    name: str
    title: str
    caption: str
    columns: Sequence[Column]
    sections: Sequence[Section]
    footnotes: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    records: Sequence[dict[str, Raw]] = field(default=(), repr=False)
    pinned: bool = False

    def groups(self) -> list[tuple[str, int, str]]:
        """The upper headings in order: (text, how many columns, tone)."""
        spans: list[tuple[str, int, str]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1, column.tone)
            else:
                spans.append((column.group, 1, column.tone))
        return spans

    def spanned(self, section: Section) -> Iterator[list[tuple[Column, Cell, int]]]:
        """Rows as (column, cell, rows that the cell spans).

        Heads that rows have in common, from the first one on, become one cell; the last head names
        its row alone.
        """
        heads = sum(column.head for column in self.columns)
        rows = list(section.rows)
        for index, row in enumerate(rows):
            cells = []
            for place, (column, cell) in enumerate(zip(self.columns, row, strict=True), start=1):
                shared = place < heads
                if shared and index and rows[index - 1][:place] == row[:place]:
                    continue
                span = 1
                while (
                    shared
                    and rows[index:][span : span + 1]
                    and (rows[index + span][:place] == row[:place])
                ):
                    span += 1
                cells.append((column, cell, span))
            yield cells

    def markdown(self) -> str:
        """The table for a Markdown page, title and notes included."""
        named = any(section.title for section in self.sections)
        lines = [
            f"### {escaped(self.title)}",
            "",
            escaped(self.caption),
            "",
            _row([*([_("workload")] if named else []), *(c.full_title for c in self.columns)]),
            _row(
                [
                    *(["---"] if named else []),
                    *("---" if column.head else "---:" for column in self.columns),
                ],
                escape=False,
            ),
            *(
                _row([*([section.title] if named else []), *map(str, row)])
                for section in self.sections
                for row in section.rows
            ),
        ]
        for symbol, text in self.footnotes:
            lines += ["", f"{symbol} {escaped(text)}"]
        for note in self.notes:
            lines += ["", escaped(note)]
        return "\n".join(lines) + "\n"


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return f"| {' | '.join(escaped(text) if escape else text for text in cells)} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no HTML, no table borders, no emphasis, no links."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
