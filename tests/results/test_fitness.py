import math

import pytest

from c10k.results.fitness import fair, fit, other_processes, steal, typical


def row(**changes):
    return {
        "loader_limited": False,
        "window_s": 2.0,
        "steal_s": 0.0,
        "other_processes_cpu_s": 0.0,
    } | changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"loader_limited": True}, False),
        ({"other_processes_cpu_s": 0.4}, True),  # 20 % of a CPU
        ({"other_processes_cpu_s": 3.08}, False),
        ({"steal_s": 0.1}, True),  # 5 % of a CPU
        ({"steal_s": 0.12}, False),
        ({"other_processes_cpu_s": math.nan, "steal_s": math.nan}, True),  # not known
        ({"window_s": 0.0}, True),
    ],
)
def test_a_step_is_fit_that_had_the_machine_to_itself(changes, expected):
    assert fit(row(**changes)) is expected


def test_shares_are_of_one_cpu():
    assert other_processes(row(other_processes_cpu_s=3.08)) == pytest.approx(1.54)
    assert steal(row(steal_s=0.5)) == pytest.approx(0.25)
    assert math.isnan(other_processes(row(window_s=0.0)))


def test_the_fit_repeats_may_decide():
    good, limited, disturbed = row(), row(loader_limited=True), row(other_processes_cpu_s=2.0)
    assert fair([limited, good, disturbed]) == [good]


def test_the_typical_value_is_the_median_of_the_fit_repeats_or_of_all_where_none_is():
    limited = [row(loader_limited=True, threads=n) for n in (1, 2, 9)]
    assert typical([*limited, row(threads=4), row(threads=6)], "threads") == 5
    assert typical(limited, "threads") == 2


def test_there_is_no_typical_value_where_one_of_the_repeats_has_none():
    known, unknown = row(threads=1.0), row(threads=math.nan)
    assert math.isnan(typical([unknown, known, known], "threads"))
    assert typical([known, unknown | {"loader_limited": True}], "threads") == 1
