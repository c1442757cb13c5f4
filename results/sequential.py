"""How much two programs differ, by pairs that may be looked at after each one, until it is known.

Each pair gives a log-ratio: of a figure of the one program to that of the other, measured one after
the other in an order that a coin decides. So were the programs the same, a log-ratio and its
negative would be equally probable, whatever its distribution and however the machine drifts. That
is all that is assumed: that log-ratios are as probable above the true one as below it by the same
amount.

A bet tests a ratio: it puts a part of its wealth on the next log-ratio lying above it, and gains or
loses in proportion, up to CLIP times the usual spread. If the ratio is the true one, such bets are
fair, and a wealth of 1 ever reaches N with a probability of at most 1/N, however often one looks
(Ville 1939). The interval holds the ratios against which no bet has come to so much (Waudby-Smith &
Ramdas 2024, Estimating means of bounded random variables by betting, doi 10.1093/jrsssb/qkad009;
for symmetric variables Howard, Ramdas, McAuliffe & Sekhon 2020, doi 10.1214/18-PS321).
`benchmarks/gate/` measures how often that is wrong, and docs/regression.md has the figures.
"""

from collections.abc import Callable, Sequence
from math import exp, inf, log, nan
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from c10k.results.comparison import Outcome

Floats = npt.NDArray[np.float64]

PILOT: Final = 5
"""Pairs before the first bet. They give the spread, in which later log-ratios are counted."""
CLIP: Final = 2.0
"""How many times the spread a log-ratio counts at most, so that no outlier ruins a bet."""
FINEST: Final = 0.001
"""The least spread, 0.1 %: of memory, pairs may agree to the byte."""
# The parts of the wealth that are bet, from all that clipping allows to a fifth of it. Large bets
# find large differences in few pairs, small ones small differences in many: the smallest is best at
# some thousand pairs (its square is twice the logarithm of what is needed, by the pairs). Each has
# an equal share of 1.
_BETS: Final = (0.99 / CLIP) * 1.5 ** -np.arange(5.0)
_NORMAL: Final = 1.4826  # standard deviations in a median absolute deviation of normal variables
_HALVINGS: Final = 40


class Interval(NamedTuple):
    """A ratio, and the interval that holds the true one."""

    ratio: float  #: in the middle of the pairs, outliers clipped; NaN without pairs
    low: float  #: of the interval; 0 as long as it has no end there
    high: float  #: of the interval; infinite as long as it has no end there
    pairs: int  #: how many had a log-ratio

    def outcome(self, margin: float) -> Outcome:
        """CLEAR where it excludes 1 and the ratio is beyond the margin, such as 0.03 for 3 %;
        EQUIVALENT where all of it lies within the margin.
        """
        most = 1 + margin
        if 1 / most <= self.low and self.high <= most:
            return Outcome.EQUIVALENT
        matters = not 1 / most < self.ratio < most
        return Outcome.CLEAR if matters and not self.low <= 1 <= self.high else Outcome.UNDECIDED

    def pairs_needed(self, margin: float) -> float:
        """How many pairs in all would probably give another outcome than undecided.

        The width falls with the root of their number. Infinite where it is not known.
        """
        if not 0 < self.low <= self.high < inf:
            return inf
        half, off = log(self.high / self.low) / 2, abs(log(self.ratio))
        room = off if off >= log(1 + margin) else log(1 + margin) - off
        return self.pairs * (half / room) ** 2 if room else inf


def interval(log_ratios: Sequence[float] | Floats, error: float) -> Interval:
    """The ratio by these pairs, and an interval that is wrong at any time with at most this chance.

    `log_ratios` are the natural logarithms of the ratios, in the order measured, shape (pairs,); a
    pair without one (NaN or infinite) counts for nothing. `error` is a probability between 0 and 1,
    such as 0.05, however often one looks; for several intervals together, divide it among them.
    """
    values = np.asarray(log_ratios, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(nan, 0.0, inf, 0)
    spread = spreads(values)
    reach = CLIP * float(spread.max())
    least, most = float(values.min()) - reach, float(values.max()) + reach
    needed = log(2 / error)

    def excluded(candidate: float, sign: int) -> bool:
        """By bets on log-ratios above the candidate, or with the sign -1 below it."""
        path = wealth_path(sign * counted(values, candidate, spread)[PILOT:])
        return len(path) > 0 and float(path[-1]) >= needed

    def balance(candidate: float) -> float:
        return float(counted(values, candidate, spread[-1:]).sum())

    # Where as much lies above it as below: with few pairs a range, of which it is the middle.
    middle = _turn(lambda at: balance(at) > 0, least, most) / 2
    middle += _turn(lambda at: balance(at) >= 0, least, most) / 2
    low = _turn(lambda at: excluded(at, 1), least, middle) if excluded(least, 1) else -inf
    high = _turn(lambda at: not excluded(at, -1), middle, most) if excluded(most, -1) else inf
    return Interval(exp(middle), exp(low), exp(high) if high < inf else inf, len(values))


# These three take arrays whose last axis is the pairs.
def wealth_path(counted: Floats) -> Floats:
    """After each pair the log of what bets have come to, from a wealth of 1."""
    bets = np.log1p(_BETS[:, np.newaxis] * counted[..., np.newaxis, :]).cumsum(axis=-1)
    return np.asarray(np.logaddexp.reduce(bets, axis=-2) - log(len(_BETS)))


def counted(log_ratios: Floats, candidate: float, spreads: Floats) -> Floats:
    """How far each lies above a candidate, in spreads."""
    return np.clip((log_ratios - candidate) / spreads, -CLIP, CLIP)


def spreads(log_ratios: Floats) -> Floats:
    """For each log-ratio the spread of those before it: a bet must not know its own outcome.

    It is taken anew whenever the pairs have doubled.
    """
    found = np.full(log_ratios.shape, FINEST)
    known = PILOT
    while known < log_ratios.shape[-1]:
        before = log_ratios[..., :known]
        middle = np.median(before, axis=-1, keepdims=True)
        deviation = np.median(np.abs(before - middle), axis=-1, keepdims=True)
        found[..., known : 2 * known] = np.maximum(FINEST, _NORMAL * deviation)
        known *= 2
    return found


def _turn(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at `low`, and not at `high`, ceases to hold."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2
