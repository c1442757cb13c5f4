"""Student's t, and the functions of gamma that fitting its prior needs.

Sources are the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov).
"""

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p, nan, pi, sqrt
from statistics import NormalDist
from typing import Final

_STEPS: Final = 500  # a continued fraction converges in about sqrt(df) steps
_TINY: Final = 1e-300  # in the place of 0, which nothing can be divided by
_CLOSE: Final = 1e-13


def two_sided(t: float, df: float) -> float:
    """The probability that Student's t with `df` > 0 degrees of freedom is as far from 0 as `t`.

    Abramowitz & Stegun 26.7.1; NaN for NaN.
    """
    if t != t:
        return nan
    return _incomplete_beta(df / 2, 0.5, df / (df + t * t)) if t * t < inf else 0.0


@lru_cache(1024)
def quantile(confidence: float, df: float) -> float:
    """The t that a share of `confidence` (0 to 1, exclusive) lies within on both sides.

    Newton's method, from Abramowitz & Stegun 26.7.5 to two terms, on the logarithms of t and the
    probability: the tail is like a power of t.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    t = z + z * (z**2 + 1) / (4 * df) + z * (5 * z**4 + 16 * z**2 + 3) / (96 * df**2)
    scale = lgamma((df + 1) / 2) - lgamma(df / 2) - log(df * pi) / 2
    for _ in range(_STEPS):
        outside = two_sided(t, df)
        density = 2 * exp(scale - (df + 1) / 2 * log1p(t * t / df))
        step = log(outside / (1 - confidence)) * outside / (density * t)
        t *= exp(step)
        if abs(step) < 1e-6:  # what is left is of the order of its square
            break
    return t


def digamma(x: float) -> float:
    """The derivative of log gamma at x > 0, by recurrence and DLMF 5.11.2."""
    shifted = 0.0
    while x < 6:
        shifted, x = shifted - 1 / x, x + 1
    square = 1 / (x * x)
    return shifted + log(x) - 0.5 / x - square * (1 / 12 - square * (1 / 120 - square / 252))


def trigamma(x: float) -> float:
    """The derivative of digamma at x > 0, by recurrence and the derivative of DLMF 5.11.2."""
    shifted = 0.0
    while x < 6:
        shifted, x = shifted + 1 / (x * x), x + 1
    square = 1 / (x * x)
    return shifted + 1 / x + square / 2 + square / x * (1 / 6 - square * (1 / 30 - square / 42))


@lru_cache(1024)
def trigamma_inverse(y: float) -> float:
    """The x > 0 whose trigamma is y > 0, by bisection on a logarithmic scale."""
    low, high = 1e-8, 1e8
    for _ in range(100):
        middle = sqrt(low * high)
        low, high = (middle, high) if trigamma(middle) > y else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function for 0 <= x <= 1 (DLMF 8.17.4 and 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x > 0)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """DLMF 8.17.22 by the method of Lentz (1976), both numerators of a round in turn."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for numerator in (even, odd):
            d = 1 / (1 + numerator * d or _TINY)
            c = 1 + numerator / c or _TINY
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value
