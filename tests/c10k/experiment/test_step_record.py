import json
import math

import pytest

from c10k.experiment.cycle import Slice
from c10k.experiment.plan import Trial
from c10k.experiment.step_record import StepRecording
from c10k.experiment.warmup import WarmUp
from c10k.loadgen.fleet import KINDS, Opened, Snapshot
from c10k.loadgen.workload import WORKLOADS
from c10k.results.histogram import Histogram

TELEMETRY = {
    "cpu_s": 0.002,
    "other_processes_cpu_s": 0.05,
    "context_switches": 40.0,
    "rss_bytes": 1e6,
}


def snapshot(messages=0, response_ns=1_000_000, waiting_ns=(), **changes):
    histograms = {kind: Histogram() for kind in KINDS}
    for kind in ("response", "service"):
        histograms[kind].record(response_ns, messages)
    for ns in waiting_ns:
        histograms["waiting"].record(ns)
    figures = {
        "began_ns": 5_000_000_000,
        "seconds": 2.0,
        "sent": messages,
        "messages": messages,
        "lost": 0,
        "pending": 0,
        "due": 0,
        "late": 0,
        "starved": len(waiting_ns),
        "errors": {},
        "cpu_s": 0.001,
        "cpu_cores": 0.1,
        "sums_ns": dict.fromkeys(KINDS, 0) | {"response": messages * response_ns},
        "counts": {kind: h.counts.tobytes() for kind, h in histograms.items()},
    }
    return Snapshot(**figures | changes)


def recorded(
    *windows,
    opened=None,
    opening=None,
    workload="saturated",
    failure="",
    ceiling=math.nan,
    warmup=None,
):
    trial = Trial("threaded", workload, 0, 10)
    recording = StepRecording(trial, WORKLOADS[workload], began=4.0, ceiling_per_s=ceiling)
    recording.add_opening(opened or Opened(10, 0, 0.5), opening or snapshot())
    recording.warmup = warmup
    for window in windows:
        recording.add_window(window, TELEMETRY, {"server_hiccup_max_ms": 2.5})
    recording.failure = failure
    return recording.record(123.0, [{"t_s": 4.25, "phase": "open"}], "the log")


def test_a_step_sums_its_windows():
    step = recorded(snapshot(100), snapshot(300)).step
    assert step["status"] == "ok"
    assert step["reason"] == ""
    assert step["messages"] == 400
    assert step["messages_per_s"] == 100
    assert step["windows"] == 2
    assert step["cpu_us_per_message"] == pytest.approx(2 * 2000 / 400)
    assert step["accepts_per_s"] == 20
    assert step["started_at"] == 123.0


def test_percentiles_come_from_the_merged_histogram():
    step = recorded(snapshot(900, response_ns=1_000_000), snapshot(100, response_ns=9_000_000)).step
    assert step["response_p90_ms"] == pytest.approx(1, rel=1e-3)
    assert step["response_p99_ms"] == pytest.approx(9, rel=1e-3)


def test_what_was_due_is_replied_to_or_lost():
    """Also before the windows and after; what is pending at the very end got no reply."""
    workload = WORKLOADS["paced"]
    recording = StepRecording(Trial("threaded", "paced", 0, 10), workload, began=4.0)
    recording.add_opening(Opened(10, 0, 0.5), snapshot())
    recording.add_between(snapshot(50, due=52, pending=2))
    recording.add_window(snapshot(100, due=110, lost=7, pending=5), TELEMETRY, {})
    recording.add_window(snapshot(80, due=75, pending=0), TELEMETRY, {})
    recording.add_between(snapshot(20, due=23, lost=1, pending=2))
    record = recording.record(123.0, [], "")
    assert record.step["due"] == 52 + 110 + 75 + 23 == 50 + 100 + 80 + 20 + record.step["lost"]
    assert record.step["lost"] == 7 + 1 + 2
    assert [(window["due"], window["lost"]) for window in record.windows] == [(110, 7), (75, 0)]


def test_littles_law_is_judged_in_a_closed_loop_by_the_connections_that_are_served():
    """A pool of four for ten clients: by hand, it has 4 × 2 s / 1 ms messages in a window."""
    assert recorded(snapshot(20_000)).step["littles_law_ratio"] == pytest.approx(1.0)
    assert math.isnan(recorded(snapshot(20_000), workload="paced").step["littles_law_ratio"])
    step = recorded(snapshot(8_000), opened=Opened(4, 6, 0.5)).step
    assert step["littles_law_ratio"] == pytest.approx(1.0)


def test_the_waits_of_starved_connections_enter_the_response_times():
    record = recorded(snapshot(9, waiting_ns=[2_000_000_000]))
    assert record.step["starved"] == 1
    assert record.step["starved_wait_max_ms"] == pytest.approx(2000, rel=1e-3)
    assert record.step["response_max_ms"] == pytest.approx(2000, rel=1e-3)
    assert record.step["service_max_ms"] == pytest.approx(1, rel=1e-3)


