"""The rule by which the chapter's figures are judged, at its edges."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.reports.chapter.verdict import CLEAR, WITHIN, Verdict, judge
from c10k.reports.measured import Mark, Quantity, exactly

ALONE = Quantity()
FIGURES = st.floats(1e-6, 1e12)


def verdict(claimed, measured, claimed_ratio=math.nan, ratio=ALONE):
    return judge(claimed, measured, claimed_ratio, ratio).verdict


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (10, math.nan, math.nan, Verdict.HOLDS),
        (15, math.nan, math.nan, Verdict.HOLDS),
        (15.1, math.nan, math.nan, Verdict.OFF),
        (15.1, 14.9, 15.3, Verdict.HOLDS),  # the interval counts in its favour
        (10 / WITHIN, math.nan, math.nan, Verdict.HOLDS),
        (6.6, math.nan, math.nan, Verdict.OFF),
        (6.6, 6.5, 6.7, Verdict.HOLDS),
        (math.nan, math.nan, math.nan, Verdict.NOT_MEASURED),
        (0, math.nan, math.nan, Verdict.NOT_MEASURED),
        (0, -1, 1, Verdict.OFF),
    ],
)
def test_a_figure_holds_within_one_and_a_half_times(value, low, high, expected):
    assert verdict(10, Quantity(value, low, high)) is expected


@pytest.mark.parametrize(
    ("bound", "value", "expected", "text"),
    [
        ("≥ ", 10_000, Verdict.HOLDS, "holds"),  # what the chapter says was reached
        ("≥ ", 15_001, Verdict.OFF, "off by at least 1.5×"),
        ("≥ ", 100, Verdict.NOT_MEASURED, "not measured here"),
        ("< ", 10, Verdict.OFF, "off by at least 1,000×"),
        ("< ", 12_000, Verdict.NOT_MEASURED, "not measured here"),
    ],
)
def test_a_bound_decides_only_what_it_leaves_no_doubt_of(bound, value, expected, text):
    judged = judge(10_000, Quantity(value, bound=bound), math.nan, ALONE)
    assert judged.verdict is expected
    assert str(judged) == text


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (Quantity(CLEAR), Verdict.DIRECTION),
        (Quantity(1.19), Verdict.CONTRADICTED),  # no clear difference, where one is claimed
        (Quantity(0.5), Verdict.CONTRADICTED),
        (Quantity(1.5, 1.1, 1.9), Verdict.DIRECTION),
        (Quantity(1.5, 0.9, 1.9), Verdict.OFF),  # may be either
        (Quantity(1.1, 0.9, 1.19), Verdict.CONTRADICTED),
        (Quantity(1.5, unjudged=("disturbed",)), Verdict.OFF),
        (Quantity(3, bound="≥ "), Verdict.DIRECTION),
        (Quantity(3, bound="< "), Verdict.OFF),
        (ALONE, Verdict.OFF),
    ],
)
def test_a_figure_that_is_off_is_judged_by_its_direction(ratio, expected):
    assert verdict(10, Quantity(1), 2.0, ratio) is expected
    turned = exactly(1).by(ratio)
    assert verdict(10, Quantity(1), 0.5, turned) is expected


def test_an_unfit_figure_is_not_judged_and_says_why():
    judged = judge(10, Quantity(10, unjudged=("disturbed",)), math.nan, ALONE)
    assert judged.verdict is Verdict.NOT_JUDGED
    assert str(judged) == "not judged: disturbed"
    assert verdict(10, Quantity(10, marks=(Mark.STARVED,))) is Verdict.HOLDS


def test_it_says_how_far_off_a_figure_is():
    assert str(judge(200, Quantity(0.1), 13, Quantity(2))) == "right direction, off by 2,000×"
    assert str(judge(200, Quantity(0.1), 13, Quantity(0.7))) == "contradicted, off by 2,000×"
    assert str(judge(5, Quantity(20), 13, ALONE)) == "off by 4.0×"


@given(FIGURES, FIGURES)
def test_a_figure_that_does_not_hold_is_off_by_more_than_the_rule_allows(claimed, value):
    judged = judge(claimed, Quantity(value), math.nan, ALONE)
    if judged.verdict is Verdict.HOLDS:
        assert max(claimed / value, value / claimed) <= WITHIN * (1 + 1e-12)
    else:
        assert judged.off > WITHIN * (1 - 1e-12)
