"""The cost of a window between two readings."""

import time

import pytest

from loadgen.telemetry import ProcessGoneError, Telemetry, usage

WORK = """
import time
begin = time.process_time()
while time.process_time() < begin + 0.5:
    sum(range(10_000))
touched = b"x" * (10 << 20)
"""
COLUMNS = [
    "resident_bytes",
    "rss_bytes",
    "vms_bytes",
    "uss_bytes",
    "pss_bytes",
    "page_tables_bytes",
    "threads",
    "processes",
    "descriptors",
    "cpu_s",
    "cpu_user_s",
    "cpu_system_s",
    "cpu_share",
    "cpu_efficiency",
    "runqueue_wait_s",
    "context_switches",
    "minor_faults",
    "major_faults",
    "listen_overflows",
    "listen_drops",
    "retransmits",
    "steal_s",
]


def test_a_window_has_the_columns_of_its_table_and_they_agree(child):
    telemetry = Telemetry(child.pid)
    begin = telemetry.reading("begin")
    child.do(WORK)
    end = telemetry.reading("end")
    window = usage(begin, end)

    assert list(window) == COLUMNS
    assert 0.5 <= window["cpu_s"] < 0.7
    assert window["cpu_user_s"] + window["cpu_system_s"] == pytest.approx(window["cpu_s"])
    assert window["cpu_user_s"] > window["cpu_system_s"] >= 0
    assert window["cpu_share"] == pytest.approx(window["cpu_s"] / (end.at_s - begin.at_s))
    assert 0 < window["cpu_efficiency"] <= 1
    assert window["runqueue_wait_s"] < end.at_s - begin.at_s
    assert window["context_switches"] >= 1
    assert window["minor_faults"] > 0
    assert window["resident_bytes"] == pytest.approx(window["rss_bytes"], rel=1e-3)
    assert window["rss_bytes"] >= window["pss_bytes"] >= window["uss_bytes"] >= 10 << 20
    assert window["threads"] == window["processes"] == 1
    assert all(window[column] >= 0 for column in COLUMNS)


def test_a_window_without_work_costs_nothing(child):
    telemetry = Telemetry(child.pid)
    window = usage(telemetry.reading("begin"), telemetry.reading("end"))
    assert 0 <= window["cpu_s"] < 0.01
    assert window["minor_faults"] < 10


def test_slow_readings_lie_outside_the_window(child, monkeypatch):
    telemetry = Telemetry(child.pid)
    footprint = telemetry.tree.footprint
    measured_s = []

    def note():
        measured_s.append(time.monotonic())
        return footprint()

    monkeypatch.setattr(telemetry.tree, "footprint", note)
    begin, end = telemetry.reading("begin"), telemetry.reading("end")
    assert measured_s[0] < begin.at_s < end.at_s < measured_s[1]


def test_there_is_no_reading_of_a_process_that_ended(child):
    telemetry = Telemetry(child.pid)
    child.kill()
    for edge in ("begin", "end"):
        with pytest.raises(ProcessGoneError):
            telemetry.reading(edge)
    assert not telemetry.alive
