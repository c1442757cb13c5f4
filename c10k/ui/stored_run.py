"""The run that a session stores: one, of all its tests, so that a report compares its servers."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from c10k.experiment import manifest, run_directory
from c10k.experiment.plan import Plan, PlannedServer, WorkloadSteps
from c10k.host.cpus import CpuSplit
from c10k.loadgen.workload import Workload
from c10k.results.store import Key, RunWriter, StepRecord
from c10k.ui.plateau import PROFILE


class StoredRun:
    """Is made with the first step. Whenever no test is under way, it is complete.

    Its methods raise RunError, in one line, for what cannot be written.
    """

    def __init__(
        self, out: Path | None, servers: Sequence[PlannedServer], cpus: CpuSplit, argv: list[str]
    ) -> None:
        self.began = time.monotonic()
        self.writer: RunWriter | None = None
        self._out = out
        self._servers = {each.server: each for each in servers}
        self._workloads: dict[str, Workload] = {}
        # All but the plan, which grows: this looks at the machine, and takes a second.
        empty = Plan(servers=tuple(replace(each, steps=(1,)) for each in servers))
        self._described = manifest.describe(empty, cpus, argv) | {"ceiling": []}

    @property
    def directory(self) -> Path | None:
        """Where it is; None before the first step."""
        return self.writer.directory if self.writer else None

    def done(self) -> set[Key]:
        """The steps that are on the disk."""
        return self.writer.done() if self.writer else set()

    def named(self, workload: Workload) -> Workload:
        """The workload by a name that no other one of this run has."""
        for number in count(1):
            name = workload.name if number == 1 else f"{workload.name} ({number})"
            load = replace(workload, name=name)
            if self._workloads.setdefault(name, load) == load:
                break
        return load

    def next_repeat(self, server: str, workload: str) -> int:
        """The number of the next test of a server with a workload, from 0: each is a ramp on a
        fresh process."""
        repeats = (key[2] for key in self.done() if key[:2] == (server, workload))
        return max(repeats, default=-1) + 1

    def append(self, record: StepRecord) -> None:
        """Put a step on the disk."""
        plan = manifest.described_plan(self._plan({*self.done(), record.key}))
        if self.writer is None:
            directory = self._out or run_directory.made(run_directory.named())
            self.writer = RunWriter(directory).create(self._described | plan)
        else:
            self.writer.update_manifest(**plan)
        self.writer.append_step(record)

    def finish(self, *, interrupted: bool = False) -> None:
        """Say that no test is under way any more, or that one was interrupted."""
        if self.writer:
            now = None if interrupted else datetime.now().astimezone().isoformat()
            self.writer.update_manifest(interrupted=interrupted, finished_at=now)

    def resume(self) -> None:
        """Say that another test is under way."""
        if self.writer:
            self.writer.update_manifest(interrupted=False, finished_at=None)

    def close(self) -> None:
        """Release the run."""
        if self.writer:
            self.writer.close()

    def _plan(self, keys: Iterable[Key]) -> Plan:
        """A plan of what was measured: as many repeats as every step of it has."""
        measured = Counter((server, workload, step) for server, workload, _, step in keys)
        loads: dict[str, set[str]] = defaultdict(set)  # of each server
        steps: dict[str, set[int]] = defaultdict(set)  # of each server
        of_load: dict[str, set[int]] = defaultdict(set)
        for server, workload, step in measured:
            loads[server].add(workload)
            steps[server].add(step)
            of_load[workload].add(step)
        workloads = [load for name, load in self._workloads.items() if name in of_load]
        return Plan(
            servers=tuple(
                replace(
                    each, steps=tuple(sorted(steps[label])), workloads=tuple(sorted(loads[label]))
                )
                for label, each in self._servers.items()
                if label in steps
            ),
            workloads=tuple(workloads),
            workload_steps=tuple(
                WorkloadSteps(load.name, tuple(sorted(of_load[load.name]))) for load in workloads
            ),
            steps=tuple(sorted({step for _, _, step in measured})),
            profile=replace(PROFILE, repeats=min(measured.values())),
        )
