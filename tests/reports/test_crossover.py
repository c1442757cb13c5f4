"""Where two servers cross."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.reports.crossover import crossings
from c10k.reports.measured import Quantity

STEPS = (10, 100, 1_000, 10_000)


def test_the_one_overtakes_the_other_between_two_steps():
    (crossing,) = crossings(STEPS, [Quantity(0.1), Quantity(0.5), Quantity(2), Quantity(10)])
    assert crossing.at == pytest.approx(math.sqrt(100 * 1_000), rel=0.01)
    assert crossing.rises
    (crossing,) = crossings(STEPS, [Quantity(10), Quantity(10), Quantity(10), Quantity(0.1)])
    assert crossing.at == pytest.approx(math.sqrt(1_000 * 10_000), rel=0.01)
    assert not crossing.rises


def test_the_interval_is_where_both_orders_are_possible():
    (crossing,) = crossings(
        STEPS,
        [
            Quantity(0.1, 0.09, 0.11),
            Quantity(0.5, 0.25, 1),
            Quantity(2, 1, 4),
            Quantity(10, 9, 11),
        ],
    )
    assert crossing.low == pytest.approx(100, rel=0.02)
    assert crossing.high == pytest.approx(1_000, rel=0.02)
    (crossing,) = crossings(STEPS[:2], [Quantity(0.9, 0.5, 1.5), Quantity(1.1, 0.6, 1.6)])
    assert math.isnan(crossing.low)
    assert math.isnan(crossing.high)


def test_a_server_that_is_better_at_every_step_has_no_crossing():
    assert crossings(STEPS, [Quantity(2)] * 4) == []
    assert crossings(STEPS, [Quantity(2), Quantity(), Quantity(), Quantity()]) == []
    assert crossings(STEPS, [Quantity()] * 4) == []


def test_an_unknown_step_is_skipped_between_known_ones():
    (crossing,) = crossings(STEPS, [Quantity(0.1), Quantity(), Quantity(10), Quantity()])
    assert crossing.at == pytest.approx(100, rel=0.02)


@given(st.lists(st.floats(0.01, 100).filter(lambda x: abs(x - 1) > 0.02), min_size=4, max_size=4))
def test_crossings_lie_between_steps_of_different_order_and_alternate(values):
    found = crossings(STEPS, [Quantity(value) for value in values])
    above = [value > 1 for value in values]
    changes = sum(one != other for one, other in pairwise(above))
    assert len(found) == changes
    assert all(10 < crossing.at < 10_000 for crossing in found)
    assert all(a.rises != b.rises for a, b in pairwise(found))
