"""Whether a threshold is met at a step, and what missed it."""

import math

import pytest

from c10k.results.thresholds import Step, Threshold, check

STEP = Step("threaded", "paced", 100)


def row(**changes):
    return {
        "connections": 100,
        "connected": 100,
        "status": "ok",
        "reason": "",
        "log_tail": "",
        "errors": 0,
        "starved": 0,
        "loader_limited": False,
        "response_p99_ms": 40.0,
        "threads": 101.0,
    } | changes


def checked(*rows, column="response_p99_ms", comparison="<=", limit=40.0, **more):
    return check(Threshold("as typed", column, comparison, limit, {}, **more), STEP, rows)


@pytest.mark.parametrize(
    ("comparison", "met"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
    ],
)
def test_a_value_below_at_and_above_the_limit(comparison, met):
    found = [
        checked(row(threads=value), column="threads", comparison=comparison, limit=2.0)
        for value in (1, 2, 3)
    ]
    assert [not each.missed for each in found] == met
    assert [each.value for each in found] == [1, 2, 3]


def test_the_median_of_the_fit_repeats_counts():
    slow, fast = row(response_p99_ms=900.0), row(response_p99_ms=1.0)
    found = checked(fast, row(), slow)
    assert (found.value, found.missed, found.why) == (40.0, False, "")
    limited = slow | {"loader_limited": True}
    assert checked(limited, fast, fast).value == 1
    assert checked(limited, limited, fast).value == 900  # one of three would be a selection
    assert checked(slow | {"loader_limited": True}).missed


@pytest.mark.parametrize("comparison", ["<", ">"])
def test_a_step_that_failed_or_did_not_measure_the_column_misses_it(comparison):
    unmeasured = checked(row(threads=math.nan), column="threads", comparison=comparison)
    assert (unmeasured.missed, unmeasured.why) == (True, "not measured")
    dead = row(status="failed", reason="the server died", threads=math.nan)
    failed = checked(row(threads=1), dead, column="threads", comparison=comparison)
    assert (failed.missed, failed.why) == (True, "the server died")


@pytest.mark.parametrize("column", ["response_p99_ms", "service_mean_ms"])
def test_a_column_over_messages_says_nothing_where_connections_starve(column):
    rows = [row(service_mean_ms=1.0), row(service_mean_ms=1.0, starved=2)]
    starving = checked(*rows, column=column)
    assert (starving.missed, starving.why) == (True, "2 of 100 clients unserved")
    assert math.isnan(starving.value)
    assert not checked(row(service_mean_ms=1.0, starved=1), column=column).missed  # 1 %
    assert not checked(*rows, column="threads", limit=101).missed
    unfit = row(service_mean_ms=1.0, starved=50, loader_limited=True)
    assert not checked(*[row(service_mean_ms=1.0)] * 2, unfit, column=column).missed


def test_failed_messages_miss_a_threshold_that_allows_none():
    rows = [row(), row(status="partial", errors=2, reason="2 × reset")]
    assert not checked(*rows).missed
    strict = checked(*rows, no_failed_message=True)
    assert (strict.value, strict.missed, strict.why) == (40.0, True, "2 × reset")
    assert not checked(row(), no_failed_message=True).missed


def test_it_is_for_the_steps_that_have_what_it_names():
    only = {"server": "threaded", "connections": 100}
    threshold = Threshold("as typed", "threads", "<", 1.0, only)
    assert threshold.is_for(STEP)
    assert not threshold.is_for(STEP._replace(connections=10))
    assert not threshold.is_for(STEP._replace(server="threaded,stack=256k"))


def test_json_has_null_where_there_is_no_number():
    assert checked(row(starved=50)).as_json() == {
        "threshold": "as typed",
        "server": "threaded",
        "workload": "paced",
        "connections": 100,
        "value": None,
        "outcome": "missed",
        "why": "50 of 100 clients unserved",
    }
