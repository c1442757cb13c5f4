"""What of a plan did not go well, and whether the run failed."""

import dataclasses

import pytest

from c10k.experiment.failures import MOST_LINES, failures_of
from c10k.experiment.plan import PROFILES, Plan
from c10k.loadgen.workload import WORKLOADS
from c10k.servers.catalogue import parse_spec

PLAN = Plan(
    (parse_spec("threaded"), parse_spec("asyncio_streams")),
    (WORKLOADS["paced"],),
    (10, 100),
    PROFILES["quick"],
)


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
        "response_p99_ms": p99_ms,
        **others,
    }


@pytest.fixture
def rows():
    return [row(spec.text, step) for spec in PLAN.servers for step in PLAN.steps]


def test_all_is_well(rows):
    verdict = failures_of(PLAN, rows)
    assert (verdict.lines, verdict.failure) == ([], "")
    assert failures_of(PLAN, []).failure == ""


def test_a_step_that_failed_fails_the_run_and_one_that_partly_did_is_named(rows):
    rows[0] |= {"status": "failed", "reason": "the server died (signal 9)"}
    rows[1] |= {"status": "failed", "reason": "the server died (signal 9)"}
    rows[2] |= {"status": "partial", "reason": "388 of 600 connections were served"}
    verdict = failures_of(PLAN, rows)
    assert verdict.failure == "2 of 4 steps failed"
    assert verdict.lines == [
        "failed: threaded, paced at 10 and 100: the server died (signal 9)",
        "partly failed: asyncio_streams, paced at 10: 388 of 600 connections were served",
    ]
    assert failures_of(PLAN, rows[2:]).failure == ""


def test_that_nothing_succeeded_is_said_with_the_commonest_reason(rows):
    for each, reason in zip(rows, ["a", "b", "b", "c"], strict=True):
        each |= {"status": "failed", "reason": reason}
    assert failures_of(PLAN, rows).failure == "no step succeeded: b"


def test_probes_of_a_search_may_fail(rows):
    rows.append(row("threaded", 4000, "failed", "reset"))
    verdict = failures_of(PLAN, rows)
    assert (verdict.lines, verdict.failure) == ([], "")


def test_an_objective_is_missed(rows):
    rows[1] |= {"response_p99_ms": 30.0}
    rows[2] |= {"starved": 3}
    rows[3] |= {"status": "partial", "reason": "2 × reset", "errors": 2}
    assert failures_of(PLAN, rows).failure == ""  # none was asked for
    plan = dataclasses.replace(PLAN, slo_p99_ms=20.0, objective=True)
    verdict = failures_of(plan, rows)
    assert verdict.failure == "3 of 4 steps missed the objective, a p99 within 20 ms"
    assert verdict.lines == [
        "partly failed: asyncio_streams, paced at 100: 2 × reset",
        "objective missed: threaded, paced at 100: p99 of 30 ms",
        "objective missed: asyncio_streams, paced at 10: 3 connections without a reply",
    ]


def test_the_last_lines_are_few(rows):
    plan = dataclasses.replace(PLAN, steps=tuple(range(1, 31)))
    rows = [row("threaded", step, "partial", f"{step} × reset") for step in plan.steps]
    lines = failures_of(plan, rows).lines
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 20 more, which the report names"
