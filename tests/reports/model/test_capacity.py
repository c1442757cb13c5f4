import math

import pytest

from c10k.reports.model.capacity import max_connections


def limit(make, **options):
    measured = make(servers={"threaded": ""}, workloads=("paced",), **options)
    return str(max_connections(measured, "threaded", "paced"))


REFUSED = {"status": "partial", "connected": 388}


@pytest.mark.parametrize(
    ("at_1000", "stated"),
    [
        ({}, "≥ 1,000"),
        ({"median_ms": 150.0}, "≥ 100, < 1,000"),
        ({"status": "partial"}, "≥ 100, < 1,000"),
        ({"errors": {"reset": 1}}, "≥ 100, < 1,000"),
        ({"starved": 1, "starved_wait_ms": 1.0}, "≥ 100, < 1,000"),
        ({"connected": 999}, "≥ 100, < 1,000"),
        # An unfit step misses nothing, but refused connections do.
        ({"loader_limited": True}, "≥ 1,000"),
        ({"loader_limited": True, "median_ms": 500.0}, "≥ 100"),
        ({"others": 0.9, "median_ms": 500.0}, "≥ 100"),
        ({"loader_limited": True, **REFUSED}, "≥ 100, < 1,000"),
    ],
)
def test_max_connections_lie_between_what_held_and_what_missed(make, at_1000, stated):
    def change(step):
        vars(step).update(at_1000 if step.connections == 1_000 else {})

    assert limit(make, change=change) == stated


def test_where_the_smallest_step_missed_there_are_fewer(make):
    assert limit(make, change=lambda step: setattr(step, "median_ms", 500.0)) == "< 10"


@pytest.mark.parametrize(
    ("p50_ms", "stated"),
    [
        ((150, 155, 160), "≥ 100, < 1,000"),
        ((30, 31, 32), "≥ 1,000"),
        ((30, 44, 90), "≥ 100"),  # the interval of p99 includes the objective
    ],
)
def test_a_step_is_judged_by_the_interval_over_its_repeats(make, p50_ms, stated):
    def change(step):
        if step.connections == 1_000:
            step.median_ms = p50_ms[step.repeat]

    assert limit(make, change=change, repeats=3) == stated


def test_repeats_that_disagree_on_failures_leave_it_open(make):
    def change(step):
        if step.connections == 1_000 and step.repeat == 1:
            vars(step).update(REFUSED)

    assert limit(make, change=change, repeats=3) == "≥ 100"


def test_numbers_that_a_search_tried_count_and_are_no_steps(make):
    def slow(step):
        if step.connections > 700:
            step.median_ms = 500.0

    found = [{"server": "threaded", "workload": "paced", "why": "p99 of 1,400 ms"}]
    measured = make(change=slow, probes=(316, 650, 720), found=found)
    assert measured.steps == [10, 100, 1_000]
    assert measured.planned_missing == 0
    assert {point.connections for point in measured.points()} == {10, 100, 1_000}
    most = max_connections(measured, "threaded", "paced")
    assert (most.held, most.missed) == (650, 720)


def test_the_objective_is_the_runs(make):
    relaxed = {"described": {"slo_p99_ms": 5_000.0}}
    assert limit(make, change=lambda step: setattr(step, "median_ms", 900.0), **relaxed) == (
        "≥ 1,000"
    )
    assert make(**relaxed).slo_p99_ms == 5_000
    assert make().slo_p99_ms == 100


def test_without_a_step_nothing_is_known(make):
    measured = make(skip=lambda step: step.workload == "saturated" and step.server == "threaded")
    most = max_connections(measured, "threaded", "saturated")
    assert (most.held, most.missed, str(most)) == (0, math.inf, "—")
