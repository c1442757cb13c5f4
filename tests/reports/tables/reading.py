"""What a reader sees in a table."""

from c10k.reports.tables.table import Cell, Table


def cells(table: Table, *heads: str) -> dict[str, Cell]:
    """The row whose first cells have these texts, by the full title of their column."""
    rows = (row for section in table.sections for row in section.rows)
    found = next(each for each in rows if [cell.text for cell in each][: len(heads)] == [*heads])
    return dict(zip((column.full_title for column in table.columns), found, strict=True))


def row(table: Table, *heads: str) -> dict[str, str]:
    """The same as it reads."""
    return {title: str(cell) for title, cell in cells(table, *heads).items()}
