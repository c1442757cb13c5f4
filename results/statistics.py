"""Medians, ratios and slopes with their spread.

Intervals are percentile bootstrap intervals (Efron & Tibshirani, An Introduction to the Bootstrap,
1993, chapter 13): the statistic of many resamples drawn with replacement, between the quantiles
that leave out (1 - confidence) / 2 at either end. With n values a median's interval cannot reach
beyond their range, so below about 6 repeats it is that range, or nearly. Seeded: the same values
give the same interval. NaN stands for what was not measured and is left out.
"""

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 5_000
SEED: Final = 10_000

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """An estimate (`median`; for `slope` the least squares slope) between `low` and `high`.

    n is how many values it rests on. With too few of them to tell a spread, low and high are NaN;
    with none, all three are.
    """

    median: float
    low: float
    high: float
    n: int


def median_interval(values: ArrayLike) -> Estimate:
    """The median of the values, in their unit; one value has no spread."""
    measured = _measured(values)
    if len(measured) < 2:
        return _without_spread(float(measured[0]) if len(measured) else math.nan, len(measured))
    medians = np.median(measured[_seeded(len(measured))], axis=1)
    return _interval(float(np.median(measured)), medians, len(measured))


def ratio_interval(a: ArrayLike, b: ArrayLike, *, paired: bool = False) -> Estimate:
    """How many times b's values a's are.

    Paired (values of the same repeat at the same place of a and b): the median of a / b, its pairs
    resampled. Unpaired: the median of a by the median of b, each resampled. ValueError for pairs
    of different lengths.
    """
    if paired:
        above, below = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        if above.shape != below.shape:
            raise ValueError(f"{above.size} values cannot be paired with {below.size}")
        return median_interval(_divide(above, below))
    above, below = _measured(a), _measured(b)
    n = min(len(above), len(below))
    if not n:
        return _without_spread(math.nan, n)
    estimate = float(_divide(np.median(above), np.median(below)))
    if n < 2 or math.isnan(estimate):
        return _without_spread(estimate, n)
    first, second = np.random.default_rng(SEED).spawn(2)
    ratios = _divide(
        np.median(above[_resamples(len(above), first)], axis=1),
        np.median(below[_resamples(len(below), second)], axis=1),
    )
    return _interval(estimate, ratios, n)


def slope(x: ArrayLike, y: ArrayLike) -> Estimate:
    """By how much y rises a unit of x: the least squares line's slope, its points resampled.

    Resampling pairs rather than residuals (Efron & Tibshirani, section 9.5) does not ask that y
    spreads alike at every x. NaN with fewer than 2 distinct x; no spread with fewer than 3 points.
    ValueError for different lengths.
    """
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if across.shape != up.shape:
        raise ValueError(f"{across.size} x cannot go with {up.size} y")
    known = ~(np.isnan(across) | np.isnan(up))
    across, up = across[known], up[known]
    n = len(across)
    if len(np.unique(across)) < 2:
        return _without_spread(math.nan, n)
    estimate = float(_slopes(across[None, :], up[None, :])[0])
    if n < 3:
        return _without_spread(estimate, n)
    picked = _seeded(n)
    return _interval(estimate, _slopes(across[picked], up[picked]), n)


def _slopes(x: Floats, y: Floats) -> Floats:
    """A slope a row; NaN for a row whose x are all the same."""
    from_mean = x - x.mean(axis=1, keepdims=True)
    varies = np.ptp(x, axis=1) > 0
    squares = np.where(varies, (from_mean**2).sum(axis=1), np.nan)
    return np.asarray((from_mean * y).sum(axis=1) / squares)


def _resamples(n: int, random: np.random.Generator) -> NDArray[np.int64]:
    return random.integers(0, n, size=(RESAMPLES, n))


@lru_cache(32)
def _seeded(n: int) -> NDArray[np.int64]:
    """The resamples of a report's thousands of intervals, most of them of as few values."""
    picked = _resamples(n, np.random.default_rng(SEED))
    picked.setflags(write=False)
    return picked


def _interval(estimate: float, resampled: Floats, n: int) -> Estimate:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(estimate, float(low), float(high), n)


def _without_spread(estimate: float, n: int) -> Estimate:
    return Estimate(estimate, math.nan, math.nan, n)


def _measured(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return array[~np.isnan(array)]


def _divide(above: ArrayLike, below: ArrayLike) -> Floats:
    """NaN where nothing is divided by, or so little that no number is as large."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = np.divide(above, below)
    return np.where(np.isfinite(ratios), ratios, np.nan)
