from math import inf, isnan, log, nan, nextafter

import pytest
from hypothesis import strategies as st

from c10k.results.comparison import Comparison, Outcome, Pairs, compare
from c10k.results.published import (
    Agreement,
    Direction,
    Published,
    around_ratio,
    direction,
    published,
)
from tests.results.conftest import given_few

figures = st.floats(1e-3, 1e6)


@pytest.mark.parametrize(
    ("value", "low", "high", "agreement", "off"),
    [
        (10, 8, 12.5, Agreement.CONFIRMED, 1),
        (12, 10 / 1.5, 15, Agreement.CONFIRMED, 1.2),
        (12, 10 / 1.5, nextafter(15, inf), Agreement.UNDECIDED, 1.2),
        (10, 5, 20, Agreement.UNDECIDED, 1),
        (15, 15, 40, Agreement.UNDECIDED, 1.5),
        (30, nextafter(15, inf), 60, Agreement.OFF, 3),
        (2, 1, 6, Agreement.OFF, 5),
        (0, 0, 0, Agreement.OFF, inf),
        (20, nan, nan, Agreement.INDICATIVE, 2),
    ],
)
def test_a_published_figure_is_confirmed_by_the_whole_interval(value, low, high, agreement, off):
    assert published(10, value, low, high) == Published(agreement, off)


@pytest.mark.parametrize(
    ("claimed", "low", "high", "agreement", "off"),
    [
        (500, 1_000, 5_000, Agreement.OFF, 2),
        (500, 10_000, inf, Agreement.OFF, 20),
        (500, 0, 10, Agreement.OFF, 50),
        (500, 100, inf, Agreement.UNDECIDED, 1),
        (500, 500, 550, Agreement.CONFIRMED, 1),
    ],
)
def test_bounds_say_by_how_many_times_at_least(claimed, low, high, agreement, off):
    assert published(claimed, nan, low, high) == Published(agreement, off)


@pytest.mark.parametrize(
    ("claimed", "low", "high", "agreement"),
    [
        (1.1, 1.06, 1.2, Agreement.CONFIRMED),
        (1.1, 0.9, 1.04, Agreement.OFF),  # nearer to no difference
        (1.1, 1.02, 1.1, Agreement.UNDECIDED),
        (0.9, 0.8, 0.94, Agreement.CONFIRMED),
        (0.9, 0.96, 1.1, Agreement.OFF),
        (4, 2.7, 6, Agreement.CONFIRMED),  # within 1.5 times, as any figure
        (4, 2.1, 2.6, Agreement.OFF),
        (1, 0.85, 1.19, Agreement.CONFIRMED),
        (1, 0.6, 0.8, Agreement.OFF),
    ],
)
def test_a_ratio_is_confirmed_nearer_to_it_than_to_no_difference(claimed, low, high, agreement):
    assert published(claimed, low, low, high, around_ratio(claimed)).agreement is agreement


def test_what_was_not_measured_has_no_ratio():
    nothing = published(10, nan, nan, nan)
    assert nothing.agreement is Agreement.INDICATIVE
    assert isnan(nothing.off)


@given_few(figures, figures)
def test_a_figure_is_as_far_off_above_as_below(claimed, value):
    one, other = published(claimed, value, value, value), published(value, claimed, nan, nan)
    assert one.off == other.off >= 1


@given_few(st.lists(figures, min_size=2, max_size=6), figures)
def test_a_published_figure_can_be_compared_with_as_a_ratio_or_as_a_figure(repeats, claimed):
    figure, ratio = (
        compare([Pairs([log(each / unit) for each in repeats], "memory")])[0]
        for unit in (1, claimed)
    )
    assert ratio.low == pytest.approx(figure.low / claimed)
    assert ratio.high == pytest.approx(figure.high / claimed)


@pytest.mark.parametrize(
    ("claimed", "outcome", "measured", "expected"),
    [
        (6.3, Outcome.CLEAR, 2, Direction.RIGHT),
        (1 / 6.3, Outcome.CLEAR, 0.5, Direction.RIGHT),
        (6.3, Outcome.CLEAR, 0.5, Direction.CONTRADICTED),
        (1 / 6.3, Outcome.CLEAR, 2, Direction.CONTRADICTED),
        (1, Outcome.CLEAR, 2, Direction.CONTRADICTED),
        (1, Outcome.CLEAR, 0.5, Direction.CONTRADICTED),
        (1.2, Outcome.EQUIVALENT, 1.05, Direction.CONTRADICTED),
        (1 / 1.2, Outcome.EQUIVALENT, 1.05, Direction.CONTRADICTED),
        (nextafter(1.2, 0), Outcome.EQUIVALENT, 1.05, Direction.UNDECIDED),
        (6.3, Outcome.UNDECIDED, 2, Direction.UNDECIDED),
        (6.3, Outcome.INDICATIVE, 2, Direction.UNDECIDED),
    ],
)
def test_a_published_difference_is_right_or_contradicted_by_an_outcome(
    claimed, outcome, measured, expected
):
    assert direction(claimed, Comparison(measured, nan, nan, 3, outcome)) is expected
