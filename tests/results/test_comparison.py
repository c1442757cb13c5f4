from math import exp, inf, isnan, log, nan, nextafter, sqrt

import numpy as np
import pytest
from hypothesis import strategies as st

from c10k.results.comparison import Comparison, Outcome, Pairs, compare
from tests.results.conftest import given_few

LEAST = log(1.2)
T_OF_2_DF = 4.302653  # Student's t at 95 %, Abramowitz & Stegun, table 26.10
logs = st.floats(-2, 2)
families = st.lists(
    st.builds(Pairs, st.lists(logs, max_size=5), st.sampled_from(["cpu", "memory"]), st.booleans()),
    min_size=1,
    max_size=8,
)


def one(log_ratios, *, apart=True) -> Comparison:
    return compare([Pairs(log_ratios, "cpu", apart)])[0]


def around(mean, half_range) -> list[float]:
    """Four repeats whose mean is exactly that."""
    return [mean - half_range, mean + half_range] * 2


def bounds(comparison) -> list[float]:
    return [comparison.ratio, comparison.low, comparison.high]


def test_a_comparison_alone_has_students_interval_around_the_geometric_mean():
    comparison = one([log(2), log(3), log(4)])
    assert comparison.ratio == pytest.approx(24 ** (1 / 3))
    error = np.std([log(2), log(3), log(4)], ddof=1) / sqrt(3)
    assert comparison.high / comparison.ratio == pytest.approx(exp(T_OF_2_DF * error), rel=1e-6)
    assert comparison.repeats == 3


@given_few(families)
def test_an_interval_has_its_ratio_inside(family):
    for comparison in compare(family):
        if comparison.repeats > 1:
            assert comparison.low < comparison.ratio < comparison.high


@given_few(st.lists(st.floats(0, 0.5), min_size=2, max_size=20), st.floats(0.01, 0.4))
def test_what_is_clear_is_at_least_1_2_and_excludes_1(means, half_range):
    for comparison in compare([Pairs(around(mean, half_range), "cpu") for mean in means]):
        if comparison.outcome is Outcome.CLEAR:
            assert comparison.low > 1
            assert comparison.ratio > 1.2 - 1e-9


@given_few(families)
def test_swapping_the_servers_inverts_the_ratio_and_keeps_the_outcome(family):
    swapped = compare([Pairs(-np.array(p.log_ratios), p.group, p.apart) for p in family])
    for was, now in zip(compare(family), swapped, strict=True):
        inverse = [1 / now.ratio, 1 / now.high, 1 / now.low]
        assert bounds(was) == pytest.approx(inverse, nan_ok=True)
        assert (was.outcome, was.repeats_needed) == (now.outcome, now.repeats_needed)


@given_few(families, logs)
def test_all_ratios_times_a_factor_have_intervals_as_wide(family, shift):
    shifted = compare([Pairs(np.array(p.log_ratios) + shift, p.group) for p in family])
    for was, now in zip(compare(family), shifted, strict=True):
        assert bounds(now) == pytest.approx(
            [each * exp(shift) for each in bounds(was)], nan_ok=True
        )


@given_few(families, st.randoms(use_true_random=False))
def test_neither_the_order_of_repeats_nor_that_of_comparisons_matters(family, random):
    order = random.sample(range(len(family)), len(family))
    shuffled = [
        Pairs(random.sample(family[i].log_ratios, len(family[i].log_ratios)), *rest(family[i]))
        for i in order
    ]
    was = compare(family)
    assert list(map(repr, compare(shuffled))) == [repr(was[i]) for i in order]


def rest(pairs):
    return pairs.group, pairs.apart


@given_few(families)
def test_a_repeat_that_lacks_one_of_both_is_left_out(family):
    with_gaps = [Pairs([nan, *p.log_ratios, nan], *rest(p)) for p in family]
    assert repr(compare(with_gaps)) == repr(compare(family))


@pytest.mark.parametrize(
    ("log_ratios", "outcome"),
    [
        (around(LEAST, 0), Outcome.CLEAR),
        (around(-LEAST, 0), Outcome.CLEAR),
        (around(nextafter(LEAST, 0), 0), Outcome.UNDECIDED),
        (around(nextafter(-LEAST, 0), 0), Outcome.UNDECIDED),
        (around(LEAST, 0.05), Outcome.CLEAR),
        (around(LEAST, 0.5), Outcome.UNDECIDED),
        (around(0.0, 0), Outcome.EQUIVALENT),
        (around(0.0, 0.05), Outcome.EQUIVALENT),
        (around(0.0, 0.5), Outcome.UNDECIDED),
        (around(0.1, 0.01), Outcome.EQUIVALENT),
    ],
)
def test_what_is_at_least_1_2_is_clear_and_what_cannot_be_is_equivalent(log_ratios, outcome):
    assert one(log_ratios).outcome is outcome


@pytest.mark.parametrize(
    ("share", "outcome"), [(1 - 1e-6, Outcome.EQUIVALENT), (1 + 1e-6, Outcome.UNDECIDED)]
)
def test_an_equivalent_interval_may_touch_1_2_but_not_pass(share, outcome):
    half_width = log(one([-0.1, 0, 0.1]).high)
    at_the_edge = 0.1 * LEAST / half_width * share
    assert one([-at_the_edge, 0, at_the_edge]).outcome is outcome


