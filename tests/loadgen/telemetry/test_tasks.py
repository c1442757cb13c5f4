"""Running and waiting, of threads that compete for a CPU and of threads that do not."""

import os
import time
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.loadgen.telemetry.tasks import TaskTimes, elapsed, read_tasks
from tests.loadgen.conftest import until

pytestmark = pytest.mark.system

SPIN = """
import time
while True:
    pass
"""
TIMES = st.builds(TaskTimes, *[st.integers(0, 2**60)] * 3)
READINGS = st.dictionaries(st.integers(1, 6), TIMES)


def observe(pids, seconds):
    """What passed for these processes in so long, and how long that was in ns."""
    begin, begin_ns = read_tasks(pids), time.monotonic_ns()
    time.sleep(seconds)
    end, end_ns = read_tasks(pids), time.monotonic_ns()
    return elapsed(begin, end), end_ns - begin_ns


def test_reads_every_thread(child):
    child.start_threads(20)
    ids = child.do("print(*[thread.native_id for thread in threading.enumerate()])").split()
    tasks = read_tasks([child.pid])
    assert tasks.keys() == {int(number) for number in ids}
    assert all(times.on_cpu_ns > 0 and times.timeslices > 0 for times in tasks.values())


def test_a_lone_busy_process_runs_nearly_all_of_its_runnable_time(child):
    child.begin(SPIN)
    # Eventually, here and below, as the machine may be busy with others'.
    until(lambda: observe([child.pid], 0.05)[0].efficiency > 0.9, patience_s=90)


def test_two_busy_processes_on_one_cpu_wait_half_of_the_time(start_child):
    pair = [start_child(), start_child()]
    cpu = min(os.sched_getaffinity(0))
    for child in pair:
        os.sched_setaffinity(child.pid, {cpu})
        child.begin(SPIN)

    def compete():
        passed, wall_ns = observe([child.pid for child in pair], 0.3)
        # Who is busy either runs or waits, and here both of them are.
        runnable = (passed.on_cpu_ns + passed.waiting_ns) / wall_ns
        return passed.efficiency < 0.75 and passed.timeslices > 2 and 1.8 < runnable < 2.2

    until(compete, patience_s=90)


def test_an_idle_process_has_no_efficiency_and_an_ended_one_no_tasks(child):
    tasks = read_tasks([child.pid])
    assert isnan(elapsed(tasks, tasks).efficiency)
    child.kill()
    child.reap()
    assert read_tasks([child.pid]) == {}


@settings(max_examples=20)
@given(READINGS, READINGS, READINGS)
def test_what_passed_adds_up_over_the_tasks_of_all_readings(first, second, third):
    tasks = first.keys() & second.keys() & third.keys()
    assert elapsed(first, third) == elapsed(
        {task: first[task] for task in first.keys() & third.keys()}, third
    )
    first, second, third = ({task: each[task] for task in tasks} for each in (first, second, third))
    whole = zip(elapsed(first, second), elapsed(second, third), strict=True)
    assert elapsed(first, third) == tuple(a + b for a, b in whole)
