"""The experiment: runs a plan, trial by trial, and stores each step before the next begins."""

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from c10k.experiment import capacity_search, loader_ceiling
from c10k.experiment.loader import Loader, ThisProcess, WorkerLostError
from c10k.experiment.plan import Plan, PlannedServer, Trial, load_on
from c10k.experiment.progress import Progress
from c10k.experiment.server_host import THIS_HOST, ServerHost, tls_to
from c10k.experiment.step_record import StepRecording
from c10k.experiment.trial import TrialRunner
from c10k.host.cpus import CpuSplit
from c10k.host.limits import most_connections
from c10k.loadgen.telemetry import ProcessGoneError
from c10k.loadgen.workload import Workload
from c10k.results.store import RunWriter, StepRecord
from c10k.servers.catalogue import ServerSpec
from c10k.servers.process import ServerStartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from c10k.experiment.loader import Member
    from c10k.experiment.loader_ceiling import Ceiling
    from c10k.experiment.server_host import Server

# What keeps a server from being measured: it does not start, or the agent on its host is lost.
NO_SERVER: Final = (ServerStartError, ProcessGoneError)


class Experiment:
    """Measures those steps of the plan that the run does not hold yet.

    Whatever interrupts it, the steps that were measured are stored and no server is left. The load
    comes from the `loader`, or from this process; the servers are on `host`.
    """

    def __init__(
        self,
        plan: Plan,
        writer: RunWriter,
        cpus: CpuSplit,
        progress: Progress,
        began: float,
        host: ServerHost = THIS_HOST,
        loader: Loader | None = None,
    ) -> None:
        self._loader = loader or ThisProcess(cpus)
        self._plan = plan
        self._writer = writer
        self._cpus = cpus
        self._progress = progress
        self._began = began
        self._host = host
        self._specs = {each.server: each.spec for each in plan.servers}
        self._logs = writer.directory / "logs"
        self._ceiling: Ceiling = ()
        self._ceiling_of: Sequence[Member] = ()
        self._starts: dict[tuple[str, str], ServerStartError | None] = {}

    def run(self) -> None:
        """Measure all ramps, then search. RunError when a step cannot be stored."""
        for workload, repeat, trials in self._plan.ramps():
            todo = [trial for trial in trials if trial not in self._writer.done()]
            if todo:
                with self._ramp(f"{workload.name}-{repeat}", workload) as ramp:
                    self._progress.repeat(repeat + 1, self._plan.profile.repeats)
                    for server in dict.fromkeys(trial.server for trial in todo):
                        with suppress(*NO_SERVER):  # it fails its own steps
                            ramp.server(self._specs[server])
                    for number, trial in enumerate(todo, start=1):
                        last = all(later.server != trial.server for later in todo[number:])
                        self._run_trial(ramp, trial, last=last)
        self._find_max()

    def _find_max(self) -> None:
        """Search for each server and workload, after the ramps, and store the results."""
        found = list(self._writer.manifest.get("max_connections", ()))
        known = {(each["server"], each["workload"]) for each in found}
        for server, workload in self._plan.searches():
            if (server.server, workload.name) not in known:
                with self._ramp(f"{workload.name}-max", workload) as ramp:
                    found.append(self._search(ramp, server, workload))
                self._writer.update_manifest(max_connections=found)

    def _search(self, ramp: "_Ramp", planned: PlannedServer, workload: Workload) -> dict[str, Any]:
        """One search: its result as run.json holds it. Each probe has a fresh server."""
        spec = planned.spec
        server = spec.server
        reach = capacity_search.REACH * self._plan.steps_of(planned, workload)[-1]
        most, limits = most_connections(
            reach,
            server.threads_per_connection,
            server.processes_per_connection,
            partial(self._host.limits_for, loader=self._loader.limits),
        )
        while True:
            rows = self._rows(spec, workload)
            obstacles = capacity_search.obstacles(rows, self._plan.p99_ms)
            tried = {number: not obstacle for number, obstacle in obstacles.items()}
            if not (number := capacity_search.next_probe(tried, most)):
                break
            probe = Trial(spec.text, workload.name, len(rows.get(number, ())), number)
            seconds = self._plan.seconds(planned, workload, number)
            others = capacity_search.probes_left(tried, most) - 1
            self._progress.time_left.expect({probe: seconds, (planned, workload): seconds * others})
            self._run_trial(ramp, probe, last=True)
        self._progress.time_left.expect({(planned, workload): 0.0})
        held, broken = capacity_search.bracket(tried)
        if broken is not None:
            why = f"at {broken:,}: {obstacles[broken]}"
        elif limits:
            why = f"this machine: {'; '.join(map(str, limits))}"
        else:
            why = f"not searched beyond {most:,}, {capacity_search.REACH} times the largest step"
        self._progress.say(f"max connections  {spec.text}, {workload.name}: {held:,} ({why})")
        return {"server": spec.text, "workload": workload.name, "connections": held, "why": why}

    def _rows(self, spec: ServerSpec, workload: Workload) -> dict[int, list[dict[str, Any]]]:
        """The steps of a server and workload, by the number of connections."""
        rows: dict[int, list[dict[str, Any]]] = {}
        for row in self._writer.steps():
            if (row["server"], row["workload"]) == (spec.text, workload.name):
                rows.setdefault(row["connections"], []).append(row)
        return rows

    def _ramp(self, name: str, workload: Workload) -> "_Ramp":
        # Before the first server starts.
        self._update_members()
        self._ceiling = loader_ceiling.of_run(
            self._plan, self._writer, self._cpus, self._progress, self._loader, self._host.address
        )
        self._ceiling_of = tuple(self._loader.members)
        self._describe_workers()  # what they drive is known now
        return _Ramp(self._host, self._logs, name, workload, self._cpus.server, self._starts)

    def _update_members(self) -> None:
        """Find out who drives the load next."""
        self._loader.update_members()
        self._describe_workers()

    def _describe_workers(self) -> None:
        if joined := self._loader.described():
            known = {each["name"]: each for each in self._writer.manifest.get("workers", ())}
            known |= {each["name"]: each for each in joined}
            self._writer.update_manifest(workers=list(known.values()))

    def _run_trial(self, ramp: "_Ramp", trial: Trial, *, last: bool) -> None:
        """Measure one step and store it."""
        self._progress.begin(trial)
        while True:
            self._update_members()
            try:
                record = self._measure(ramp, trial, last=last)
                break
            except WorkerLostError as lost:
                self._progress.say(f"{lost}; the step is repeated with those that remain")
        self._writer.append_step(record)
        self._progress.end(trial, record.step)

    def _measure(self, ramp: "_Ramp", trial: Trial, *, last: bool) -> StepRecord:
        spec = self._specs[trial.server]
        load = load_on(spec, ramp.workload)
        members = self._loader.members
        # With other workers it is not known.
        ceiling = self._ceiling if tuple(members) == self._ceiling_of else ()
        ceiling_per_s = loader_ceiling.at(
            ceiling, trial.connections, load, plain_tcp=spec.plain_tcp
        )
        recording = StepRecording(trial, load, self._began, ceiling_per_s, members)
        if short := [each for each in self._loader.limits(trial.connections) if not each.suffices]:
            return recording.failed("; ".join(map(str, short)))
        profile, see = self._plan.profile, self._progress.see
        try:
            server = ramp.server(spec)
            tls = tls_to(spec, server)
            runner = TrialRunner(server, profile, self._cpus, see, self._host, self._loader, tls)
            return runner.run(recording, last=last)
        except NO_SERVER as error:
            return recording.failed(str(error).splitlines()[0], str(error))


