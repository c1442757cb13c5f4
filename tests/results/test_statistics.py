import math
from math import comb

import numpy as np
import pytest
from hypothesis import strategies as st

from c10k.results.statistics import Estimate, median_interval, ratio_interval, slope
from tests.results.conftest import given_few

numbers = st.floats(1e-3, 1e6)
several = st.lists(numbers, min_size=2, max_size=12)
factors = st.floats(0.01, 100.0)


def close(one: Estimate, other: Estimate) -> bool:
    return np.allclose(one, other, rtol=1e-9, equal_nan=True)


@given_few(several)
def test_a_median_lies_in_its_interval_and_that_in_the_range(values):
    interval = median_interval(values)
    assert interval.median == pytest.approx(np.median(values))
    assert min(values) <= interval.low <= interval.median <= interval.high <= max(values)
    assert interval.n == len(values)


@given_few(several, factors)
def test_an_interval_scales_with_the_unit(values, factor):
    scaled = median_interval(np.array(values) * factor)
    median, low, high, n = median_interval(values)
    assert close(scaled, Estimate(median * factor, low * factor, high * factor, n))


def test_one_value_has_no_spread_and_none_no_median():
    median, low, high, n = median_interval([7.0, math.nan])
    assert (median, n) == (7.0, 1)
    assert math.isnan(low)
    assert math.isnan(high)
    assert np.array_equal(median_interval([]), [math.nan] * 3 + [0], equal_nan=True)


def test_the_same_values_give_the_same_interval_whatever_was_not_measured():
    assert median_interval([1.0, math.nan, 3.0, 8.0]) == median_interval([1.0, 3.0, 8.0])


def test_95_percent_of_the_resamples_medians_lie_in_the_interval():
    """The median of 25 values drawn from 25 is at most the k-th one if 13 or more of them are."""

    def share_up_to(k):
        return sum(comb(25, n) * (k / 25) ** n * (1 - k / 25) ** (25 - n) for n in range(13, 26))

    low = next(k for k in range(1, 26) if share_up_to(k) >= 0.025)
    assert median_interval(range(1, 26)) == (13, low, 26 - low, 25)


@given_few(several, factors)
def test_a_ratio_of_multiples_is_the_factor(values, factor):
    ratio = ratio_interval(np.array(values) * factor, values)
    assert close(ratio, Estimate(factor, factor, factor, len(values)))


def test_a_ratio_to_nothing_is_not_a_number():
    for below in ([0.0, 0.0], [5e-324, 5e-324], [math.nan, math.nan]):
        interval = ratio_interval([1e18, 1e18], below)
        assert all(map(math.isnan, interval[:3]))
        assert interval.n == 0
    assert ratio_interval([6.0, 1.0], [3.0, 0.0])[0] == 2.0


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="3 values cannot be paired with 2"):
        ratio_interval([1, 2, 3], [1, 2])


@given_few(
    st.lists(st.integers(0, 10_000), min_size=3, max_size=12, unique=True),
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
)
def test_points_on_a_line_have_its_slope(x, rise, start):
    interval = slope(x, rise * np.array(x) + start)
    assert np.allclose(interval[:3], rise, rtol=1e-6, atol=1e-6)
    assert interval.n == len(x)


@given_few(st.lists(st.tuples(st.integers(0, 10_000), numbers), min_size=3, max_size=12))
def test_a_slope_is_numpys(points):
    x, y = map(np.array, zip(*points, strict=True))
    interval = slope(x, y)
    if len(set(x.tolist())) < 2:
        assert all(map(math.isnan, interval[:3]))
        return
    assert interval.median == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-6, abs=1e-3)
    assert interval.low <= interval.high


def test_a_slope_has_spread_when_the_points_scatter():
    random = np.random.default_rng(2)
    x = np.repeat([10, 100, 1000, 10_000], 5)
    interval = slope(x, 8_000 * x + random.normal(0, 1e6, len(x)))
    assert interval.low < 8_000 < interval.high
    assert interval.high - interval.low < 1_000


def test_two_points_have_a_slope_without_spread():
    interval = slope([0, 10, 20], [0, 5, math.nan])
    assert (interval.median, interval.n) == (0.5, 2)
    assert math.isnan(interval.low)


def test_points_need_both_coordinates():
    with pytest.raises(ValueError, match="2 x cannot go with 1 y"):
        slope([1, 2], [1])
