"""Whether a step is fit for a verdict: whether loader and server had the machine to themselves.

The one place that says so. An unfit step is shown with its flag, and decides nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final, TypeVar

Row = Mapping[str, Any]
AnyRow = TypeVar("AnyRow", bound=Row)

# In CPUs. The hypervisor takes some milliseconds at a time from the loader or the server, which the
# slowest responses show first.
MOST_STEAL: Final = 0.05
# In CPUs. c10k's own telemetry takes some hundredths; a daemon, or a kernel thread that scans
# memory, takes more, from the loader or the server.
MOST_OTHER_PROCESSES: Final = 0.2
# Of the connections. Where more are unserved, no percentile over messages says anything: the few
# that are served send most of the messages.
MOST_STARVED: Final = 0.01


def unserved(row: Row) -> int:
    """The clients that got no reply in a window: those that starve, and those never served."""
    return int(row["starved"] + row["connections"] - row["connected"])


def steal(row: Row) -> float:
    """Steal time during the windows, in CPUs; NaN where that is not known."""
    return _cpus(row, "steal_s")


def other_processes(row: Row) -> float:
    """What other processes used during the windows, in CPUs; NaN where that is not known."""
    return _cpus(row, "other_processes_cpu_s")


def _cpus(row: Row, column: str) -> float:
    window_s = row.get("window_s")
    return float(row[column] / window_s) if window_s else math.nan


def disturbed(row: Row) -> bool:
    """Whether other processes, or the hypervisor for others, took too much of the CPUs."""
    return other_processes(row) > MOST_OTHER_PROCESSES or steal(row) > MOST_STEAL


def fit(row: Row) -> bool:
    """Whether a repeat may decide: it is neither loader-limited nor disturbed."""
    return not (row["loader_limited"] or disturbed(row))


def fair(rows: Iterable[AnyRow]) -> list[AnyRow]:
    """The repeats that may decide."""
    return [row for row in rows if fit(row)]


def deciding(rows: list[AnyRow]) -> list[AnyRow]:
    """The repeats that figures are of: the fair ones where they are more than half, else all.

    Otherwise a few repeats of many would decide, and perhaps the lucky ones.
    """
    chosen = fair(rows)
    return chosen if 2 * len(chosen) > len(rows) else rows


def typical(rows: Sequence[Row], column: str) -> float:
    """The median of a column over the repeats; NaN where one of them has no number."""
    values = [float(row[column]) for row in rows]
    return math.nan if any(map(math.isnan, values)) else median(values)
