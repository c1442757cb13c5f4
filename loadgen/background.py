"""Work beside the load that must not hold it up: reading telemetry, drawing progress."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress


class Background(ThreadPoolExecutor):
    """Threads that leave a CPU the moment a thread of the fleet wants it (SCHED_IDLE, sched(7)).

    A thread of usual standing would run on for its time slice, milliseconds, and what was due
    meanwhile would be sent late. Where the CPU is never idle, these get a thousandth of it.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        super().__init__(threads, name, initializer=_give_way)


def _give_way() -> None:
    # A system or a sandbox without the call: the load is only held up a little.
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
