"""Sampling in a thread, of a process that lives and of one that dies."""

import threading
import time
from dataclasses import replace
from itertools import groupby
from math import isnan

import pytest

from c10k.loadgen.telemetry import HostMemory, ProcessGoneError, Telemetry, sampler
from c10k.results import schema
from tests.loadgen.conftest import until

COLUMNS = schema.SAMPLES.keys() - schema.KEY.keys()

# An exception in the sampler's thread would be such a warning.
pytestmark = [pytest.mark.system, pytest.mark.filterwarnings("error")]


def test_samples_carry_the_phase_of_the_trial(child):
    begin_s = time.monotonic()
    with Telemetry(child.pid, interval_s=0.01) as telemetry:
        until(lambda: telemetry.latest() is not None)
        telemetry.phase = "warmup"
        until(lambda: telemetry.latest().phase == "warmup")
        child.do("used = b'x' * (50 << 20)")
        telemetry.phase = "window"
        until(lambda: telemetry.latest().phase == "window")
    samples = telemetry.drain()
    end_s = time.monotonic()

    assert all(sample.keys() == COLUMNS for sample in samples)
    phases = [phase for phase, _ in groupby(sample["phase"] for sample in samples)]
    assert phases == ["open", "warmup", "window"]
    times = [sample["t_s"] for sample in samples]
    assert times == sorted(times)
    assert begin_s <= times[0] <= times[-1] <= end_s
    assert samples[-1]["rss_bytes"] - samples[0]["rss_bytes"] > 40 << 20
    summed = [sample["cpu_user_s"] for sample in samples if not isnan(sample["cpu_user_s"])]
    assert summed == sorted(summed)
    assert summed
    assert telemetry.drain() == []
    assert telemetry.latest().t_s == times[-1]


def test_the_trial_annotates_samples(child):
    telemetry = Telemetry(child.pid, interval_s=0.01)
    with telemetry:
        until(lambda: telemetry.latest() is not None)
        telemetry.annotate = lambda: {"connected": 10, "messages_per_s": 123.5}
        until(lambda: telemetry.latest().connected == 10)
    first, *_, last = telemetry.drain()
    assert isnan(first["connected"])
    assert isnan(first["messages_per_s"])
    assert last["messages_per_s"] == 123.5


def test_threads_are_summed_up_only_as_often_as_the_load_can_bear(child, monkeypatch):
    monkeypatch.setattr(sampler, "SUMMING_CPU_SHARE", 1e-9)
    with Telemetry(child.pid, interval_s=0.01) as telemetry:
        until(lambda: telemetry.latest() is not None and isnan(telemetry.latest().cpu_user_s))
    first, *others = telemetry.drain()
    summed = ("cpu_user_s", "cpu_system_s", "minor_faults", "major_faults")
    assert all(first[column] >= 0 for column in summed)
    assert all(isnan(sample[column]) for sample in others for column in summed)
    assert all(sample["rss_bytes"] > 0 for sample in others)


@pytest.mark.parametrize("reaped", [False, True], ids=["zombie", "reaped"])
def test_a_process_that_dies_ends_the_sampling(child, reaped):
    with Telemetry(child.pid, interval_s=0.01) as telemetry:
        until(lambda: telemetry.latest() is not None)
        assert not telemetry._sampling.done()
        child.kill()
        if reaped:
            child.reap()
        until(telemetry._sampling.done)
        assert telemetry.latest() is not None
    assert telemetry.drain()


def test_a_process_that_ended_has_no_samples_and_holds_nothing(child):
    child.kill()
    child.reap()
    with Telemetry(child.pid) as telemetry:
        until(telemetry._sampling.done)
    assert telemetry.drain() == []
    assert telemetry.latest() is None
    telemetry = Telemetry(child.pid)
    for measure in (telemetry.levels, telemetry.rescan):
        with pytest.raises(ProcessGoneError):
            measure()


def test_levels_are_what_the_process_holds(child):
    child.do("used = b'x' * (10 << 20)")
    levels = Telemetry(child.pid).levels()
    assert levels.keys() <= schema.WINDOWS.keys()
    assert levels["resident_bytes"] == pytest.approx(levels["rss_bytes"], rel=1e-3)
    assert levels["vms_bytes"] > levels["rss_bytes"] >= levels["pss_bytes"] >= levels["uss_bytes"]
    assert levels["uss_bytes"] >= 10 << 20
    assert levels["threads"] == levels["processes"] == levels["memory_sampled_fraction"] == 1
    assert levels["page_tables_bytes"] > 0
    assert levels["heap_bytes"] > 10 << 20
    assert levels["resident_bytes"] > levels["heap_bytes"] + levels["stack_bytes"]
    assert levels["stack_bytes"] > 0
    assert levels["descriptors"] >= 3


def test_where_the_load_leaves_no_time_readings_do_not_wait(child, monkeypatch):
    monkeypatch.setattr(sampler, "PATIENCE_S", 0.01)
    telemetry = Telemetry(child.pid)
    busy = threading.Event()
    for _ in range(2):
        telemetry._background.submit(busy.wait)
    try:
        assert telemetry.reading("begin").tasks
        assert telemetry.levels()["threads"] == 1
    finally:
        busy.set()


def test_what_reading_the_threads_leaves_in_slab_is_taken_off(child, monkeypatch):
    idle = HostMemory(0, 0, slab_bytes=1000, slab_reclaimable_bytes=400, tcp_memory_bytes=0)
    read = replace(idle, slab_bytes=1060, slab_reclaimable_bytes=460)
    telemetry = Telemetry(child.pid)
    assert telemetry.memory().slab_bytes > 0
    memories = iter([idle, read])
    monkeypatch.setattr(HostMemory, "read", lambda: next(memories, read))
    assert telemetry.reading("begin").memory.slab_bytes == 1000
    assert telemetry.memory().slab_bytes == 1000
    telemetry.phase = "close"  # the threads end
    assert telemetry.memory().slab_bytes == 1060
