import math

import pytest

from c10k.results.metrics import METRICS
from c10k.results.verdicts import LEAST_PAIRS, Verdict, judge

ROW = {
    "connections": 100,
    "connected": 100,
    "starved": 0,
    "loader_limited": False,
    "resident_delta_bytes": 2_000_000.0,
    "kernel_delta_bytes": 1_000_000.0,
    "system_calls_per_message": 2.0,
    "context_switches_per_message": 1.0,
    "cpu_us_per_message": 20.0,
    "messages": 40_000.0,
    "messages_per_s": 40_000.0,
    "response_p50_ms": 2.0,
    "response_p99_ms": 5.0,
}


def verdicts(pairs=LEAST_PAIRS, margins=None, unmeasured=None, base=None, **head):
    rows = [({**ROW, **(base or {})}, {**ROW, **head})] * pairs
    return {each.metric.name: each for each in judge(rows, margins or {}, unmeasured or {})}


def test_the_same_figures_are_equivalent_once_there_are_enough_pairs():
    assert {each.verdict for each in verdicts(LEAST_PAIRS - 1).values()} == {Verdict.INCONCLUSIVE}
    assert {each.verdict for each in verdicts().values()} == {Verdict.EQUIVALENT}


@pytest.mark.parametrize("metric", METRICS.values(), ids=str)
def test_each_metric_tells_worse_from_better_beyond_its_margin(metric):
    column = metric.column
    beyond, within = 1 + 1.5 * metric.margin, 1 + metric.margin / 2
    more, less = Verdict.REGRESSION, Verdict.IMPROVEMENT
    if metric.more_is_better:
        more, less = less, more
    assert verdicts(**{column: ROW[column] * beyond})[metric.name].verdict is more
    assert verdicts(**{column: ROW[column] / beyond})[metric.name].verdict is less
    assert verdicts(**{column: ROW[column] * within})[metric.name].verdict is Verdict.EQUIVALENT
    others = verdicts(**{column: ROW[column] * beyond})
    del others[metric.name]
    assert {each.verdict for each in others.values()} == {Verdict.EQUIVALENT}


def test_margins_can_be_set():
    found = verdicts(margins={"cpu": 0.2}, cpu_us_per_message=22.0)["cpu"]
    assert (found.verdict, found.margin) == (Verdict.EQUIVALENT, 0.2)


def test_what_is_not_measured_says_why():
    found = verdicts(unmeasured={"system_calls": "perf is not installed"})["system_calls"]
    assert (found.verdict, found.why) == (Verdict.NOT_MEASURED, "perf is not installed")
    found = verdicts(system_calls_per_message=math.nan)["system_calls"]
    assert found.verdict is Verdict.NOT_MEASURED
    assert "not measured" in found.why


def test_a_loader_that_is_the_bottleneck_says_nothing_of_the_server():
    found = verdicts(base={"loader_limited": True}, messages_per_s=1.0, cpu_us_per_message=40.0)
    assert found["throughput"].verdict is Verdict.NOT_MEASURED
    assert "loader" in found["throughput"].why
    assert found["cpu"].verdict is Verdict.REGRESSION


def test_percentiles_say_nothing_where_connections_starve():
    assert verdicts(starved=1)["p99"].verdict is Verdict.EQUIVALENT
    found = verdicts(starved=2)
    assert found["p99"].verdict is found["p50"].verdict is Verdict.NOT_MEASURED
    assert "unserved" in found["p99"].why
    assert found["throughput"].verdict is Verdict.EQUIVALENT
    assert "unserved" not in verdicts(starved=1, response_p50_ms=math.nan)["p50"].why


def test_a_figure_of_0_counts_as_what_is_too_little_to_matter():
    nothing = {"context_switches_per_message": 0.0, "resident_delta_bytes": -5.0}
    found = verdicts(base=nothing, **nothing)
    assert found["context_switches"].verdict is found["memory"].verdict is Verdict.EQUIVALENT
    found = verdicts(base=nothing)
    assert found["context_switches"].verdict is found["memory"].verdict is Verdict.REGRESSION
    assert verdicts(messages_per_s=0.0)["throughput"].verdict is Verdict.NOT_MEASURED


def test_percentiles_need_messages():
    found = verdicts(messages=999)
    assert found["p50"].verdict is Verdict.EQUIVALENT
    assert found["p99"].why == "a pair has too few messages: 999"


def test_json_has_null_where_there_is_no_number():
    found = verdicts(0)["cpu"].as_json()
    assert (found["ratio"], found["high"], found["base"]) == (None, None, None)
    assert found["verdict"] == "inconclusive"
