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

AT_ONCE: Final = 64  # threads that are looked at: 1 ms of CPU


class LockWaits:
    """Looks again and again at a random choice of the threads, whose times so far are given.

    A thread waits for a lock where the kernel has it in futex(2) and it has run since the last
    look: one that waits for the GIL wakes every 5 ms to ask for it (sys.getswitchinterval), and one
    that waits for a mutex soon gets it. One that has not run is idle: nobody gave it work.
    """

    def __init__(self, tasks: Mapping[int, TaskTimes]) -> None:
        chosen = random.sample(list(tasks), min(AT_ONCE, len(tasks)))
        shown = [task for task in chosen if _is_shown(task)] if _kernel_tells() else []
        self._threads = len(tasks)
        self._timeslices = {task: tasks[task].timeslices for task in shown}
        self._samples_taken = 0
        self._waiting = 0

    def look(self) -> None:
        """Look at the chosen threads once."""
        for task, timeslices in self._timeslices.items():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                in_futex = "futex" in read(f"/proc/{task}/wchan")
                now = int(read(f"/proc/{task}/schedstat").split()[2])
                self._timeslices[task] = now
                self._waiting += in_futex and now != timeslices
                self._samples_taken += 1

    def mean(self) -> float:
        """The mean number of threads that were waiting; NaN where nothing was seen.

        By the messages a second, it is how long each message waits (Little 1961).
        """
        return self._threads * self._waiting / self._samples_taken if self._samples_taken else nan


@cache
def _kernel_tells() -> bool:
    """Whether the kernel says what a thread waits for (CONFIG_STACKTRACE): one of ours tries."""
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
    # Of another user's process the kernel says that it waits for nothing.
    try:
        Path(f"/proc/{task}/exe").readlink()
    except OSError:
        return False
    return True
