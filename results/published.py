"""Whether a published figure is confirmed by what was measured, and a published difference.

The interval of one server's own figure comes from `compare` too, on the logarithms of its repeats:
`ratio` is then their geometric mean in the figure's unit (the outcome, against 1, says nothing).
Figures of one kind are a group, and those shown together a family of their own.
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from c10k.results.comparison import LEAST_RATIO, Comparison, Outcome

CONFIRMED_WITHIN: Final = 1.5


class Agreement(Enum):
    """What a measured figure says of a published one."""

    CONFIRMED = "confirmed"
    OFF = "off"
    UNDECIDED = "undecided"
    INDICATIVE = "indicative"
    """There are fewer than two repeats, and no bounds."""


class Direction(Enum):
    """What a measured difference between two servers says of a published one."""

    RIGHT = "right direction"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Published:
    """A published figure against a measured one, and how many times they are apart (`off`, from 1
    on; with bounds alone at least so many, without anything NaN).
    """

    agreement: Agreement
    off: float


def around(claimed: float) -> tuple[float, float]:
    """The range that confirms a published figure."""
    return claimed / CONFIRMED_WITHIN, claimed * CONFIRMED_WITHIN


def around_ratio(claimed: float) -> tuple[float, float]:
    """The range that confirms a published ratio of two servers: the same, but no further from it
    than half of the way to no difference, by logarithms; for a ratio of 1, what LEAST_RATIO calls
    no difference that matters. So nobody's 1.1× is confirmed by a measured 0.9×.
    """
    if claimed == 1:
        return 1 / LEAST_RATIO, LEAST_RATIO
    low, high = around(claimed)
    half_way = math.sqrt(claimed)
    return (max(low, half_way), high) if claimed > 1 else (low, min(high, half_way))


def published(
    claimed: float,
    value: float,
    low: float,
    high: float,
    confirming: tuple[float, float] | None = None,
) -> Published:
    """A published figure (above 0) against a measured one, which lies between `low` and `high`.

    `value` is NaN where bounds alone are known (from 0, to infinity); `low` and `high` are NaN
    where no interval is. `confirming` is the range that confirms it, else that `around` it.
    """
    indicative = math.isnan(low) or math.isnan(high)
    bound = math.isnan(value) and not indicative
    nearest = min(max(claimed, low), high) if bound else value
    off = max(nearest / claimed, claimed / nearest if nearest else math.inf)
    if indicative:
        return Published(Agreement.INDICATIVE, off)
    least, most = confirming or around(claimed)
    if least <= low and high <= most:
        return Published(Agreement.CONFIRMED, off)
    if high < least or most < low:
        return Published(Agreement.OFF, off)
    return Published(Agreement.UNDECIDED, off)


def direction(claimed_ratio: float, measured: Comparison) -> Direction:
    """Whether two servers differ as published: both ratios are of the same one to the other."""
    claimed = math.log(claimed_ratio)
    if measured.outcome is Outcome.CLEAR:
        same = (claimed > 0) == (measured.ratio > 1) and claimed != 0
        return Direction.RIGHT if same else Direction.CONTRADICTED
    if measured.outcome is Outcome.EQUIVALENT and abs(claimed) >= math.log(LEAST_RATIO):
        return Direction.CONTRADICTED
    return Direction.UNDECIDED
