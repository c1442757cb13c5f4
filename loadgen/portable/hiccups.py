"""The hiccup meter in Python, for machines without the native one."""

import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Self

from c10k.loadgen.portable.histogram import Times


class HiccupMeter:
    """A thread that wakes every `interval_ns` on `cpus` (None: any) and counts its lateness.

    As the native HiccupMeter, it counts every tick since the start exactly once, the ones slept
    through too. Its lateness includes waits for the GIL, a few tenths of a millisecond beside a
    busy fleet. Hence the longer interval, which leaves the GIL to the fleet, and PermissionError
    for `realtime`, which the GIL would defeat.
    """

    def __init__(
        self,
        cpus: Iterable[int] | None = None,
        interval_ns: int = 10_000_000,
        *,
        realtime: bool = False,
    ) -> None:
        if realtime:
            raise PermissionError(
                "a thread that waits for the interpreter's lock is never real-time"
            )
        if interval_ns <= 0:
            raise ValueError(f"an interval must be positive, not {interval_ns} ns")
        self._cpus = None if cpus is None else list(cpus)
        self._interval_ns = interval_ns
        self._swapping = threading.Lock()
        self._late = Times()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; OSError where it cannot be started or may not run on `cpus`."""
        if self._thread is not None:
            raise RuntimeError("the hiccup meter is running already")
        self._stopping.clear()
        pinned: Future[None] = Future()
        thread = threading.Thread(
            target=self._measure, args=(pinned,), name="c10k-hiccups", daemon=True
        )
        try:
            thread.start()
            pinned.result()
        except (RuntimeError, OSError, ValueError, OverflowError) as error:
            raise OSError(f"cannot start the hiccup meter on CPUs {self._cpus}: {error}") from error
        self._thread = thread

    def swap(self) -> bytes:
        """The lateness in ns of every tick since the last swap, as 24,576 native int64 in the
        layout of HDR counts. A pause is counted when it ends."""
        with self._swapping:
            ended, self._late = self._late, Times()
        return ended.counts()

    def stop(self) -> None:
        """End the thread within an interval; what it counted can still be swapped out."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None

    def _measure(self, pinned: Future[None]) -> None:
        try:
            if self._cpus is not None and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, self._cpus)
            pinned.set_result(None)
        except Exception as error:  # noqa: BLE001 (raised by start)
            pinned.set_exception(error)
            return
        tick_ns = time.monotonic_ns() + self._interval_ns
        while not self._stopping.is_set():
            time.sleep(max(0, tick_ns - time.monotonic_ns()) / 1e9)
            now_ns = time.monotonic_ns()
            with self._swapping:
                # A thread that had asked to wake at a tick slept through would have waited as long.
                while tick_ns <= now_ns:
                    self._late.note(now_ns - tick_ns)
                    tick_ns += self._interval_ns
                self._late.bin_if_many()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
