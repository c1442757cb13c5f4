"""How many threads wait for a lock: the GIL, a mutex, a queue."""

import random
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from math import nan
from pathlib import Path
from typing import Final

from c10k.loadgen.telemetry.proc import read
from c10k.loadgen.telemetry.tasks import TaskTimes

SAMPLED_THREADS: Final = 64  # 1 ms of CPU


class LockWaits:
    """Samples a random choice of the threads, whose times so far are given.

    A thread waits for a lock if it is in futex(2) and has run since the last sample: one that waits
    for the GIL wakes every 5 ms to ask for it (sys.getswitchinterval), and one that waits for a
    mutex soon gets it. One that has not run is idle, without work.
    """

    def __init__(self, tasks: Mapping[int, TaskTimes]) -> None:
        chosen = random.sample(list(tasks), min(SAMPLED_THREADS, len(tasks)))
        shown = [task for task in chosen if _is_shown(task)] if _kernel_reports() else []
        self._threads = len(tasks)
        self._timeslices = {task: tasks[task].timeslices for task in shown}
        self._samples_taken = 0
        self._waiting = 0

    def sample(self) -> None:
        """Sample the chosen threads once."""
        for task, timeslices in self._timeslices.items():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                in_futex = "futex" in read(f"/proc/{task}/wchan")
                now = int(read(f"/proc/{task}/schedstat").split()[2])
                self._timeslices[task] = now
                self._waiting += in_futex and now != timeslices
                self._samples_taken += 1

    def mean(self) -> float:
        """The mean number of threads that were waiting; NaN where none was sampled.

        Divided by messages/s, it is how long each message waits (Little 1961).
        """
        return self._threads * self._waiting / self._samples_taken if self._samples_taken else nan


@cache
def _kernel_reports() -> bool:
    """Whether the kernel reports what a thread waits for (CONFIG_STACKTRACE), by a trial."""
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    try:
        deadline = time.monotonic() + 1
        while "futex" not in read(f"/proc/{thread.native_id}/wchan"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True
    finally:
        event.set()
        thread.join()


def _is_shown(task: int) -> bool:
    # For another user's process the kernel reports that it waits for nothing.
    try:
        Path(f"/proc/{task}/exe").readlink()
    except OSError:
        return False
    return True
