"""How late a thread wakes, tick by tick, as another implementation decodes it."""

import base64
import os
import signal
import subprocess
import sys
import time
from array import array

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given
from hypothesis import strategies as st

from c10k.loadgen.native.hiccups import HiccupMeter
from c10k.loadgen.native.test_support import counts_index
from tests.conftest import await_end_of_threads, threads_called

MS = 1_000_000
HOUR = 3_600_000 * MS
METER_THREAD = "c10k-hiccups"
REFERENCE = HdrHistogram(1000, HOUR, 3)

METER = """
import base64
from c10k.loadgen.native.hiccups import HiccupMeter
with HiccupMeter() as meter:
    print(flush=True)
    input()
print(base64.b64encode(meter.swap()).decode())
"""


def late_ns(counts):
    """The lateness of each tick, in ascending order."""
    numbers = array("q", counts)
    assert len(numbers) == REFERENCE.counts_len
    assert min(numbers) >= 0
    return [
        REFERENCE.get_value_from_index(index)
        for index, count in enumerate(numbers)
        for _ in range(count)
    ]


@given(st.integers(0, HOUR))
@example(0)
@example(511)
@example(512)
@example((1 << 20) - 1)
@example(1 << 20)
@example(HOUR)
def test_the_layout_is_that_of_hdr_histogram(ns):
    assert counts_index(ns) == REFERENCE.get_counts_array_index(ns)


@given(st.integers(-(2**63), -1), st.integers(HOUR + 1, 2**63 - 1))
def test_what_lies_outside_counts_as_the_nearest_inside(below, above):
    assert counts_index(below) == counts_index(0) == 0
    assert counts_index(above) == counts_index(HOUR) < REFERENCE.counts_len


def test_every_tick_is_counted_once():
    begin = time.monotonic()
    with HiccupMeter(interval_ns=MS) as meter:
        running = time.monotonic()
        time.sleep(0.25)
        first = late_ns(meter.swap())
        time.sleep(0.25)
        ran_s = time.monotonic() - running
    ticks = len(first) + len(late_ns(meter.swap()))
    assert 0.9 * ran_s * 1000 <= ticks <= (time.monotonic() - begin) * 1000
    assert first
    assert late_ns(meter.swap()) == []


def test_a_pause_counts_for_every_tick_slept_through():
    meter = subprocess.Popen(
        [sys.executable, "-c", METER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with meter:
        meter.stdout.readline()
        os.kill(meter.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, meter.pid, os.WSTOPPED)
        time.sleep(0.3)
        os.kill(meter.pid, signal.SIGCONT)
        late = late_ns(base64.b64decode(meter.communicate("\n")[0]))
    assert late[-1] >= 250 * MS
    # Ticks are 1 ms apart, and so are their waits for the end of the pause.
    for wait_ms in range(10, 250, 10):
        counted = [ns for ns in late if wait_ms * MS <= ns < (wait_ms + 10) * MS]
        assert len(counted) >= 9


def test_it_runs_on_the_cpus_it_is_given():
    cpu = max(os.sched_getaffinity(0))
    with HiccupMeter([cpu]) as meter:
        while not (threads := threads_called(METER_THREAD)):
            time.sleep(0.001)
        assert [os.sched_getaffinity(thread) for thread in threads] == [{cpu}]
        while not late_ns(meter.swap()):
            time.sleep(0.001)


@pytest.mark.parametrize("cpus", [[], [-1], [1023], [5000]])
def test_cpus_that_do_not_exist_are_refused(cpus):
    meter = HiccupMeter(cpus)
    with pytest.raises(OSError, match="CPUs"):
        meter.start()
    meter.stop()


@pytest.mark.parametrize("interval_ns", [0, -1])
def test_an_interval_is_positive(interval_ns):
    with pytest.raises(ValueError, match="positive"):
        HiccupMeter(interval_ns=interval_ns)


def test_it_starts_once_and_stops_any_number_of_times():
    meter = HiccupMeter()
    meter.stop()
    meter.start()
    with pytest.raises(RuntimeError):
        meter.start()
    meter.stop()
    meter.stop()
    meter.swap()
    with meter:
        while not late_ns(meter.swap()):
            time.sleep(0.001)
    await_end_of_threads(METER_THREAD)


def test_a_meter_that_is_dropped_ends_its_thread():
    HiccupMeter().start()
    await_end_of_threads(METER_THREAD)


def test_a_thread_of_real_time_priority_is_one_or_is_refused(realtime_permitted):
    meter = HiccupMeter(realtime=True)
    if not realtime_permitted:
        with pytest.raises(PermissionError):
            meter.start()
        return
    with meter:
        while not (threads := threads_called(METER_THREAD)):
            time.sleep(0.001)
        assert [os.sched_getscheduler(thread) for thread in threads] == [os.SCHED_FIFO]
        assert [os.sched_getparam(thread).sched_priority for thread in threads] == [1]


def test_without_the_permission_there_is_no_meter_and_it_can_be_said():
    code = """
import ctypes, os, resource
from c10k.loadgen.native.hiccups import HiccupMeter
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
if os.geteuid() == 0:
    os.setuid(65534)
meter = HiccupMeter(realtime=True)
try:
    meter.start()
except PermissionError as error:
    print(error.errno)
HiccupMeter().start()
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("1\n", "")
