import math

import pytest

from c10k.results.fitness import deciding, fair, fit, other_processes, steal, typical


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


def test_figures_are_of_the_fit_repeats_where_they_are_most():
    good, limited = row(), row(loader_limited=True)
    assert deciding([limited, good, good]) == [good, good]
    assert deciding([limited, good]) == [limited, good]
    assert deciding([]) == []


def test_the_typical_value_is_the_median_if_all_have_one():
    assert typical([row(threads=n) for n in (1, 9, 2)], "threads") == 2
    assert math.isnan(typical([row(threads=1.0), row(threads=math.nan)], "threads"))
