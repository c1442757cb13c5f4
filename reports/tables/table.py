"""A table as data, and its Markdown; the page's templates draw it as HTML."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from c10k.reports import wording
from c10k.reports.data import Raw, Record, slug
from c10k.reports.model.quantity import Quantity


@dataclass(frozen=True)
class Column:
    """A column: `group` is the heading above its own, `name` what its data are called, `head`
    whether it names a row, `words` whether it holds prose, `unit` how its figures are written.
    """

    title: str
    group: str = ""
    name: str = ""
    head: bool = False
    words: bool = False
    unit: wording.Unit = wording.PLAIN

    @property
    def full_title(self) -> str:
        """The heading where groups cannot be drawn."""
        return f"{self.group}: {self.title}" if self.group else self.title


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: text, the raw value, its interval and caveats in words; in a table of
    a publication, its own figure as printed, whose that is, and what becomes of it. The raw
    interval, in the unit of the column's name as the value is, and `data` that is not shown are for
    its files.
    """

    text: str
    value: Raw = None
    interval: str = ""
    caveat: str = ""
    claimed: str = ""
    claimed_by: str = ""
    outcome: str = ""
    low: float = math.nan
    high: float = math.nan
    data: Record = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [self.text]
        if self.interval:
            parts.append(f"[{self.interval}]")
        if self.caveat:
            parts.append(f"({self.caveat})")
        if self.claimed:
            parts.append(f"({self.claimed_by}: {self.claimed})")
        return " ".join(parts) + (f", {self.outcome}" if self.outcome else "")


def cell(quantity: Quantity, unit: wording.Unit, *, caveats: bool = True) -> Cell:
    """A measured quantity as a cell, with its flags; what has no value says why."""
    value, low, high = quantity.value, quantity.low, quantity.high
    text = unit.text(value) if quantity.known else wording.bounds(low, high)
    interval = unit.between(low, high) if quantity.known and quantity.ranged else ""
    caveats_text = quantity.why or ", ".join(flag.phrase for flag in quantity.flags)
    return Cell(
        text,
        value if quantity.known else None,
        interval if interval != text else "",
        caveats_text if caveats else "",
        low=low,
        high=high,
    )


@dataclass(frozen=True)
class Section:
    """Rows under one heading; each row has a cell for every column."""

    title: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """A table; `data` are its records, where they are not what its cells hold, `workload` is the
    one that it is of, where there is a table for each, and a `folded` one is opened by the reader.
    `heading` is the title of its part of the page, where that is not its own.
    """

    stem: str
    title: str
    caption: str
    columns: Sequence[Column]
    sections: Sequence[Section]
    notes: Sequence[str] = ()
    data: Sequence[Record] = field(default=(), repr=False)
    workload: str = ""
    folded: bool = False
    heading: str = ""

    @property
    def name(self) -> str:
        """What its files are called."""
        return slug(f"{self.stem}-{self.workload}") if self.workload else self.stem

    @property
    def place(self) -> str:
        """The part of the page that it stands in."""
        return self.stem.partition("-")[0]

    @property
    def records(self) -> list[Record]:
        """The data, or a record per row: heads and words as they are, figures with their ends."""
        rows = (row for section in self.sections for row in section.rows)
        return list(self.data) or [_record(self.columns, row) for row in rows]

    def groups(self) -> list[tuple[str, int]]:
        """The upper headings in order: (text, how many columns)."""
        return [
            (group, len(list(columns)))
            for group, columns in groupby(self.columns, key=lambda column: column.group)
        ]

    def lines(self) -> list[str]:
        """The table for a terminal, without title and notes: names and words to the left."""
        rows = [[column.full_title for column in self.columns]]
        rows += [[str(each) for each in row] for section in self.sections for row in section.rows]
        words = [at for at, column in enumerate(self.columns) if column.head or column.words]
        return wording.aligned(rows, words)

    def markdown(self) -> str:
        """The table for a Markdown page, title and notes included."""
        named = any(section.title for section in self.sections)
        rows = [
            ["", *(column.full_title for column in self.columns)],
            ["---", *("---" if column.head else "---:" for column in self.columns)],
            *([section.title, *map(str, row)] for section in self.sections for row in section.rows),
        ]
        lines = [f"| {' | '.join(map(escaped, row if named else row[1:]))} |" for row in rows]
        around = [f"### {escaped(self.title)}", escaped(self.caption), "\n".join(lines)]
        return "\n\n".join([*around, *map(escaped, self.notes)]) + "\n"


def _record(columns: Sequence[Column], row: Sequence[Cell]) -> Record:
    found: Record = {}
    for column, each in zip(columns, row, strict=True):
        found |= each.data
        if column.head or column.words:
            found[column.name] = each.text if each.value is None else each.value
        else:
            ends = {f"{column.name}_low": each.low, f"{column.name}_high": each.high}
            found |= {column.name: each.value, **ends}
    return found


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no HTML, no table borders, no emphasis, no links."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
