import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.experiment.capacity_search import (
    PRECISION,
    TRIES,
    bracket,
    next_probe,
    obstacles,
    probes_left,
)

STEPS = st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True)


@given(STEPS, st.integers(0, 3 * 10**6), st.floats(1, 10))
@settings(deadline=None)
def test_it_finds_the_bound_of_any_server_in_as_many_tries_as_it_says(steps, bound, reach):
    most = int(max(steps) * reach)
    tried = {step: step <= bound for step in steps}
    left = probes_left(tried, most)
    for _ in range(left):
        number = next_probe(tried, most)
        if number is None:
            break
        assert 0 < number <= most
        assert number not in tried
        tried[number] = number <= bound
    assert next_probe(tried, most) is None
    held, broken = bracket(tried)
    assert held <= bound
    if broken is None:
        assert held == most
    else:
        assert bound < broken <= held + max(1, PRECISION * held)


@given(STEPS)
def test_even_ten_times_the_steps_take_a_dozen_tries_and_a_few(steps):
    for bound in (0, max(steps) * 10):
        tried = {step: step <= bound for step in steps}
        assert probes_left(tried, 10 * max(steps)) <= 16


def test_it_bisects_ratios_and_not_differences():
    assert next_probe({100: True, 10_000: False}, 100_000) == 1_000


def test_it_goes_up_as_far_as_it_may_where_all_steps_held():
    assert next_probe({10: True, 100: True}, 1_000) == 200
    assert next_probe({10: True, 100: True}, 150) == 150
    assert next_probe({10: True, 100: True}, 100) is None


def test_a_server_that_serves_nobody_has_a_capacity_of_0():
    tried = {10: False}
    while (number := next_probe(tried, 100)) is not None:
        tried[number] = False
    assert bracket(tried) == (0, 1)


def row(connected=10, p99_ms=40.0, **changes):
    return {
        "connections": 10,
        "connected": connected,
        "status": "ok" if connected == 10 else "partial",
        "errors": 10 - connected,
        "starved": 0,
        "response_p99_ms": p99_ms,
        "loader_limited": False,
        "reason": "" if connected == 10 else "2 × reset",
        "log_tail": "",
    } | changes


def test_each_number_has_its_obstacle_or_none():
    rows = {10: [row()], 20: [row(p99_ms=300)], 30: [row(connected=8)]}
    assert obstacles(rows, 100) == {10: "", 20: "p99 of 300 ms", 30: "2 × reset"}


def test_a_number_at_which_the_loader_was_too_slow_is_tried_again_before_it_is_believed():
    limited = row(p99_ms=300, loader_limited=True)
    assert obstacles({20: [limited]}, 100) == {}
    assert obstacles({20: [limited, row()]}, 100) == {20: ""}
    assert obstacles({20: [limited, row(p99_ms=200)]}, 100) == {20: "p99 of 200 ms"}
    (reason,) = obstacles({20: [limited] * TRIES}, 100).values()
    assert reason == "the loader was the bottleneck, p99 of 300 ms"


def test_a_number_that_others_disturbed_is_tried_again_too():
    disturbed = row(p99_ms=300, window_s=1.0, steal_s=0.0, other_processes_cpu_s=1.5)
    assert obstacles({20: [disturbed]}, 100) == {}
    (reason,) = obstacles({20: [disturbed] * TRIES}, 100).values()
    assert reason == "other processes disturbed it, p99 of 300 ms"


@pytest.mark.parametrize("limited", [row(loader_limited=True), row(8, loader_limited=True)])
def test_what_a_limited_loader_still_shows_is_believed_at_once(limited):
    assert 20 in obstacles({20: [limited]}, 100)
