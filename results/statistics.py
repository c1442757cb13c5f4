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
    array = np.asarray(values, dtype=np.float64)
    measured = array[~np.isnan(array)]
    n = len(measured)
    median = float(np.median(measured)) if n else math.nan
    if n < 2:
        return Estimate(median, math.nan, math.nan, n)
    return _interval(median, np.median(measured[_resamples(n)], axis=1), n)


def ratio_interval(a: ArrayLike, b: ArrayLike) -> Estimate:
    """How many times b's values a's are: the median of a / b, its pairs resampled.

    Values at the same place are a pair, such as those of one repeat. What is divided by nothing, or
    by so little that no number is as large, is left out. ValueError for different lengths.
    """
    above, below = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if above.shape != below.shape:
        raise ValueError(f"{above.size} values cannot be paired with {below.size}")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = above / below
    return median_interval(ratios[np.isfinite(ratios)])


def slope(x: ArrayLike, y: ArrayLike) -> Estimate:
    """By how much y rises per unit of x: the least squares line's slope, its points resampled.

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
        return Estimate(math.nan, math.nan, math.nan, n)
    estimate = float(_slopes(across[None, :], up[None, :])[0])
    if n < 3:
        return Estimate(estimate, math.nan, math.nan, n)
    picked = _resamples(n)
    return _interval(estimate, _slopes(across[picked], up[picked]), n)


def _slopes(x: Floats, y: Floats) -> Floats:
    """A slope per row; NaN for a row whose x are all the same."""
    from_mean = x - x.mean(axis=1, keepdims=True)
    varies = np.ptp(x, axis=1) > 0
    squares = np.where(varies, (from_mean**2).sum(axis=1), np.nan)
    return np.asarray((from_mean * y).sum(axis=1) / squares)


@lru_cache(32)
def _resamples(n: int) -> NDArray[np.int64]:
    """RESAMPLES times n places; the thousands of intervals of a report share a few of these."""
    places = np.random.default_rng(SEED).integers(0, n, size=(RESAMPLES, n))
    places.setflags(write=False)
    return places


def _interval(estimate: float, resampled: Floats, n: int) -> Estimate:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(estimate, float(low), float(high), n)
