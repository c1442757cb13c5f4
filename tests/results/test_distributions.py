from math import atan, inf, isnan, log, nan, pi, sqrt

import pytest
from hypothesis import strategies as st

from c10k.results.distributions import digamma, quantile, trigamma, trigamma_inverse, two_sided
from tests.results.conftest import given_few

EULER = 0.5772156649015329
distances = st.floats(1e-3, 1e3)
degrees = st.floats(0.5, 300)


@pytest.mark.parametrize(
    ("df", "at_95", "at_99"),
    [
        (1, 12.706, 63.657),
        (2, 4.303, 9.925),
        (3, 3.182, 5.841),
        (4, 2.776, 4.604),
        (5, 2.571, 4.032),
        (10, 2.228, 3.169),
        (30, 2.042, 2.750),
        (120, 1.980, 2.617),
    ],
)
def test_quantiles_are_those_of_the_tables(df, at_95, at_99):
    """Abramowitz & Stegun, table 26.10."""
    assert quantile(0.95, df) == pytest.approx(at_95, abs=5e-4)
    assert quantile(0.99, df) == pytest.approx(at_99, abs=5e-4)


@given_few(distances)
def test_with_one_and_two_degrees_of_freedom_the_probability_has_a_closed_form(t):
    assert two_sided(t, 1) == pytest.approx(1 - 2 * atan(t) / pi, rel=1e-9, abs=1e-12)
    assert two_sided(t, 2) == pytest.approx(1 - t / sqrt(2 + t * t), rel=1e-6, abs=1e-12)


def test_the_farther_the_less_probable():
    assert two_sided(0, 3.5) == 1
    assert two_sided(-2, 3.5) == two_sided(2, 3.5) > two_sided(2.1, 3.5)
    assert two_sided(2, 3.5) > two_sided(2, 4.5)
    assert two_sided(inf, 3.5) == two_sided(-inf, 3.5) == 0
    assert isnan(two_sided(nan, 3.5))


@given_few(st.floats(0.01, 0.999), degrees)
def test_beyond_a_quantile_lies_the_rest(confidence, df):
    assert two_sided(quantile(confidence, df), df) == pytest.approx(1 - confidence, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "first", "second"),
    [
        (0.5, -EULER - 2 * log(2), pi**2 / 2),
        (1, -EULER, pi**2 / 6),
        (1.5, 2 - EULER - 2 * log(2), pi**2 / 2 - 4),
        (2, 1 - EULER, pi**2 / 6 - 1),
        (10, 2.2517525891, 0.1051663357),
    ],
)
def test_digamma_and_trigamma_are_those_of_the_tables(x, first, second):
    """DLMF 5.4.12 to 5.4.15 and 5.15; the last from Abramowitz & Stegun, table 6.3."""
    assert digamma(x) == pytest.approx(first, abs=1e-8)
    assert trigamma(x) == pytest.approx(second, abs=1e-8)


@given_few(st.floats(1e-3, 1e4))
def test_trigamma_is_undone(y):
    assert trigamma(trigamma_inverse(y)) == pytest.approx(y, rel=1e-6)
