"""Whether a step is fit for a verdict: whether what was measured had the machine to itself.

The one place that says so. An unfit step is shown with its flag, and decides nothing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, Any]

# Of one CPU. The hypervisor takes some milliseconds at a time from the loader or the server, which
# the slowest responses show first.
MOST_STEAL: Final = 0.05
# Of a CPU. c10k's own watching takes some hundredths; a daemon, or a kernel thread that scans
# memory, takes more, from the loader or the server.
MOST_OTHER_PROCESSES: Final = 0.2


def steal(row: Row) -> float:
    """Steal time while was measured, of one CPU; NaN where that is not known."""
    return _of_a_cpu(row, "steal_s")


def other_processes(row: Row) -> float:
    """What other processes used while was measured, of one CPU; NaN where that is not known."""
    return _of_a_cpu(row, "other_processes_cpu_s")


def _of_a_cpu(row: Row, column: str) -> float:
    window_s = row.get("window_s")
    return float(row[column] / window_s) if window_s else math.nan


def fit(row: Row) -> bool:
    """Whether a repeat may decide: its loader not the bottleneck, nobody else on its CPUs."""
    disturbed = other_processes(row) > MOST_OTHER_PROCESSES or steal(row) > MOST_STEAL
    return not (row["loader_limited"] or disturbed)


def fair(rows: Sequence[Row]) -> list[Row]:
    """The repeats that may decide: those tell how fast the server is."""
    return [row for row in rows if fit(row)]
