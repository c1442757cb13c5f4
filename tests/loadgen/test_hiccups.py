"""How late a thread wakes, tick by tick: the meters of both engines."""

import base64
import os
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

from c10k.loadgen.native.hiccups import HiccupMeter
from c10k.results.histogram import Histogram
from tests.conftest import await_end_of_threads
from tests.loadgen.conftest import over, threads_named, until

pytestmark = pytest.mark.system

MS = 1_000_000
THREAD = "c10k-hiccups"

SUSPENDED = """
import base64, sys
from importlib import import_module
with import_module(sys.argv[1]).HiccupMeter(interval_ns=1_000_000) as meter:
    print(flush=True)
    input()
print(base64.b64encode(meter.swap()).decode())
"""
UNPERMITTED = """
import os, resource
from c10k.loadgen.native.hiccups import HiccupMeter
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
if os.geteuid() == 0:
    os.setuid(65534)
try:
    HiccupMeter(realtime=True).start()
except PermissionError as error:
    print(error.errno)
HiccupMeter().start()
"""


@pytest.fixture(params=["native", "portable"])
def module(request):
    return f"c10k.loadgen.{request.param}.hiccups"


@pytest.fixture
def meter_of(module):
    return import_module(module).HiccupMeter


def ticks(meter):
    return Histogram.from_buffer(meter.swap())


def test_every_tick_is_counted_once(meter_of):
    begin = time.monotonic()
    with meter_of(interval_ns=MS) as meter:
        running = time.monotonic()
        time.sleep(0.1)
        first = ticks(meter).total
        time.sleep(0.1)
        ran_s = time.monotonic() - running
    counted = first + ticks(meter).total
    assert 0.9 * ran_s * 1000 <= counted <= (time.monotonic() - begin) * 1000
    assert first
    assert not ticks(meter).total


def test_a_pause_counts_for_every_tick_slept_through(module):
    meter = subprocess.Popen(
        [sys.executable, "-c", SUSPENDED, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with meter:
        meter.stdout.readline()
        os.kill(meter.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, meter.pid, os.WSTOPPED)
        time.sleep(0.3)
        os.kill(meter.pid, signal.SIGCONT)
        late = Histogram.from_buffer(base64.b64decode(meter.communicate("\n")[0]))
    assert late.max_ns >= 250 * MS
    # Ticks are 1 ms apart, and so are their waits for the end of the pause.
    for wait_ms in range(10, 250, 10):
        assert over(late, wait_ms * MS) - over(late, (wait_ms + 10) * MS) >= 9


def test_it_runs_on_the_cpus_it_is_given(meter_of):
    cpu = max(os.sched_getaffinity(0))
    with meter_of([cpu]) as meter:
        until(lambda: ticks(meter).total)
        (thread,) = threads_named(THREAD)
        assert os.sched_getaffinity(thread) == {cpu}


@pytest.mark.parametrize("cpus", [[], [-1], [1023], [5000]])
def test_cpus_that_do_not_exist_are_refused(meter_of, cpus):
    meter = meter_of(cpus)
    with pytest.raises(OSError, match="CPUs"):
        meter.start()
    meter.stop()
    await_end_of_threads(THREAD)


@pytest.mark.parametrize("interval_ns", [0, -1])
def test_an_interval_is_positive(meter_of, interval_ns):
    with pytest.raises(ValueError, match="positive"):
        meter_of(interval_ns=interval_ns)


def test_it_starts_once_and_stops_any_number_of_times(meter_of):
    meter = meter_of(interval_ns=MS)
    meter.stop()
    meter.start()
    with pytest.raises(RuntimeError):
        meter.start()
    meter.stop()
    meter.stop()
    meter.swap()
    with meter:
        until(lambda: ticks(meter).total)
    until(lambda: not threads_named(THREAD))


def test_a_meter_that_is_dropped_ends_its_thread():
    HiccupMeter().start()
    await_end_of_threads(THREAD)


def test_a_thread_of_real_time_priority_is_one_or_is_refused(realtime_permitted):
    meter = HiccupMeter(realtime=True)
    if not realtime_permitted:
        with pytest.raises(PermissionError):
            meter.start()
        return
    with meter:
        until(lambda: ticks(meter).total)
        (thread,) = threads_named(THREAD)
        assert os.sched_getscheduler(thread) == os.SCHED_FIFO
        assert os.sched_getparam(thread).sched_priority == 1


def test_without_the_permission_there_is_no_meter_and_it_can_be_said():
    shown = subprocess.run([sys.executable, "-c", UNPERMITTED], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("1\n", "")
