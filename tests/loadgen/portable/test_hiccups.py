"""The meter in Python, with the words of the native one's tests."""

import os
import threading
import time
from array import array

import pytest

from c10k.loadgen.portable.hiccups import HiccupMeter
from c10k.results.histogram import Histogram

MS = 1_000_000


def ticks(meter):
    return Histogram.from_buffer(meter.swap())


def own_threads():
    return [t.native_id for t in threading.enumerate() if t.name == "c10k-hiccups"]


def test_every_tick_is_counted_once():
    begin = time.monotonic()
    with HiccupMeter(interval_ns=MS) as meter:
        running = time.monotonic()
        time.sleep(0.2)
        first = ticks(meter).total
        time.sleep(0.2)
        ran_s = time.monotonic() - running
    counted = first + ticks(meter).total
    assert 0.9 * ran_s * 1000 <= counted <= (time.monotonic() - begin) * 1000
    assert first
    assert not any(array("q", meter.swap()))


def test_a_pause_counts_for_every_tick_slept_through():
    with HiccupMeter(interval_ns=MS) as meter:
        while not ticks(meter).total:
            time.sleep(0.001)
        with meter._swapping:  # holds the thread up, as a stopped machine would
            time.sleep(0.3)
        late = ticks(meter)  # perhaps of what came before it was held up
        deadline = time.monotonic() + 20
        while late.total < 250 and time.monotonic() < deadline:
            time.sleep(0.001)
            late += ticks(meter)
    assert late.max_ns >= 250 * MS
    assert late.total >= 250


def test_it_runs_on_the_cpus_it_is_given():
    cpu = max(os.sched_getaffinity(0))
    with HiccupMeter([cpu]):
        assert [os.sched_getaffinity(thread) for thread in own_threads()] == [{cpu}]


@pytest.mark.parametrize("cpus", [[], [-1], [1023]])
def test_cpus_that_do_not_exist_are_refused(cpus):
    meter = HiccupMeter(cpus)
    with pytest.raises(OSError, match="CPUs"):
        meter.start()
    meter.stop()
    assert not own_threads()


@pytest.mark.parametrize("interval_ns", [0, -1])
def test_an_interval_is_positive(interval_ns):
    with pytest.raises(ValueError, match="positive"):
        HiccupMeter(interval_ns=interval_ns)


def test_it_starts_once_and_stops_any_number_of_times():
    meter = HiccupMeter(interval_ns=MS)
    meter.stop()
    meter.start()
    with pytest.raises(RuntimeError):
        meter.start()
    meter.stop()
    meter.stop()
    meter.swap()
    with meter:
        while not ticks(meter).total:
            time.sleep(0.001)
    assert not own_threads()