def test_an_open_loop_offers_its_rate_on_every_connection():
    step = recorded(snapshot(10), workload="paced").step
    assert (step["loop"], step["rate_per_connection"], step["offered_per_s"]) == ("open", 1.0, 10.0)


def test_errors_outside_of_the_windows_count_too():
    step = recorded(
        snapshot(10, errors={"reset": 1}), opening=snapshot(errors={"connect_refused": 2})
    ).step
    assert step["status"] == "partial"
    assert step["errors"] == 3
    assert json.loads(step["error_causes"]) == {"reset": 1, "connect_refused": 2}
    assert "2 × connect_refused" in step["reason"]


def test_connections_that_were_not_served_make_a_step_partial():
    step = recorded(snapshot(10), opened=Opened(7, 3, 0.5)).step
    assert step["status"] == "partial"
    assert step["connected"] == 7
    assert "7 of 10 connections were served" in step["reason"]


def test_a_step_without_messages_failed():
    step = recorded(snapshot(0)).step
    assert (step["status"], step["reason"]) == ("failed", "no message was answered")


def test_a_step_whose_messages_were_answered_outside_of_the_windows_alone_is_starved():
    waits = [2_000_000_000] * 10
    step = recorded(snapshot(0, waiting_ns=waits), opening=snapshot(3)).step
    assert (step["status"], step["reason"]) == ("ok", "")
    assert (step["messages_per_s"], step["starved"]) == (0, 10)
    assert step["response_p99_ms"] == pytest.approx(2000, rel=1e-3)


def test_a_server_that_died_before_any_window_leaves_a_failed_step():
    record = recorded(failure="the server died (signal 9)")
    assert record.step["status"] == "failed"
    assert "signal 9" in record.step["reason"]
    assert record.step["log_tail"] == "the log"
    assert record.windows == []


@pytest.mark.parametrize(
    ("windows", "limited"),
    [
        ([{"cpu_cores": 0.99}], True),
        ([{"due": 1000, "late": 11}], True),
        ([{"due": 1000, "late": 10}], False),
        ([{"due": 20, "late": 5}], False),  # few: a hiccup of the host
        ([{"due": 1000, "late": 20}, {"due": 1000, "late": 0}], False),
        ([{"due": 1000, "late": 20}, {"due": 1000, "late": 1}], True),
    ],
)
def test_a_step_is_loader_limited_when_the_loader_was_busy_or_late(windows, limited):
    assert recorded(*(snapshot(10, **each) for each in windows)).step["loader_limited"] is limited


@pytest.mark.parametrize(("ceiling", "limited"), [(110, True), (112, False), (math.nan, False)])
def test_a_server_near_the_ceiling_is_limited_by_the_loader(ceiling, limited):
    record = recorded(snapshot(200), ceiling=ceiling)  # 100 a second
    assert record.step["loader_limited"] is record.windows[0]["loader_limited"] is limited
    assert record.step["ceiling_messages_per_s"] == pytest.approx(ceiling, nan_ok=True)


def test_a_step_says_whether_it_reached_a_steady_state():
    assert recorded(snapshot(10)).step["unsteady"] == ""
    assert math.isnan(recorded(snapshot(10)).step["warmup_s"])
    warmup = WarmUp(0.1, 1.0)
    for at_s in (0.0, 0.5, 1.5):
        warmup.saw_messages(5.0 + at_s, 0)
    step = recorded(snapshot(10), warmup=warmup).step
    assert step["warmup_s"] == pytest.approx(1.5)
    assert step["unsteady"] == "throughput and memory"


def test_hiccups_of_both_sides_are_kept():
    record = recorded(snapshot(10), snapshot(10))
    assert record.step["server_hiccup_max_ms"] == record.windows[0]["server_hiccup_max_ms"] == 2.5


def test_times_count_from_the_beginning_of_the_run():
    recording = StepRecording(Trial("threaded", "paced", 0, 10), WORKLOADS["paced"], began=4.0)
    recording.add_opening(Opened(10, 0, 0.5), snapshot())
    slices = [Slice(0.0, 0.2, Histogram(), 0), Slice(0.2, 0.3, Histogram(), 0)]
    recording.add_window(snapshot(10), TELEMETRY, {}, slices)
    record = recording.record(123.0, [{"t_s": 4.25, "phase": "open"}], "")
    assert record.samples[0]["t_s"] == pytest.approx(0.25)
    assert {each.start_s for each in record.histograms if each.kind != "slice"} == {1.0}
    kept = [(each.start_s, each.length_s) for each in record.histograms if each.kind == "slice"]
    assert kept == [(1.0, 0.2), (1.2, 0.3)]


def test_the_record_fits_the_schema():
    tables = recorded(snapshot(10)).tables()
    assert len(tables["steps"]["server"]) == len(tables["windows"]["server"]) == 1
    assert tables["windows"]["window"].to_pylist() == [0]
