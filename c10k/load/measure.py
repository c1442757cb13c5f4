"""Driving a fleet against one address, watched second by second."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from c10k.experiment.opening import OPEN_STILL_S
from c10k.loadgen.fleet import Fleet, Opened, Snapshot
from c10k.results.histogram import Histogram

WARMUP_S: Final = 0.5
OPEN_TIMEOUT_S: Final = 120.0
INTERVAL_S: Final = 1.0
POLL_S: Final = 0.25


@dataclass(frozen=True)
class Interval:
    """One second or so of the window."""

    start_s: float  # since the window began
    seconds: float
    responses: Histogram  # of the messages completed in it
    failed: int  # connections, since they were opened


@dataclass
class Measurement:
    """What a fleet measured, as far as it has come."""

    opened: Opened
    opening: Snapshot
    warmup: Snapshot | None = None
    window: Snapshot | None = None
    drained: Snapshot | None = None  # the replies to what was under way at the window's end
    intervals: list[Interval] = field(default_factory=list)
    failed: int = 0  # connections, at the window's end
    interrupted: bool = False


OnProgress = Callable[[str], None]
"""Is called a few times a second with what goes on: `opening`, or how much time is left."""


def open_connections(fleet: Fleet, connections: int, on_progress: OnProgress) -> Measurement:
    """Open the connections and begin to load those that were served."""
    fleet.resize(connections)
    # Slow servers are waited for; what is open when time is up is what there is.
    opened = fleet.wait_open(OPEN_TIMEOUT_S, lambda _: on_progress("opening"), still_s=OPEN_STILL_S)
    fleet.load()
    return Measurement(opened, fleet.snapshot())


def hold(
    fleet: Fleet,
    measurement: Measurement,
    seconds: float,
    on_progress: OnProgress,
    tell: Callable[[Interval], None],
) -> None:
    """Measure for so long, after a short while of settling; `tell` each interval as it ends.

    Ctrl-C ends the window early, and what it measured stays.
    """
    _wait(min(WARMUP_S, seconds), on_progress)
    measurement.warmup = fleet.snapshot()
    watched = _Watched(fleet)
    try:
        while (left := seconds - watched.so_far_s) > 0:
            _wait(min(INTERVAL_S, left), on_progress, left)
            measurement.intervals.append(watched.interval())
            tell(measurement.intervals[-1])
    except KeyboardInterrupt:
        measurement.interrupted = True
    fleet.stop()
    measurement.window = fleet.snapshot()
    measurement.failed = fleet.progress().failed
    on_progress("waiting for the last replies")
    try:
        fleet.drain()
    except KeyboardInterrupt:
        measurement.interrupted = True
    measurement.drained = fleet.snapshot()


class _Watched:
    """What a running window holds so far, taken apart into intervals without ending it."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._began = self._at = time.monotonic()
        self._counts = np.zeros(0, np.int64)

    @property
    def so_far_s(self) -> float:
        return self._at - self._began

    def interval(self) -> Interval:
        now = time.monotonic()
        # Counts only grow, so a difference is exact even of figures that are read as they change.
        counts = Histogram.from_buffer(self._fleet.response_counts()).counts
        since = counts - self._counts if self._counts.size else counts
        ended = Interval(
            self._at - self._began,
            now - self._at,
            Histogram(since),
            self._fleet.progress().failed,
        )
        self._at, self._counts = now, counts
        return ended


def _wait(seconds: float, on_progress: OnProgress, left_s: float | None = None) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        on_progress("settling" if left_s is None else f"{left_s - seconds + left:.0f} s left")
        time.sleep(min(POLL_S, left))
