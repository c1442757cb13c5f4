from math import inf

import numpy as np
import pytest
from hypothesis import strategies as st

from c10k.results import changes
from c10k.results.changes import LEAST, LEAST_RUNS, find_changes
from tests.results.conftest import given_few

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True, scope="module")
def few_permutations():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "_PERMUTATIONS", (2_000,))
        yield


def of_one(values):
    return find_changes([list(values)])[0]


def places(values):
    return [each.at for each in of_one(values)]


def noise(runs, seed=1, spread=0.01):
    return np.exp(np.random.default_rng(seed).normal(0, spread, runs))


def stepped(*levels, runs=20, seed=1):
    return noise(runs * len(levels), seed) * np.repeat(levels, runs)


def test_a_step_is_found_at_its_run_with_its_ratio():
    (found,) = of_one(stepped(3, 4))
    assert found.at == 20
    assert found.ratio == pytest.approx(4 / 3, rel=0.01)
    assert found.low < 4 / 3 < found.high
    assert found.high / found.low < 1.05


def test_a_step_that_is_undone_is_found_twice():
    assert places(stepped(3, 3, 3, 4, 3, 3)) == [60, 80]


@pytest.mark.parametrize("at", [8, 15, 45, 52])
def test_a_large_step_is_found_at_its_very_run(at):
    for seed in range(10):
        assert places(noise(60, seed, 0.05) * np.where(np.arange(60) < at, 1, 1.6)) == [at]


def test_of_several_steps_each_has_the_ratio_to_the_level_before_it():
    ratios = [each.ratio for each in of_one(stepped(2, 3, 6))]
    assert ratios == pytest.approx([1.5, 2], rel=0.02)


@pytest.mark.parametrize("at", [0, 1, 30, 58, 59])
@pytest.mark.parametrize("factor", [0.01, 100])
def test_one_run_of_its_own_is_no_change(at, factor):
    values = noise(60)
    values[at] *= factor
    assert places(values) == []


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 60, np.geomspace(1, 9, LEAST_RUNS - 1)])
def test_what_never_differs_or_is_short_does_not_change(values):
    assert places(values) == []


def test_a_perfect_step_is_found_from_so_many_runs_on():
    for runs, expected in ((LEAST_RUNS, [LEAST_RUNS // 2]), (LEAST_RUNS - 1, [])):
        assert places(noise(runs) * np.where(np.arange(runs) < LEAST_RUNS // 2, 1, 2)) == expected


def test_a_step_of_equal_values_is_found_at_its_run():
    assert places([4_096.0] * 12 + [8_192.0] * 9) == [12]


def test_what_is_a_change_alone_is_none_among_many_series():
    step = [1.0] * 5 + [2.0] * 5
    still = [[3.0] * 10] * 20
    assert find_changes([step])[0]
    assert find_changes([step, *still]) == [[]] * 21
    assert any(find_changes([noise(60) * np.repeat([1, 1.1], 30), *still]))


def test_series_that_are_too_short_do_not_count_among_the_many():
    step = [1.0] * 5 + [2.0] * 5
    assert find_changes([step, *[[3.0] * (LEAST_RUNS - 1)] * 40])[0]


def test_a_change_has_some_runs_on_either_side():
    values = noise(200)
    values[-LEAST + 1 :] *= 5
    assert places(values) == []
    values[-LEAST - 3 :] *= 5
    assert all(at <= 200 - LEAST for at in places(values))
    assert places(values)


def test_the_interval_is_that_of_the_rank_sum_test():
    """Of 5 and 5 values, the tables exclude at 95 % where a rank sum's U is 2 or less."""
    before, after = noise(5, seed=2, spread=0.2), noise(5, seed=3, spread=0.2) * 4
    (found,) = of_one([*before, *after])
    ratios = np.sort(np.divide.outer(after, before), axis=None)
    assert found.ratio == pytest.approx(np.median(ratios))
    assert (found.low, found.high) == pytest.approx((ratios[2], ratios[-3]))


def test_between_few_values_there_is_no_interval():
    assert changes._ratio(np.log([2.0] * 3), np.log([6.0] * 3)) == (pytest.approx(3), 0.0, inf)
    assert changes._ratio(np.log([2.0] * 3), np.log([6.0] * 5)) == pytest.approx((3, 3, 3))


@given_few(seeds, st.floats(-50, 50))
def test_all_values_times_a_factor_change_at_the_same_runs(seed, log):
    values = stepped(10, 11, 10, seed=seed)
    was, now = of_one(values), of_one(values * np.exp(log))
    assert was
    assert now == [pytest.approx(each) for each in was]


@given_few(seeds)
def test_time_reversed_mirrors_the_changes(seed):
    values = stepped(10, 11, 10, seed=seed)
    was, now = of_one(values), of_one(values[::-1])
    assert was
    mirrored = [(60 - at, 1 / ratio, 1 / high, 1 / low) for at, ratio, low, high in was[::-1]]
    assert now == [pytest.approx(each) for each in mirrored]


@given_few(seeds)
def test_a_change_lies_within_its_interval(seed):
    for each in of_one(stepped(1, 2, 1.5, seed=seed)):
        assert each.low < each.ratio < each.high
