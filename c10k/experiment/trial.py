"""One trial: one measuring cycle over a server's connections, with its telemetry and hiccups."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Final

from c10k.experiment.cycle import SLICE_S, Cycle
from c10k.experiment.loader import Loader, ThisProcess, WorkerLostError
from c10k.experiment.profile import Profile
from c10k.experiment.server_host import THIS_HOST, ServerHost
from c10k.experiment.step_record import StepRecording
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.host.stops import Stops
from c10k.loadgen.fleet import DRAIN_STILL_S, Fleet
from c10k.loadgen.telemetry import ProcessGoneError, kernel_growth, usage
from c10k.loadgen.tls import Tls
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord

if TYPE_CHECKING:
    from c10k.experiment.server_host import Server
    from c10k.loadgen.telemetry import ProcessTree
    from c10k.remote.telemetry import RemoteTree

    Tree = ProcessTree | RemoteTree

OPEN_S: Final = 600.0  # at most: Apache's prefork, which adds 32 processes a second, has 19,000
# How long a server may take to close a step's connections before the next trial.
LEAVE_S: Final = 60.0
STILL_S: Final = 1.0  # an idle server that has closed none for so long keeps the rest
IDLE_CPU: Final = 0.1  # of a CPU
POLL_S: Final = 0.002  # at first; then less and less often
LONGEST_POLL_S: Final = 0.1
# Between samples at the least. A warm-up may take 0.3 s, and needs two; within windows more often
# would disturb threads that contend for the GIL.
WARMUP_SAMPLE_S: Final = 0.07
SAMPLE_S: Final = 0.2
# Of a step, and kept in memory until it is stored: a slice takes 0.2 MB, a sample 2 KB. Those of
# longer steps are longer.
MOST_SLICES: Final = 60
MOST_SAMPLES: Final = 1_000
# Connections that a process may have to close at once. Of thousands of threads that woke together,
# each would wait for the GIL, and keep a CPU busy for seconds before the first one ends.
CLOSING: Final = 128
CLOSING_S: Final = 0.1  # a server that takes longer is given twice as many, and so on
# A server that starves its clients answers none for seconds, and is ended next.
STARVING_STILL_S: Final = 0.3
END_S: Final = 1.0  # how long a server may take to end after its last trial
PERCENTILE_S: Final = 0.5  # between two readings of the p99, which takes longer than the rest


@dataclass(frozen=True)
class Moment:
    """The state of a trial while it goes on."""

    phase: str  # open, warmup, window or close
    ready: int
    failed: int
    messages_per_s: float
    response_p99_ms: float  # of the window so far
    rss_bytes: float


class ServerDiedError(Exception):
    """The server ended while it was being loaded."""


class TrialRunner:
    """Runs one trial of a server of a host.

    `on_progress` is called about ten times a second with the trial's state. The load comes from
    the `loader`, or from this process, over TLS where `tls` says how to verify the server.
    """

    def __init__(
        self,
        server: "Server",
        profile: Profile,
        cpus: CpuSplit,
        on_progress: Callable[[Moment], None],
        host: ServerHost = THIS_HOST,
        loader: Loader | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._loader = loader or ThisProcess(cpus)
        self._server = server
        self._tls = tls
        self._profile = profile
        self._cpus = cpus
        self._on_progress = on_progress
        self._telemetry = host.telemetry(server, WARMUP_SAMPLE_S)
        self._p99_ms, self._p99_at = nan, 0.0
        self._messages, self._sampled_at = 0, time.monotonic()

    def run(self, recording: StepRecording, *, last: bool = False) -> StepRecord:
        """Measure one step. A server that dies or serves no connection makes a failed step, and
        raises nothing. Raises WorkerLostError where the step is to be repeated, and RunError where
        a CPU was taken away.

        After the `last` trial the server is ended, with its connections open: that is faster than
        to have each of them closed.
        """
        started_at = time.time()
        logged = self._server.log_bytes
        address, workload = (self._server.host, self._server.port), recording.workload
        with (
            self._telemetry as telemetry,
            Hiccups(self._cpus, workload.loop) as hiccups,
            Stops() as stops,
        ):
            try:
                idle = telemetry.tree.read()
                with self._loader.fleet(address, workload, tls=self._tls) as fleet:
                    telemetry.annotate = partial(self._annotation, fleet)
                    slice_s = max(SLICE_S, self._profile.seconds / MOST_SLICES)
                    cycle = Cycle(fleet, self._poll, telemetry.latest, slice_s)
                    starving = self._load(cycle, hiccups, stops, recording)
                    still_s = STARVING_STILL_S if last and starving else DRAIN_STILL_S
                    recording.add_between(cycle.drain(still_s))
                    log_tail = self._server.log_tail(since=logged)  # without what its end logs
                    if last:
                        self._server.stop(END_S)
                    else:
                        self._close(fleet, telemetry.tree, idle.descriptors)
            except (ServerDiedError, ProcessGoneError):
                recording.failure = self._server.how_it_died(since=logged)
                log_tail = self._server.log_tail(since=logged)
            except WorkerLostError as lost:
                # It may never learn that the worker's connections have ended: the next is fresh.
                self._server.stop(END_S)
                if self._loader.repeats_steps:
                    raise
                recording.failure = str(lost)
                log_tail = self._server.log_tail(since=logged)
            samples = telemetry.drain()
        return recording.record(started_at, samples, log_tail if recording.troubled else "")

    def _load(self, cycle: Cycle, hiccups: Hiccups, stops: Stops, recording: StepRecording) -> bool:
        """Open, warm up and measure; whether connections starved at the end."""
        fleet, profile, telemetry = cycle.fleet, self._profile, self._telemetry
        before = telemetry.memory()
        recording.add_opening(*cycle.open(recording.trial.connections, OPEN_S))
        telemetry.prepare()
        recording.warmup = cycle.warm_up(profile.warmup_s, profile.warmup_limit_s)
        telemetry.interval_s = max(SAMPLE_S, profile.seconds / MOST_SAMPLES)
        telemetry.rescan()
        left = profile.windows
        while left:
            begin = telemetry.reading("begin", give_way=recording.workload.loop == "open")
            hiccups.columns()
            recording.add_between(fleet.snapshot())
            stops.count = 0
            slices = list(cycle.window(profile.window_s))
            snapshot = fleet.snapshot()
            late = hiccups.columns()
            end = telemetry.reading("end")
            self._check_alive()
            self._cpus.check()
            if stops.count:  # the server waited for this process: that is no figure of its own
                recording.add_between(snapshot)
                cycle.warm_up(profile.warmup_s, profile.warmup_limit_s)
                continue
            growth = kernel_growth(before, end.memory)
            used = usage(begin, end, snapshot.seconds)
            recording.add_window(snapshot, used | growth, late, slices)
            left -= 1
        recording.add_between(fleet.snapshot())
        # Under load as in the windows, but after them: reading memory locks it, and what fails
        # meanwhile fails because of that.
        recording.levels = telemetry.levels()
        return snapshot.starved > 0

    def _check_alive(self) -> None:
        if not self._server.alive:
            raise ServerDiedError

    def _close(self, fleet: Fleet, tree: "Tree", idle_descriptors: float) -> None:
        """Close the connections, some at a time, and wait until the server has closed them too, or
        their end would cost the next trial.
        """
        try:
            at_once, left = CLOSING * int(tree.read().processes), fleet.connections
            while left := max(0, left - at_once):
                fleet.resize(left)
                if not self._has_left(tree, idle_descriptors + left, CLOSING_S):
                    at_once *= 2
            fleet.resize(0)
            self._has_left(tree, idle_descriptors, LEAVE_S)
        except ProcessGoneError:  # it served to the end: the next trial starts another
            return

    def _has_left(self, tree: "Tree", descriptors: float, within_s: float) -> bool:
        """Wait until the server has no more descriptors than these; whether it has closed so many.

        A pool that has grown keeps its descriptors, and is idle. Threads that wait for the GIL keep
        a CPU busy for seconds before one of them ends. Raises ProcessGoneError.
        """
        pause_s, deadline = POLL_S, time.monotonic() + within_s
        fewest, spent_s, since = tree.read().descriptors, tree.cpu_s(), time.monotonic()
        while self._server.alive and time.monotonic() < deadline:
            # NaN, of another user's process, is not waited for.
            if not (held := tree.read().descriptors) > descriptors:
                return True
            still_s = time.monotonic() - since
            if still_s > STILL_S:  # no sooner: reading the times of all threads holds them up
                cpu_s = tree.cpu_s()
                if held >= fewest and cpu_s - spent_s < IDLE_CPU * still_s:
                    return False
                fewest, spent_s, since = held, cpu_s, time.monotonic()
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_POLL_S)
        return False

    def _poll(self, cycle: Cycle) -> None:
        """Report the state. Raises ServerDiedError."""
        self._check_alive()
        self._telemetry.phase = cycle.phase
        now = time.monotonic()
        if cycle.phase in ("warmup", "window") and now - self._p99_at > PERCENTILE_S:
            self._p99_at = now
            histogram = Histogram.from_buffer(cycle.fleet.response_counts())
            self._p99_ms = histogram.percentile_ns(99) / 1e6
        status, sample = cycle.fleet.progress(), self._telemetry.latest()
        rate, rss_bytes = (sample.messages_per_s, sample.rss_bytes) if sample else (nan, nan)
        self._on_progress(
            Moment(cycle.phase, status.ready, status.failed, rate, self._p99_ms, rss_bytes)
        )

    def _annotation(self, fleet: Fleet) -> dict[str, float]:
        """What a sample holds of the fleet, which has no messages once it is closed. The rate is
        since the sample before. A worker that is lost is the trial's matter."""
        try:
            status, now = fleet.progress(), time.monotonic()
        except OSError:
            return {}
        rate = max(status.messages - self._messages, 0) / max(now - self._sampled_at, 1e-3)
        self._messages, self._sampled_at = status.messages, now
        return {"connected": status.ready, "messages_per_s": rate}
