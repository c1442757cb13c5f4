"""Waiting for a lock, of threads that compete for the GIL and of threads that are idle."""

import time
from math import isnan
from sysconfig import get_config_var

import pytest

from c10k.loadgen.telemetry import locks
from c10k.loadgen.telemetry.locks import LockWaits
from c10k.loadgen.telemetry.tasks import read_tasks
from tests.loadgen.conftest import until

pytestmark = pytest.mark.system

COMPETING = """
import threading
def spin():
    while True:
        pass
threads = [threading.Thread(target=spin, daemon=True) for _ in range(7)]
for thread in threads:
    thread.start()
"""


def waiting(pid, samples):
    """The mean number of a process's threads that wait for a lock."""
    waits = LockWaits(read_tasks([pid]))
    for _ in range(samples):
        time.sleep(0.02)
        waits.sample()
    return waits.mean()


@pytest.mark.skipif(bool(get_config_var("Py_GIL_DISABLED")), reason="this Python has no GIL")
def test_all_but_one_of_the_threads_that_compete_for_the_gil_wait_for_it(child):
    child.begin(COMPETING)
    # The main thread is done, and waits for its input.
    until(lambda: waiting(child.pid, samples=10) == pytest.approx(6, abs=1))


def test_idle_threads_wait_for_no_lock(child):
    child.start_threads(100)
    assert waiting(child.pid, samples=5) < 5  # the starting of threads may be under way


def test_a_kernel_that_does_not_report_waits_gives_no_number(child, monkeypatch):
    child.begin(COMPETING)
    monkeypatch.setattr(locks, "_kernel_reports", lambda: False)
    assert isnan(waiting(child.pid, samples=2))


def test_without_samples_there_is_no_number(child):
    tasks = read_tasks([child.pid])
    assert isnan(LockWaits(tasks).mean())
    assert isnan(LockWaits({}).mean())
    child.reap()
    waits = LockWaits(tasks)
    waits.sample()
    assert isnan(waits.mean())
