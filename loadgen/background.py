"""Work that must not delay the load: reading telemetry, drawing progress."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress


class Background(ThreadPoolExecutor):
    """Threads that leave a CPU the moment a thread of the fleet wants it (SCHED_IDLE, sched(7)).

    A thread of normal priority would keep the CPU for its time slice, some milliseconds, and what
    was due meanwhile would be sent late. Where the CPU is never idle, these get a thousandth of it.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        super().__init__(threads, name, initializer=_give_way)


def _give_way() -> None:
    # Without the call, on some systems and in sandboxes, the load is only delayed a little.
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
