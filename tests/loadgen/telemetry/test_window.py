"""The cost of a window between two readings."""

import time
from dataclasses import replace

import pytest

from c10k.loadgen.telemetry import ProcessGoneError, Telemetry, sampler, usage
from c10k.loadgen.telemetry.tasks import TaskTimes
from c10k.results import schema
from tests.loadgen.conftest import until
from tests.loadgen.telemetry.conftest import BURN

pytestmark = pytest.mark.system


def test_a_window_has_the_columns_of_its_table_and_they_agree(child):
    with Telemetry(child.pid, interval_s=0.05) as telemetry:
        begin = telemetry.reading("begin")
        telemetry.drain()
        child.do(BURN + "touched = b'x' * (10 << 20)")
        # A busy machine is sampled less often, and locks are looked at after each sample.
        until(lambda: len(telemetry.drain()) > 0)
        until(lambda: len(telemetry.drain()) > 0)
        end = telemetry.reading("end")
    window = usage(begin, end)

    assert window.keys() <= schema.WINDOWS.keys()
    assert 0.2 <= window["cpu_s"] < 0.4
    assert window["cpu_user_s"] + window["cpu_system_s"] == pytest.approx(window["cpu_s"])
    assert window["cpu_user_s"] > window["cpu_system_s"] >= 0
    assert window["cpu_cores"] == pytest.approx(window["cpu_s"] / (end.at_s - begin.at_s))
    assert 0 < window["cpu_efficiency"] <= 1
    assert window["runqueue_wait_s"] < end.at_s - begin.at_s
    assert window["lock_wait_s"] == 0
    assert window["context_switches"] > 0
    assert window["minor_faults"] > 0
    # Ticks and exact times of the same work differ by a tick or two.
    assert window.pop("other_processes_cpu_s") >= -0.05
    assert all(value >= 0 for value in window.values())


def test_what_a_longer_reading_saw_is_scaled_to_the_window_of_the_load(child):
    """As from another host, whose readings come a round trip before and after the window."""
    telemetry = Telemetry(child.pid)
    begin = telemetry.reading("begin")
    child.do(BURN)
    end = telemetry.reading("end")
    all_of_it = usage(begin, end)
    half = usage(begin, end, (end.at_s - begin.at_s) / 2)
    for column in ("cpu_s", "cpu_user_s", "context_switches", "runqueue_wait_s"):
        assert half[column] == pytest.approx(all_of_it[column] / 2)
    assert half["cpu_cores"] == all_of_it["cpu_cores"]


def test_a_window_without_work_costs_nothing(child):
    telemetry = Telemetry(child.pid)
    window = usage(telemetry.reading("begin"), telemetry.reading("end"))
    assert 0 <= window["cpu_s"] < 0.01
    assert window["minor_faults"] < 10


def test_slow_readings_lie_outside_the_window(child, monkeypatch):
    telemetry = Telemetry(child.pid)
    measured_s = []

    def noting(measure):
        def note(*args):
            measured_s.append(time.monotonic())
            return measure(*args)

        return note

    monkeypatch.setattr(telemetry.tree, "spent", noting(telemetry.tree.spent))
    monkeypatch.setattr(sampler, "read_tasks", noting(sampler.read_tasks))
    begin, end = telemetry.reading("begin"), telemetry.reading("end")
    assert begin.tasks_at_s < begin.at_s < end.at_s < end.tasks_at_s
    assert max(measured_s[:2]) < begin.at_s
    assert end.at_s < min(measured_s[2:])


def test_what_tasks_did_while_others_were_read_is_not_the_windows(child):
    telemetry = Telemetry(child.pid)
    begin, end = telemetry.reading("begin"), telemetry.reading("end")
    pace = {100: TaskTimes(on_cpu_ns=0, waiting_ns=0, timeslices=0)}
    passed = {100: TaskTimes(on_cpu_ns=10**9, waiting_ns=3 * 10**9, timeslices=400)}
    begin = replace(begin, at_s=10.0, tasks=pace, tasks_at_s=9.5)
    end = replace(end, at_s=12.0, tasks=passed, tasks_at_s=13.5)
    window = usage(begin, end)
    assert window["runqueue_wait_s"] == pytest.approx(1.5)
    assert window["context_switches"] == pytest.approx(200)
    assert window["cpu_efficiency"] == pytest.approx(0.25)


def test_there_is_no_reading_of_a_process_that_ended(child):
    telemetry = Telemetry(child.pid)
    child.kill()
    for edge in ("begin", "end"):
        with pytest.raises(ProcessGoneError):
            telemetry.reading(edge)
