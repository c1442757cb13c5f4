"""A line of the chapter's tables."""

from c10k.reports.table import Cell, Table


def row(table: Table, workload: str, *heads: str) -> dict[str, Cell]:
    """The cells of one line, by column."""
    section = next(each for each in table.sections if each.title.startswith(workload))
    cells = next(cells for cells in section.rows if tuple(map(str, cells[: len(heads)])) == heads)
    names = ["claimed", "measured", "ratio", "claimed_compared", "compared", "verdict"]
    return dict(zip(names, cells[-len(names) :], strict=True))
