"""One run for the chapter's tables, and its figures straight from the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from c10k.reports.measured import Measured
from c10k.reports.table import Cell, Table
from c10k.results.store import read_run


@pytest.fixture(scope="module")
def measured(full_run: Path) -> Measured:
    """A run of the chapter's pair, one repeat."""
    return Measured(read_run(full_run))


@pytest.fixture(scope="module")
def step(measured: Measured) -> Callable[[str, str, int, str], float]:
    """One figure of the steps."""
    frame = measured.run.steps.set_index(["server", "workload", "connections"])

    def of(server: str, workload: str, connections: int, column: str) -> float:
        return float(frame.loc[(server, workload, connections), column])

    return of


def row(table: Table, workload: str, *heads: str) -> dict[str, Cell]:
    """The cells of one line, by column."""
    section = next(each for each in table.sections if each.title.startswith(workload))
    cells = next(cells for cells in section.rows if tuple(map(str, cells[: len(heads)])) == heads)
    names = ["claimed", "measured", "ratio", "claimed_compared", "compared", "verdict"]
    return dict(zip(names, cells[-len(names) :], strict=True))
