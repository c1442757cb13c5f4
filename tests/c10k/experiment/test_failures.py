"""What of a plan did not go well, and whether the run failed."""

import math

import pytest
from msgspec.structs import replace

from c10k.experiment.config import plan_of
from c10k.experiment.failures import MOST_LINES, failures_of

PLAN = plan_of({"workloads": ["paced"], "steps": [10, 100], "profile": "quick"}, str)


def row(server, connections, status="ok", reason="", p99_ms=1.0, **others):
    return {
        "server": server,
        "workload": "paced",
        "repeat": 0,
        "connections": connections,
        "connected": connections,
        "status": status,
        "reason": reason,
        "errors": 0,
        "log_tail": "",
        "starved": 0,
        "loader_limited": False,
        "threads": 1.0,
        "response_p99_ms": p99_ms,
        **others,
    }


@pytest.fixture
def rows():
    return [row(each.server, step) for each in PLAN.servers for step in PLAN.steps]


def test_nothing_failed(rows):
    failures = failures_of(PLAN, rows)
    assert (failures.lines, failures.failure) == ([], "")
    assert failures_of(PLAN, []).failure == ""


def test_a_step_that_failed_fails_the_run_and_one_that_partly_did_is_named(rows):
    rows[0] |= {"status": "failed", "reason": "the server died (signal 9)"}
    rows[1] |= {"status": "failed", "reason": "the server died (signal 9)"}
    rows[2] |= {"status": "partial", "reason": "388 of 600 connections were served"}
    failures = failures_of(PLAN, rows)
    assert failures.failure == "2 of 4 steps failed"
    assert failures.lines == [
        "failed: threaded, paced at 10 and 100: the server died (signal 9)",
        "partly failed: asyncio_streams, paced at 10: 388 of 600 connections were served",
    ]
    assert failures_of(PLAN, rows[2:]).failure == ""


def test_a_run_in_which_nothing_succeeded_quotes_the_commonest_reason(rows):
    for each, reason in zip(rows, ["a", "b", "b", "c"], strict=True):
        each |= {"status": "failed", "reason": reason}
    assert failures_of(PLAN, rows).failure == "no step succeeded: b"


def test_probes_of_a_search_may_fail(rows):
    rows.append(row("threaded", 4000, "failed", "reset"))
    failures = failures_of(PLAN, rows)
    assert (failures.lines, failures.failure) == ([], "")


def test_a_threshold_that_is_missed_fails_the_run_in_one_line(rows):
    rows[0] |= {"status": "failed", "reason": "the server died", "response_p99_ms": math.nan}
    plan = replace(PLAN, slo=("threads < 2", "response_p99_ms{server=threaded} < 1"))
    assert failures_of(plan, rows).failure == (
        "1 of 4 steps failed; threshold missed at 1 of 4 steps: threads < 2; "
        "threshold missed at 2 of 2 steps: response_p99_ms{server=threaded} < 1"
    )
    assert failures_of(plan, rows[2:]).failure == ""


def test_the_objective_is_a_threshold_at_every_step(rows):
    rows[1] |= {"response_p99_ms": 30.0}
    rows[3] |= {"status": "partial", "reason": "2 × reset", "errors": 2}
    assert failures_of(PLAN, rows).failure == ""  # none was asked for
    plan = replace(PLAN, slo_p99_ms=20.0)
    failures = failures_of(plan, rows)
    assert failures.failure == (
        "threshold missed at 2 of 4 steps: response_p99_ms <= 20 and no failed message"
    )
    assert failures_of(replace(plan, find_max=True), rows).failure == ""  # it is the search's
    assert failures.lines == ["partly failed: asyncio_streams, paced at 100: 2 × reset"]


def test_at_most_ten_lines_name_what_failed(rows):
    plan = plan_of({"workloads": ["paced"], "steps": list(range(1, 31))}, str)
    rows = [row("threaded", step, "partial", f"{step} × reset") for step in plan.steps]
    lines = failures_of(plan, rows).lines
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 20 more, which the report names"
