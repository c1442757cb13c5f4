"""A step of a test in the UI: a number of users that stays the same for long enough.

Locust drives; here is decided which of its seconds are warm-up and which are windows.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Final

from c10k.experiment.cycle import OPEN_STILL_S, Slice
from c10k.experiment.plan import Trial
from c10k.experiment.profile import Profile
from c10k.experiment.step_record import StepRecording
from c10k.experiment.warmup import WarmUp
from c10k.host.hiccups import Hiccups
from c10k.loadgen.fleet import Opened, Snapshot
from c10k.loadgen.telemetry import HostMemory, Telemetry, kernel_growth, usage
from c10k.loadgen.workload import Workload
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord
from c10k.ui.messages import Second

# Locust's seconds are the unit here: a third of the warm-up is one of them.
PROFILE: Final = Profile("ui", 3.0, 8.0, windows=3, window_s=2.0, repeats=1)


@dataclass(frozen=True)
class Observers:
    """What observes the server and the host during a test, and the host's memory before it."""

    telemetry: Telemetry
    hiccups: Hiccups
    before: HostMemory


class Plateau:
    """Takes the seconds of one number of users, from when Locust has started the last of them.

    `opening` is what happened since the number of users began to change. `phase` is open, warmup,
    window, or done when all windows of the profile are measured. The methods raise
    ProcessGoneError when the server has ended.
    """

    def __init__(
        self,
        trial: Trial,
        workload: Workload,
        began: float,
        observers: Observers,
        opening: Snapshot,
    ) -> None:
        self.phase = "open"
        self.windows = 0
        self.users = trial.connections
        self.recording = StepRecording(trial, workload, began)
        self._observers = observers
        self.began_at = time.time()
        self._opening = opening
        self._most_ready, self._came_s = -1, time.monotonic()
        self._window: list[Snapshot] = []
        self._completed = 0

    def take(self, second: Second) -> None:
        """Take the next second."""
        # The load goes on after the step: what is under way at its end is not lost.
        snapshot = replace(second.snapshot, pending=0)
        match self.phase:
            case "open":
                self._open(second, snapshot)
            case "warmup":
                self._warm_up(snapshot)
            case "window":
                self._measure(snapshot)
            case _:
                self.recording.add_between(snapshot)

    def record(self, log_tail: str = "") -> StepRecord:
        """The step as it is stored."""
        samples = self._observers.telemetry.drain()
        tail = log_tail if self.recording.troubled else ""
        return self.recording.record(self.began_at, samples, tail)

    def _open(self, second: Second, snapshot: Snapshot) -> None:
        self._opening = Snapshot.of_all([self._opening, snapshot])
        now = time.monotonic()
        if second.ready > self._most_ready:
            self._most_ready, self._came_s = second.ready, now
        if second.opening and now < self._came_s + OPEN_STILL_S:
            return
        # How fast connections open is up to Locust's spawn rate: no figure of the server.
        opened = Opened(second.ready, max(self.users - second.ready, 0), nan)
        self.recording.add_opening(opened, self._opening)
        telemetry = self._observers.telemetry
        telemetry.rescan()
        telemetry.prepare()
        self._warmup = WarmUp(PROFILE.warmup_s, PROFILE.warmup_limit_s)
        self._warmup.saw_messages(now, 0)
        self._begin("warmup")

    def _warm_up(self, snapshot: Snapshot) -> None:
        self.recording.add_between(snapshot)
        self._completed += snapshot.messages
        self._warmup.saw_messages(time.monotonic(), self._completed)
        if sample := self._observers.telemetry.latest():
            self._warmup.saw_memory(sample.t_s, sample.rss_bytes)
        if self._warmup.over:
            self.recording.warmup = self._warmup
            self._begin_window()
            self._begin("window")

    def _begin_window(self) -> None:
        self._window.clear()
        self._observers.hiccups.columns()
        open_loop = self.recording.workload.loop == "open"
        self._reading = self._observers.telemetry.reading("begin", give_way=open_loop)

    def _measure(self, snapshot: Snapshot) -> None:
        if snapshot.began_ns / 1e9 < self._reading.at_s - snapshot.seconds / 2:
            self.recording.add_between(snapshot)  # it was under way when the reading began
            return
        self._window.append(snapshot)
        whole = Snapshot.of_all(self._window)
        if whole.seconds < PROFILE.window_s - snapshot.seconds / 2:
            return
        begin, observers = self._reading, self._observers
        end = observers.telemetry.reading("end")
        used = usage(begin, end, whole.seconds)
        grown = kernel_growth(observers.before, end.memory)
        late = observers.hiccups.columns()
        self.recording.add_window(whole, used | grown, late, list(_slices(self._window)))
        self.windows += 1
        if self.windows < PROFILE.windows:
            self._begin_window()
        else:
            self.recording.levels = observers.telemetry.levels()
            self._begin("done")

    def _begin(self, phase: str) -> None:
        self.phase = phase
        self._observers.telemetry.phase = "window" if phase == "done" else phase


def _slices(seconds: Sequence[Snapshot]) -> Iterator[Slice]:
    """The seconds of a window as its slices."""
    for each in seconds:
        start_s = (each.began_ns - seconds[0].began_ns) / 1e9
        responses = Histogram.from_buffer(each.counts["response"])
        yield Slice(start_s, each.seconds, responses, each.lost)
