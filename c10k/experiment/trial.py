"""One visit: open a step's connections to one server, load it, measure windows, close them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from typing import Final

from c10k.experiment.opening import OPEN_STILL_S
from c10k.experiment.plan import Profile, Trial
from c10k.experiment.step_record import StepRecording
from c10k.experiment.warmup import WarmUp
from c10k.experiment.window import Slices
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.loadgen.engines import engine_of
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.telemetry import ProcessGoneError, ProcessTree, Telemetry, kernel_growth, usage
from c10k.loadgen.workload import Workload
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord
from c10k.servers.process import ServerProcess

OPEN_S: Final = 600.0  # the most: Apache's prefork, which adds 32 processes a second, has 19,000
# How long a server may take to let go of a step's connections before the next visit.
LEAVE_S: Final = 60.0
STILL_S: Final = 1.0  # without one less it has let go of all that it will, if it rests
IDLE_CPU: Final = 0.1  # of a CPU
POLL_S: Final = 0.1
# The portable engine and the telemetry would wait for each other.
SHARES_THE_INTERPRETER: Final = engine_of("auto") == "portable"
PERCENTILE_S: Final = 0.5


@dataclass(frozen=True)
class Moment:
    """What is to be seen of a visit while it goes on."""

    phase: str  # open, settle, window or close
    ready: int
    failed: int
    messages_per_s: float
    response_p99_ms: float  # of the window so far
    rss_bytes: float


class ServerDiedError(Exception):
    """The server ended while it was being loaded."""


class TrialRunner:
    """Visits one server again and again, while its process lives through the ramp.

    `watch` is called about ten times a second with what is to be seen.
    """

    def __init__(
        self,
        server: ServerProcess,
        profile: Profile,
        cpus: CpuSplit,
        on_progress: Callable[[Moment], None],
    ) -> None:
        self._server = server
        self._profile = profile
        self._cpus = cpus
        self._on_progress = on_progress

    def measure(
        self,
        trial: Trial,
        workload: Workload,
        began: float,
        ceiling_per_s: float = nan,
        *,
        last: bool = False,
    ) -> StepRecord:
        """Measure one step. A server that dies or serves nobody makes a failed step, no error.

        `ceiling_per_s` is what the loader can drive in a closed loop, in messages/s. After the
        `last` visit, which the server is to be ended after, it may still be closing connections.
        """
        started_at = time.time()
        logged = self._server.log.stat().st_size
        recording = StepRecording(trial, workload, began, ceiling_per_s)
        address = (self._server.host, self._server.port)
        with (
            Telemetry(self._server.supervisor, itself=False) as telemetry,
            Hiccups(self._cpus, workload.loop) as hiccups,
        ):
            try:
                idle = telemetry.tree.read()
                with Fleet(
                    address, workload, cpus=self._cpus.loader, processes=SHARES_THE_INTERPRETER
                ) as fleet:
                    view = _View(fleet, telemetry, self._check_alive, self._on_progress)
                    self._load(view, hiccups, recording)
                if not last:
                    self._await_leaving(telemetry.tree, idle.descriptors)
            except (ServerDiedError, ProcessGoneError):
                recording.failure = self._how_it_died(logged)
            samples = telemetry.drain()
        log_tail = self._server.log_tail(since=logged) if recording.troubled else ""
        return recording.record(started_at, samples, log_tail)

    def _load(self, view: "_View", hiccups: Hiccups, recording: StepRecording) -> None:
        fleet, telemetry = view.fleet, view.telemetry
        before = telemetry.memory()
        telemetry.phase = "open"
        fleet.resize(recording.trial.connections)
        opened = fleet.wait_open(OPEN_S, lambda _: view.poll(), still_s=OPEN_STILL_S)
        self._check_alive()
        fleet.load()
        recording.add_opening(opened, fleet.snapshot())
        warmup = WarmUp(self._profile.warmup_s, self._profile.warmup_limit_s)
        view.warm_up(warmup)
        recording.add_warmup(warmup)
        telemetry.rescan()
        for _ in range(self._profile.windows):
            begin = telemetry.reading("begin")
            hiccups.columns()
            recording.add_between(fleet.snapshot())
            slices = Slices(fleet.response_counts, recording.began)
            view.window(self._profile.window_s, slices)
            slices.end()
            snapshot = fleet.snapshot()
            late = hiccups.columns()
            end = telemetry.reading("end")
            self._check_alive()
            growth = kernel_growth(before, end.memory)
            recording.add_window(snapshot, usage(begin, end) | growth, late)
            recording.add_slices(slices.recordings)
        recording.add_between(fleet.snapshot())
        # Under load as in the windows, but not between them: reading memory locks it. What fails
        # meanwhile is owed to that.
        recording.add_levels(telemetry.levels())
        self._check_alive()
        telemetry.phase = "close"
        fleet.drain()
        recording.add_between(fleet.snapshot())

    def _check_alive(self) -> None:
        if not self._server.alive:
            raise ServerDiedError

    def _how_it_died(self, logged: int) -> str:
        """Its status, and what it said last in this step."""
        self._server.stop()  # also waits for its last words
        code = self._server.returncode
        ended = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        said = self._server.log_tail(since=logged).rstrip().rpartition("\n")[2].strip()
        return f"the server died ({ended}{f'; its log: {said}' if said else ''})"

    def _await_leaving(self, tree: ProcessTree, idle_descriptors: float) -> None:
        """Wait until the server has let go of the connections: what their end costs would be
        taken from the next visit.

        A pool that has grown keeps its own, and rests. Threads that wait for the GIL keep a CPU
        busy for seconds before one of them ends.
        """
        deadline = time.monotonic() + LEAVE_S
        fewest, since, spent_s = inf, time.monotonic(), 0.0
        while self._server.alive and time.monotonic() < deadline:
            try:
                descriptors, cpu_s = tree.read().descriptors, tree.cpu_s()
            except ProcessGoneError:  # it served to the end: the next visit starts another
                return
            # Of another user's process they are NaN: then nothing can be waited for.
            if not descriptors > idle_descriptors:
                return
            still_s = time.monotonic() - since
            if descriptors >= fewest and still_s > STILL_S and cpu_s - spent_s < IDLE_CPU * still_s:
                return
            if descriptors < fewest or still_s > STILL_S:
                fewest, since, spent_s = descriptors, time.monotonic(), cpu_s
            time.sleep(POLL_S)


class _View:
    """Looks at a fleet while it is loaded: is the server alive, and what is to be shown?"""

    def __init__(
        self,
        fleet: Fleet,
        telemetry: Telemetry,
        check_alive: Callable[[], None],
        on_progress: Callable[[Moment], None],
    ) -> None:
        self.fleet = fleet
        self.telemetry = telemetry
        self._check_alive = check_alive
        self._on_progress = on_progress
        self._shown_rate = _Rate()
        self._sampled_rate = _Rate()
        self._p99_ms = nan
        self._p99_at = 0.0
        telemetry.annotate = self._annotation

    def warm_up(self, warmup: WarmUp) -> None:
        """Let the load go on until windows may begin."""
        self.telemetry.phase = "warmup"
        began_s = time.monotonic()
        warmup.saw_messages(began_s, self.fleet.progress().messages)
        while not warmup.over:
            time.sleep(POLL_S)
            self.poll()
            warmup.saw_messages(time.monotonic(), self.fleet.progress().messages)
            sample = self.telemetry.latest()
            if sample and sample.t_s > began_s:
                warmup.saw_memory(sample.t_s, sample.rss_bytes)

    def window(self, seconds: float, slices: Slices) -> None:
        """Let the load go on for so long."""
        self.telemetry.phase = "window"
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(POLL_S, left))
            self.poll()
            slices.poll()

    def poll(self) -> None:
        """Show where the visit stands. Raises ServerDiedError."""
        self._check_alive()
        seen = self.fleet.progress()
        now = time.monotonic()
        if self.telemetry.phase != "open" and now - self._p99_at > PERCENTILE_S:
            self._p99_at = now
            histogram = Histogram.from_buffer(self.fleet.response_counts())
            self._p99_ms = histogram.percentile_ns(99) / 1e6
        sample = self.telemetry.latest()
        self._on_progress(
            Moment(
                self.telemetry.phase,
                seen.ready,
                seen.failed,
                self._shown_rate.of(seen.messages),
                self._p99_ms,
                sample.rss_bytes if sample else nan,
            )
        )

    def _annotation(self) -> dict[str, float]:
        seen = self.fleet.progress()
        return {
            "connected": seen.ready,
            "messages_per_s": self._sampled_rate.of(seen.messages),
        }


class _Rate:
    """How fast a counter grew since it was last asked."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._count = 0

    def of(self, count: int) -> float:
        now = time.monotonic()
        rate = (count - self._count) / max(now - self._at, 1e-3)
        self._at, self._count = now, count
        return rate
