"""Where two servers cross: the number of clients at which the one overtakes the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from c10k.reports.measured import Quantity

_POINTS: int = 2_000  # at which the lines between the steps are looked at


@dataclass(frozen=True)
class Crossing:
    """Where a ratio passes 1, and between which x it may do so by its interval (NaN where the
    interval leads beyond what was measured). `rises` where it is below 1 before and above after.
    """

    at: float
    low: float
    high: float
    rises: bool


def crossings(x: Sequence[float], ratios: Sequence[Quantity]) -> list[Crossing]:
    """Where the ratio is 1, drawn straight between its points on logarithmic axes.

    Points that are not known are left out; one that is unfit for a verdict should be.
    """
    known = [
        (math.log(at), math.log(ratio.value), _log(ratio.low, ratio), _log(ratio.high, ratio))
        for at, ratio in zip(x, ratios, strict=True)
        if ratio.value > 0
    ]
    if len(known) < 2:
        return []
    places, values, lows, highs = np.array(known).T
    grid = np.linspace(places[0], places[-1], _POINTS)
    value, low, high = (np.interp(grid, places, line) for line in (values, lows, highs))
    either = (low <= 0) & (high >= 0)  # the interval allows both orders
    found = []
    above = value >= 0
    for index in map(int, np.flatnonzero(above[:-1] != above[1:])):
        begin = _edge(either, index, -1)
        end = _edge(either, index + 1, 1)
        found.append(
            Crossing(
                float(np.exp(grid[index : index + 2].mean())),
                float(np.exp(grid[begin])) if begin > 0 else math.nan,
                float(np.exp(grid[end])) if end < _POINTS - 1 else math.nan,
                bool(above[index + 1]),
            )
        )
    return found


def _log(end: float, ratio: Quantity) -> float:
    return math.log(end) if end > 0 else math.log(ratio.value)


def _edge(either: np.ndarray, start: int, towards: int) -> int:
    """The last place from here on at which both orders are possible."""
    at = start
    while 0 <= at + towards < len(either) and either[at + towards]:
        at += towards
    return at
