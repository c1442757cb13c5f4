"""A pair: fresh servers of both, loaded in turn for a short time each, again and again.

While one is loaded the other rests. So a machine that changes its speed within a second changes it
for both, and the ratio of a pair varies two to five times less than that of two windows measured
one after the other (docs/regression.md).
"""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Final

from c10k.experiment import loader_ceiling
from c10k.experiment.cycle import Cycle
from c10k.experiment.loader import ThisProcess
from c10k.experiment.loader_ceiling import Ceiling
from c10k.experiment.plan import Plan, PlannedServer, Trial, load_on
from c10k.experiment.server_host import HOST, tls_to
from c10k.experiment.step_record import StepRecording
from c10k.experiment.trial import END_S, OPEN_S
from c10k.host.cpus import CpuSplit
from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.telemetry import HostMemory, ProcessGoneError, Telemetry, kernel_growth, usage
from c10k.loadgen.telemetry.system_calls import CountingError, SystemCalls
from c10k.results.store import StepRecord
from c10k.servers.process import ServerProcess, ServerStartError

SLICE_S: Final = 0.05  # at least: a turn of one server
DRAIN_PAUSE_S: Final = 0.0002  # a turn ends up to so much after its last reply
COUNTING_S: Final = 0.08  # of system calls


def measure(
    plan: Plan,
    number: int,
    coin: Random,
    cpus: CpuSplit,
    ceiling: Ceiling,
    logs: Path,
    on_progress: Callable[[Cycle], None],
) -> tuple[list[StepRecord], str]:
    """Measure a pair: the record of each side, and which of them failed, if one did."""
    with ExitStack() as stack:
        sides = [
            stack.enter_context(Side(each, plan, number, cpus, ceiling)) for each in plan.servers
        ]
        side = sides[0]
        failed = ""
        try:
            turn = coin.sample(sides, len(sides))
            for side in turn:
                side.open(logs / f"{number}-{side.recording.trial.server}.log", on_progress)
            for _ in range(slices(plan)):
                for side in coin.sample(sides, len(sides)):
                    side.load(slice_s(plan))
            for side in turn:
                side.close()
        except (ServerStartError, UnservedError, ProcessGoneError, OSError) as error:
            side.fail(error)
            failed = side.recording.trial.server
        records = [side.record() for side in sides]
        broken = [record.step["server"] for record in records if record.step["status"] != "ok"]
        return records, failed or next(iter(broken), "")


def slices(plan: Plan) -> int:
    """How many turns each server has."""
    return max(1, round(plan.profile.window_s / slice_s(plan)))


def slice_s(plan: Plan) -> float:
    """How long a turn is: in an open loop, every connection sends."""
    (workload,) = plan.workloads
    return max(SLICE_S, 1 / (workload.rate_per_connection or math.inf))


class UnservedError(Exception):
    """Some connections of a server got no correct reply."""


class Side(ExitStack):
    """One server of a pair, from its start to its end, and what is recorded of it.

    `open`, `load` and `close` raise ServerStartError, UnservedError, ProcessGoneError and OSError,
    and `close` RunError where a CPU was taken away.
    """

    _server: ServerProcess | None = None
    _started_at = math.nan

    def __init__(
        self, planned: PlannedServer, plan: Plan, number: int, cpus: CpuSplit, ceiling: Ceiling
    ) -> None:
        super().__init__()
        (workload,), (connections,) = plan.workloads, plan.steps
        self._plan, self._spec, self._cpus = plan, planned.spec, cpus
        self._load = load_on(self._spec, workload)
        ceiling_per_s = loader_ceiling.at(
            ceiling, connections, self._load, plain_tcp=self._spec.plain_tcp
        )
        trial = Trial(planned.server, workload.name, number, connections)
        self.recording = StepRecording(trial, self._load, time.monotonic(), ceiling_per_s)
        self._slices: list[Snapshot] = []

    def open(self, log: Path, on_progress: Callable[[Cycle], None]) -> None:
        """Start the server, open the connections, warm both up, and let them rest."""
        self._started_at = time.time()
        spec, profile, recording = self._spec, self._plan.profile, self.recording
        working = spec.handling(recording.workload.handler)
        server = self.enter_context(working.process(host=HOST, log=log, cpus=self._cpus.server))
        self._server = server
        self._telemetry = Telemetry(server.supervisor, itself=False)
        self._telemetry.tree.rescan()
        resident = self._telemetry.levels()["resident_bytes"]
        self._fleet = self.enter_context(
            ThisProcess(self._cpus).fleet(
                (server.host, server.port), self._load, tls=tls_to(spec, server)
            )
        )
        cycle = Cycle(self._fleet, on_progress)
        before = HostMemory.read()
        opened, opening = cycle.open(recording.trial.connections, OPEN_S)
        recording.add_opening(opened, opening)
        if opened.failed:
            raise UnservedError
        recording.warmup = cycle.warm_up(profile.warmup_s, profile.warmup_limit_s)
        recording.add_between(cycle.drain())
        kernel = kernel_growth(before, HostMemory.read())  # reading the rest takes memory itself
        self._telemetry.tree.rescan()
        levels = self._telemetry.levels()
        added = {"resident_delta_bytes": levels["resident_bytes"] - resident}
        recording.levels = levels | added | kernel
        self._begin = self._telemetry.reading("end")

    def load(self, seconds: float) -> None:
        """Load the server for so long, and let it answer all that it was sent."""
        self.recording.add_between(self._fleet.snapshot())  # connections may end at rest
        self._fleet.load()
        time.sleep(seconds)
        self._fleet.drain(most_pause_s=DRAIN_PAUSE_S)
        self._slices.append(self._fleet.snapshot())

    def close(self) -> None:
        """Take what the slices cost, count system calls, and end the server."""
        self._cpus.check()
        used = usage(self._begin, self._telemetry.reading("end"))
        window = Snapshot.of_all(self._slices)
        # Between its slices it rested, and the other server was at work.
        used |= {"cpu_cores": used["cpu_s"] / window.seconds, "other_processes_cpu_s": math.nan}
        self.recording.add_window(window, used, {})
        calls = {"system_calls_per_message": self._system_calls()}
        self.recording.levels = {**self.recording.levels, **calls}
        if self._server:
            self._server.stop(END_S)  # with its connections open: that is faster

    def fail(self, error: Exception) -> None:
        """Record why it could not be measured."""
        if isinstance(error, ProcessGoneError) and self._server:
            self.recording.failure = self._server.how_it_died()
        elif not isinstance(error, UnservedError):  # of which the record says how many
            self.recording.failure = str(error).splitlines()[0]

    def _system_calls(self) -> float:
        """How many the server makes per message, in a time of their own: counting slows each. NaN
        where they cannot be counted.
        """
        calls = math.nan
        with suppress(CountingError), SystemCalls(self._telemetry.tree.members) as counter:
            self.recording.add_between(self._fleet.snapshot())
            counter.start()
            self._fleet.load()
            time.sleep(COUNTING_S)
            self._fleet.drain()
            calls = counter.stop()
        counted = self._fleet.snapshot()
        self.recording.add_between(counted)
        return calls / counted.messages if counted.messages else math.nan

    def record(self) -> StepRecord:
        """The step as it is stored, however far it came."""
        return self.recording.record(self._started_at, [], "")
