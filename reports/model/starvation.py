"""Clients that get no reply in a whole window, and how long clients wait.

A percentile over messages says nothing of them: the few that are served send most of the messages.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import TYPE_CHECKING

import numpy as np

from c10k.reports import wording
from c10k.reports.language import _
from c10k.results.fitness import MOST_STARVED, Row
from c10k.results.histogram import BUCKET_HIGH_NS, BUCKET_LOW_NS, Histogram

if TYPE_CHECKING:
    from c10k.results.store import Run


@dataclass(frozen=True)
class Starvation:
    """Of one step: how many clients got no reply in a window, of how many, in the middle one of the
    repeats (or the worst, where that does not starve); and how long a client had been waiting, in
    ms, when it was looked at at a random moment (the median, NaN where most were never served, or
    starved in repeats that recorded no waits).
    """

    unserved: int
    connections: int
    wait_ms: float

    def __str__(self) -> str:
        """The same in words."""
        counts = {
            "unserved": wording.count(self.unserved),
            "connections": wording.count(self.connections),
        }
        if math.isnan(self.wait_ms):
            return _("{unserved} of {connections} clients unserved", **counts)
        wait = wording.milliseconds(self.wait_ms)
        return _(
            "{unserved} of {connections} clients unserved, median wait {wait}", **counts, wait=wait
        )


def starvation(run: "Run", rows: Sequence[Row], failed: Sequence[Row]) -> Starvation | None:
    """That of a step, from its repeats; None where no more than MOST_STARVED are unserved.

    In a repeat that `failed` with connections open, as no message was answered, all starved.
    """
    held = [row for row in failed if row["connected"]]
    starved = [row["starved"] for row in rows] + [row["connected"] for row in held]
    absent = [row["connections"] - row["connected"] for row in (*rows, *held)]
    without = [one + other for one, other in zip(starved, absent, strict=True)]
    if not rows or max(without) <= MOST_STARVED * rows[0]["connections"]:
        return None
    row = rows[0]
    step = (row["server"], row["workload"], row["connections"])
    responses, waits = (run.histograms(*step, kind) for kind in ("response", "waiting"))
    every = len(without) * row["connections"]
    wait_ms = _median_wait(responses, waits, sum(starved) / every, sum(absent) / every)
    usual = median_high(without)
    usual = usual if usual > MOST_STARVED * row["connections"] else max(without)
    return Starvation(int(usual), int(row["connections"]), wait_ms)


def _median_wait(responses: Histogram, waits: Histogram, starved: float, absent: float) -> float:
    """The median wait in ms, of clients of which these shares starve and were never served.

    Of a client that is served, a random moment falls into a response time in proportion to its
    length, and anywhere within it: P(wait > a) = Σ max(r - a, 0) ÷ Σ r over the response times r
    (the inspection paradox; Feller, An Introduction to Probability Theory II, 1971, VI.7). Of one
    that starves, `waits` are known at the end of the windows; where none are, as a repeat that
    failed records none, it waits longer than all that are served, and so does one that never was.
    """
    middles = (BUCKET_LOW_NS + BUCKET_HIGH_NS) / 2e6
    # From the longest to the shortest: how much of all response time lies beyond each middle.
    count, weighted = (
        np.cumsum(each[::-1])[::-1] for each in (responses.counts, responses.counts * middles)
    )
    beyond = (weighted - middles * count) / weighted[0] if weighted[0] else np.zeros(len(middles))
    waiting = 1 - np.cumsum(waits.counts) / waits.total if waits.total else np.ones(len(middles))
    longer = (1 - starved - absent) * beyond + starved * waiting + absent
    half = longer <= 0.5
    return float(middles[int(np.argmax(half))]) if half.any() else math.nan
