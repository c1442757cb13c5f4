"""Max connections: between which two numbers the most lie that a server holds."""

import math
from dataclasses import dataclass

from c10k.reports import wording
from c10k.reports.model.measured import Measured, Point, intervals
from c10k.results import fitness
from c10k.results.slo import refusal


@dataclass(frozen=True)
class MaxConnections:
    """At least `held` connections, and fewer than `missed` (infinity where none missed).

    What lies between was not tried, or could not be decided: `undecided` are those numbers.
    """

    held: int
    missed: float
    undecided: tuple[int, ...] = ()

    def __str__(self) -> str:
        return wording.bounds(self.held, self.missed)


def max_connections(measured: Measured, server: str, workload: str) -> MaxConnections:
    """The most connections with every one served, no message failed and p99 within the objective,
    among the steps and the numbers that a search tried.
    """
    judged = {
        step: holds(measured, Point(server, workload, step))
        for step in measured.tried(server, workload)
    }
    held = max((step for step, each in judged.items() if each), default=0)
    above = {step: each for step, each in judged.items() if step > held}
    missed = min((step for step, each in above.items() if each is False), default=math.inf)
    undecided = (step for step, each in above.items() if each is None and step < missed)
    return MaxConnections(held, missed, tuple(undecided))


def holds(measured: Measured, point: Point) -> bool | None:
    """Whether a step held; None where that cannot be decided: repeats differ, the interval of p99
    includes the objective, or what missed was unfit (results/fitness.py).
    """
    rows = measured.rows(point)
    if not rows:
        return None
    failed = [bool(refusal([row])) for row in rows]
    if any(failed):
        return False if all(failed) else None
    rows = measured.deciding(point)
    starved = [row["starved"] > 0 for row in rows]
    (p99,) = intervals([[row["response_p99_ms"] for row in rows]])
    low, high = (p99.low, p99.high) if p99.ranged else (p99.value, p99.value)
    if not any(starved) and high <= measured.slo_p99_ms:
        return True
    missed = all(starved) or (not any(starved) and low > measured.slo_p99_ms)
    return False if missed and all(map(fitness.fit, rows)) else None