@pytest.mark.parametrize(
    ("share", "outcome"), [(1 - 1e-6, Outcome.CLEAR), (1 + 1e-6, Outcome.UNDECIDED)]
)
def test_a_clear_interval_excludes_1(share, outcome):
    half_width = log(one([-0.1, 0, 0.1]).high)
    at_the_edge = 0.1 * log(2) / half_width * share
    comparison = one([log(2) - at_the_edge, log(2), log(2) + at_the_edge])
    assert comparison.outcome is outcome
    assert (comparison.low > 1) == (outcome is Outcome.CLEAR)


def test_a_difference_too_small_to_matter_is_not_clear():
    assert one(around(1.0, 0.01), apart=True).outcome is Outcome.CLEAR
    close = one(around(1.0, 0.01), apart=False)
    assert (close.outcome, close.repeats_needed) == (Outcome.UNDECIDED, None)
    assert one(around(0.0, 0.01), apart=False).outcome is Outcome.EQUIVALENT


@pytest.mark.parametrize("log_ratios", [[log(3)], [nan, log(3), nan]])
def test_one_repeat_is_indicative(log_ratios):
    comparison = one(log_ratios)
    assert comparison.ratio == pytest.approx(3)
    assert isnan(comparison.low)
    assert isnan(comparison.high)
    assert (comparison.outcome, comparison.repeats) == (Outcome.INDICATIVE, 1)


def test_without_repeats_there_is_nothing():
    assert compare([]) == []
    comparison = one([nan])
    assert isnan(comparison.ratio)
    assert (comparison.outcome, comparison.repeats) == (Outcome.INDICATIVE, 0)


def test_a_server_that_had_nothing_in_a_repeat_leaves_all_open():
    for sign, ratio in ((1, inf), (-1, 0)):
        comparison = one([sign * inf, sign * 0.7, sign * 0.7, sign * 0.7])
        assert comparison == Comparison(ratio, 0, inf, 4, Outcome.UNDECIDED)
    alone, beside = Pairs([0.7, 0.71, 0.69], "cpu"), Pairs([inf, -inf], "cpu")
    assert compare([alone, beside])[0] == compare([alone])[0]


def test_repeats_that_are_all_the_same_have_an_interval_all_the_same():
    comparison = one([log(3)] * 3)
    assert 2.98 < comparison.low < 3 < comparison.high < 3.02


def test_repeats_are_needed_only_where_more_would_decide():
    assert one(around(1.0, 0.01)).repeats_needed is None
    assert one([0.3]).repeats_needed is None
    assert one(around(LEAST, 5)).repeats_needed is None  # 100 would not do
    undecided = one(around(0.3, 0.4))
    assert undecided.outcome is Outcome.UNDECIDED
    assert undecided.repeats_needed > 4
    assert one(around(0.3, 0.8)).repeats_needed > undecided.repeats_needed


def test_the_repeats_needed_mostly_decide():
    spread = 0.4 * sqrt(4 / 3)
    needed = one(around(0.3, 0.4)).repeats_needed
    random = np.random.default_rng(5)
    outcomes = [one(random.normal(0.3, spread, needed)).outcome for _ in range(200)]
    assert outcomes.count(Outcome.CLEAR) > 80
    few = [one(random.normal(0.3, spread, 4)).outcome for _ in range(200)]
    assert outcomes.count(Outcome.CLEAR) > 2 * few.count(Outcome.CLEAR)


def test_among_many_more_repeats_are_needed():
    different = Pairs(around(0.3, 0.4), "cpu")
    same = [Pairs(around(0.0, 0.4), group) for group in range(20)]
    alone, among_many = compare([different])[0], compare([different, *same])[0]
    assert among_many.repeats_needed > alone.repeats_needed
    enough = Pairs([*different.log_ratios] * (among_many.repeats_needed // 4 + 1), "cpu")
    assert compare([enough, *same])[0].outcome is Outcome.CLEAR


@given_few(st.permutations(range(20)), st.floats(0.02, 0.5))
def test_what_is_clear_is_more_significant_than_what_is_not(means, half_range):
    family = [Pairs(around(mean / 20, half_range), "cpu") for mean in means]
    outcomes = compare(family)
    clear = {m for m, each in zip(means, outcomes, strict=True) if each.outcome is Outcome.CLEAR}
    assert clear == set(range(20 - len(clear), 20))


def test_the_more_is_compared_the_more_a_difference_must_show():
    different = Pairs(around(0.4, 0.2), "cpu")
    same = [Pairs(around(0.0, 0.2), group) for group in range(20)]
    assert compare([different])[0].outcome is Outcome.CLEAR
    assert compare([different, *same])[0].outcome is Outcome.UNDECIDED


def test_repeats_that_agree_by_chance_are_as_unsure_as_their_group():
    random = np.random.default_rng(1)
    lucky = around(0.25, 0.02)
    noisy = [Pairs(random.normal(0, 0.5, 4), "p99") for _ in range(30)]
    alone, in_the_group = (compare([Pairs(lucky, group), *noisy])[0] for group in ("cpu", "p99"))
    assert in_the_group.high / in_the_group.low > 1.5 * alone.high / alone.low
