import pytest

from c10k.results.slo import refusal, shortfall


def row(**changes):
    held = {
        "connections": 100,
        "connected": 100,
        "status": "ok",
        "errors": 0,
        "starved": 0,
        "response_p99_ms": 40.0,
        "loader_limited": False,
        "reason": "",
        "log_tail": "",
    }
    return held | changes


def test_a_step_that_served_everyone_in_time_held():
    assert shortfall([row()]) == ""
    assert shortfall([row(response_p99_ms=100.0)]) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response_p99_ms": 153.4}, "p99 of 153 ms"),
        ({"response_p99_ms": 12_345.6}, "p99 of 12,346 ms"),
        ({"response_p99_ms": float("nan")}, "p99 of nan ms"),
        ({"starved": 1_200}, "1,200 connections without a reply"),
        ({"connected": 90}, "90 of 100 connections were served"),
        ({"errors": 2, "status": "partial", "reason": "2 × reset"}, "2 × reset"),
        ({"status": "failed", "reason": "the server died (signal 9)"}, "died (signal 9)"),
    ],
)
def test_what_did_not_hold_says_why(changes, reason):
    assert reason in shortfall([row(**changes)])


def test_what_the_server_said_of_it_is_stated_once():
    refused = row(connected=90, log_tail="listening\nthreaded: can't start new thread\n")
    assert refusal([refused]).endswith("; its log: threaded: can't start new thread")
    died = row(status="failed", reason="cannot listen", log_tail="cannot listen")
    assert refusal([died]) == "cannot listen"


def test_the_objective_can_be_another():
    assert shortfall([row()], p99_ms=39.9) == "p99 of 40 ms"
    assert shortfall([row(response_p99_ms=400.0)], p99_ms=500) == ""


def test_of_several_repeats_all_must_serve_and_the_median_be_in_time():
    slow = row(response_p99_ms=900.0)
    assert shortfall([row(), slow, row()]) == ""
    assert shortfall([row(), slow, slow]) == "p99 of 900 ms"
    assert shortfall([row(), row(), row(errors=1, reason="1 × reset")]) == "1 × reset"


def test_how_fast_a_limited_loader_was_counts_only_where_there_is_nothing_else():
    limited = row(response_p99_ms=900.0, loader_limited=True)
    assert shortfall([limited, limited, row()]) == ""
    assert shortfall([limited | {"starved": 9}, row()]) == ""
    assert shortfall([limited]) == "p99 of 900 ms"
    assert refusal([limited]) == ""
    refused = row(loader_limited=True, connected=3)
    assert shortfall([refused, row()]) == "3 of 100 connections were served"
