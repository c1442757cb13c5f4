"""One measuring cycle: open the connections, load them, warm up, measure windows, drain.

cycle = Cycle(fleet)
opened, opening = cycle.open(1000, timeout_s=30)
warmup = cycle.warm_up(least_s=0.5, limit_s=3)
fleet.snapshot()  # a window begins
slices = list(cycle.window(5))
window = fleet.snapshot()  # and ends; between the two the caller reads what it likes
drained = cycle.drain()
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING, Final

from c10k.experiment.warmup import WarmUp
from c10k.loadgen.fleet import DRAIN_STILL_S, Fleet, Opened, Snapshot
from c10k.results.histogram import Histogram

if TYPE_CHECKING:
    from c10k.loadgen.telemetry import Sample


PHASES: Final = {
    "open": "opening",
    "warmup": "warming up",
    "window": "measuring",
    "close": "closing",
}
# What is recorded while connections open, and while they are loaded; see loadgen.fleet.Snapshot.
OPENING_KINDS: Final = ("connect", "first_echo")
WINDOW_KINDS: Final = ("response", "service", "send_lag", "waiting")

# A server that serves no further connection for so long gets no more: what is served is the figure.
OPEN_STILL_S: Final = 10.0
POLL_S: Final = 0.1
SLICE_S: Final = 0.2  # short enough to show where a window stalled


@dataclass(frozen=True)
class Slice:
    """A part of a window: the response times of what was completed in it."""

    start_s: float  # since the window began
    seconds: float
    responses: Histogram
    failed: int  # connections that are failed at its end


class Cycle:
    """Drives a fleet through its phases, in the order of the methods, with windows as many as
    wanted.

    `on_progress` is called with the cycle at the beginning of each phase and about ten times a
    second while it lasts; what it raises ends the phase. `memory` returns the last sample of the
    server's memory: without it, throughput alone decides when the load is steady. Windows are cut
    into slices of `slice_s`.
    """

    def __init__(
        self,
        fleet: Fleet,
        on_progress: Callable[["Cycle"], None] = lambda _: None,
        memory: "Callable[[], Sample | None] | None" = None,
        slice_s: float = SLICE_S,
    ) -> None:
        self.fleet = fleet
        self.phase = "open"
        self.began_s = time.monotonic()  # the phase
        self.left_s = nan  # of a window
        self._on_progress = on_progress
        self._memory = memory
        self._slice_s = slice_s
        self._polled_s = 0.0

    def open(self, connections: int, timeout_s: float = inf) -> tuple[Opened, Snapshot]:
        """Open connections, each verified by one reply, and begin to load those that are served.

        It ends after `timeout_s` seconds, and once none was served for OPEN_STILL_S.
        """
        self._begin("open")
        self.fleet.resize(connections)
        opened = self.fleet.wait_open(timeout_s, lambda _: self._poll(), still_s=OPEN_STILL_S)
        self._on_progress(self)
        self.fleet.load()
        return opened, self.fleet.snapshot()

    def warm_up(self, least_s: float, limit_s: float) -> WarmUp:
        """Wait until the load is steady, for `least_s` to `limit_s` seconds."""
        self._begin("warmup")
        warmup = WarmUp(least_s, limit_s, memory=self._memory is not None)
        began_s = time.monotonic()
        warmup.saw_messages(began_s, self.fleet.progress().messages)
        while not warmup.over:
            time.sleep(min(POLL_S, limit_s - warmup.waited_s))
            self._poll()
            warmup.saw_messages(time.monotonic(), self.fleet.progress().messages)
            sample = self._memory() if self._memory else None
            if sample and sample.t_s > began_s:
                warmup.saw_memory(sample.t_s, sample.rss_bytes)
        return warmup

    def window(self, seconds: float) -> Iterator[Slice]:
        """Let the load go on for so long after a snapshot, and yield each slice as it ends.

        Counts only grow between snapshots, so the difference of two readings is exact.
        """
        began_s = start_s = time.monotonic()
        end_s = began_s + seconds
        before = Histogram()
        self.left_s = seconds
        self._begin("window")
        while start_s < end_s:
            slice_end_s = min(start_s + self._slice_s, end_s)
            while (now_s := time.monotonic()) < slice_end_s:
                time.sleep(min(POLL_S, slice_end_s - now_s))
                self.left_s = max(0.0, end_s - time.monotonic())
                self._poll()
            so_far = Histogram.from_buffer(self.fleet.response_counts())
            responses = Histogram(so_far.counts - before.counts)
            failed = self.fleet.progress().failed
            yield Slice(start_s - began_s, now_s - start_s, responses, failed)
            before, start_s = so_far, now_s

    def drain(self, still_s: float = DRAIN_STILL_S) -> Snapshot:
        """Stop sending, and let replies arrive to what was sent, while one does every `still_s`."""
        self._begin("close")
        self.fleet.drain(still_s=still_s)
        return self.fleet.snapshot()

    def _begin(self, phase: str) -> None:
        self.phase = phase
        self.began_s = self._polled_s = time.monotonic()
        self._on_progress(self)

    def _poll(self) -> None:
        if time.monotonic() - self._polled_s >= 0.9 * POLL_S:  # a sleep may end a little early
            self._polled_s = time.monotonic()
            self._on_progress(self)
