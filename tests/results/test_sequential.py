from itertools import product
from math import exp, inf, isnan, log, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.results.comparison import Outcome
from c10k.results.sequential import (
    CLIP,
    FINEST,
    PILOT,
    Interval,
    counted,
    interval,
    spreads,
    wealth_path,
)

LOG_RATIOS = st.lists(st.floats(-2, 2), min_size=1, max_size=60)


def test_nothing_is_known_without_pairs():
    found = interval([nan, nan], 0.05)
    assert isnan(found.ratio)
    assert (found.low, found.high, found.pairs) == (0, inf, 0)
    assert found.outcome(0.5) is Outcome.UNDECIDED
    assert found.pairs_needed(0.5) == inf


@pytest.mark.parametrize("error", [0.05, 0.05 / 8])
def test_pairs_that_all_agree_decide_after_as_many_as_the_error_asks_for(error):
    """A bet doubles at most: so 2 / error is reached after its logarithm, and a little."""
    decided = next(n for n in range(1, 100) if interval([0.1] * n, error).low > 1)
    assert np.log2(2 / error) <= decided - PILOT <= np.log2(2 / error) + 5
    assert interval([0.1] * decided, error).ratio == pytest.approx(exp(0.1))


@given(LOG_RATIOS)
def test_a_fair_coin_gains_nothing_on_average(magnitudes):
    """Over all signs that log-ratios may have, wealth stays 1: what Ville's inequality needs."""
    pilot = np.linspace(-0.1, 0.1, PILOT)
    after = np.abs(np.array(magnitudes[:6]))
    wealths = []
    for signs in product((-1, 1), repeat=len(after)):
        log_ratios = np.concatenate([pilot, after * signs])
        path = counted(log_ratios, 0.0, spreads(log_ratios))[PILOT:]
        wealths.append(np.exp(wealth_path(path)))
    # The spread is taken anew at twice the pilot's pairs, from what came before: it knows no sign
    # that is still to come, so that the mean is 1 after each pair.
    assert np.mean(wealths, axis=0) == pytest.approx(np.ones(len(after)))


@given(LOG_RATIOS, st.floats(-1, 1))
def test_a_change_of_unit_changes_the_ratio_alone(log_ratios, shift):
    before = interval(log_ratios, 0.05)
    after = interval([each + shift for each in log_ratios], 0.05)
    assert [log(each) - shift if 0 < each < inf else each for each in after[:3]] == pytest.approx(
        [log(each) if 0 < each < inf else each for each in before[:3]], abs=1e-6
    )


@given(LOG_RATIOS)
def test_swapped_sides_have_the_reciprocal_interval(log_ratios):
    one, other = interval(log_ratios, 0.05), interval([-each for each in log_ratios], 0.05)
    swapped = [1 / each if each else inf for each in (other.ratio, other.high, other.low)]
    assert swapped == pytest.approx(list(one[:3]), rel=1e-6)
    assert one.low <= one.ratio <= one.high


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_one_pair_however_far_out_moves_no_more_than_the_clip_allows(seed):
    log_ratios = np.random.default_rng(seed).normal(0.1, 0.02, 60)
    near, far = log_ratios.copy(), log_ratios.copy()
    near[40], far[40] = 10.0, 1000.0
    assert interval(near, 0.05) == pytest.approx(interval(far, 0.05))


def test_the_spread_is_that_of_pairs_before():
    log_ratios = np.arange(30.0)
    found = spreads(log_ratios)
    assert (found[:PILOT] == FINEST).all()
    changed = log_ratios.copy()
    changed[20:] += 7
    assert (spreads(changed)[:40] == found[:40]).all()
    assert counted(log_ratios, 0.0, found).max() == CLIP


@pytest.mark.parametrize(
    ("low", "ratio", "high", "outcome"),
    [
        (1.001, 1.05, 1.1, Outcome.CLEAR),
        (0.9, 0.95, 0.999, Outcome.CLEAR),
        (1.0, 1.05, 1.1, Outcome.UNDECIDED),  # 1 is in it
        (1.001, 1.02, 1.04, Outcome.UNDECIDED),  # too small to matter, and not surely so
        (1.001, 1.02, 1.03, Outcome.EQUIVALENT),
        (1 / 1.03, 1.0, 1.03, Outcome.EQUIVALENT),
        (0.97, 1.0, 1.03, Outcome.UNDECIDED),  # 1 / 0.97 is beyond 1.03
        (0.0, 2.0, inf, Outcome.UNDECIDED),
    ],
)
def test_the_outcome_within_three_per_cent(low, ratio, high, outcome):
    assert Interval(ratio, low, high, 20).outcome(0.03) is outcome


def test_how_many_pairs_would_decide():
    wide = Interval(1.0, exp(-0.06), exp(0.06), 25)
    assert wide.pairs_needed(exp(0.03) - 1) == pytest.approx(100)  # half as wide: four times
    off = Interval(exp(0.05), exp(-0.05), exp(0.15), 30)
    assert off.pairs_needed(0.03) == pytest.approx(120)