class _Ramp(ExitStack):
    """The server processes of one ramp under one workload, all ended with it.

    `starts` has the result of each server's first start, by server and handler, over all ramps. A
    server that did not listen then is not started again: each step would wait for it in vain.
    """

    def __init__(
        self,
        host: ServerHost,
        logs: Path,
        name: str,
        workload: Workload,
        cpus: tuple[int, ...],
        starts: dict[tuple[str, str], ServerStartError | None],
    ) -> None:
        super().__init__()
        self.workload = workload
        self._host = host
        self._logs = logs
        self._name = name
        self._cpus = cpus
        self._starts = starts
        self._servers: dict[str, Server] = {}

    def server(self, spec: ServerSpec) -> "Server":
        """Its process, a fresh one unless it is alive. Raises NO_SERVER."""
        if (running := self._servers.get(spec.text)) and running.alive:
            return running
        name = (spec.text, self.workload.handler)
        if given_up := self._starts.get(name):
            raise given_up
        log = self._logs / f"{self._name}-{spec.text.replace('/', '_')}.log"
        try:
            working = spec.handling(self.workload.handler)
            server = self._host.server(working, log, self._cpus)
            self.enter_context(server)
        except ServerStartError as error:
            self._starts.setdefault(name, error)
            raise
        self._starts.setdefault(name, None)
        self._servers[spec.text] = server
        return server
