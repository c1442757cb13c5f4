"""The ceiling: what this loader drives here of an echo server that does nothing else.

It is measured as the steps are: over the same numbers of connections, with messages of the same
size, on the same CPUs. A server that comes near it may be faster than the loader can show.
"""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from c10k.experiment.plan import Plan, Trial, load_on
from c10k.experiment.progress import Progress
from c10k.experiment.step_record import StepRecording
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import Workload
from c10k.results.store import StepRecord
from c10k.servers.process import ServerProcess, ServerStartError

NAME: Final = "ceiling"
COMMAND: Final = (sys.executable, "-P", "-m", "c10k.loadgen.echo_server")
TOTAL_S: Final = 2.0  # of all windows together
LEAST_S: Final = 0.25  # of each; all that is measured at a step, if that is less
WARMUP_S: Final = 0.2  # by then 10,000 connections have had a turn each
OPEN_S: Final = 15.0  # the most that is waited for connections to open
OPENING_S: Final = 0.00015  # what one takes to open and close
NO_TELEMETRY: Final = dict.fromkeys(
    ("cpu_s", "other_processes_cpu_s", "context_switches"), math.nan
)
KEPT: Final = ("messages_per_s", "loader_cpu_us_per_message", "loader_cpu_cores")

Ceiling = Sequence[Mapping[str, Any]]
"""As run.json holds it: a mapping a number of connections and size of messages."""


def at(ceiling: Ceiling, connections: int, workload: Workload) -> float:
    """Messages/s over so many connections; NaN where that was not measured."""
    for point in ceiling if _bounds(workload) else ():
        if (point["connections"], point["size_bytes"]) == (connections, workload.size_bytes):
            return float(point["messages_per_s"])
    return math.nan


def _bounds(workload: Workload) -> bool:
    """Whether the ceiling is one to this workload: echo, all connections active, and kept."""
    kept = workload.messages_per_connection is None
    return workload.protocol == "echo" and workload.active == 1 and kept


def trials(plan: Plan) -> dict[Trial, int]:
    """The visits of the bare echo server, each with the size of its messages in bytes."""
    loads = (
        load_on(server.spec, load)
        for server in plan.servers
        for load in plan.workloads
        if load.name in server.workloads
    )
    sizes = sorted({load.size_bytes for load in loads if _bounds(load)})
    return {Trial(f"bare echo, {size} B", NAME, 0, n): size for size in sizes for n in plan.steps}


def seconds(plan: Plan) -> dict[Trial, float]:
    """Roughly how long each of them takes."""
    return {
        trial: WARMUP_S + _window_s(plan) + OPENING_S * trial.connections for trial in trials(plan)
    }


def measure(plan: Plan, cpus: CpuSplit, log: Path, progress: Progress) -> tuple[Ceiling, str]:
    """Measure it at every step; also why some are missing, empty where none is."""
    ceiling: list[dict[str, Any]] = []
    missing = []
    if not trials(plan):
        return ceiling, ""
    try:
        with ServerProcess(NAME, COMMAND, log=log, cpus=cpus.server) as server:
            for trial, size in trials(plan).items():
                progress.begin(trial)
                record = _measured(server, trial, size, cpus, _window_s(plan))
                progress.end(trial, record)
                if record.step["status"] == "ok":
                    point = {"connections": trial.connections, "size_bytes": size}
                    ceiling.append(point | {name: record.step[name] for name in KEPT})
                else:
                    missing.append(f"{record.step['reason']} at {trial.connections:,} connections")
    except (ServerStartError, OSError, MemoryError) as error:
        missing.append(str(error).split("\n", 1)[0])
    return ceiling, "; ".join(missing)


def _measured(
    server: ServerProcess, trial: Trial, size_bytes: int, cpus: CpuSplit, window_s: float
) -> StepRecord:
    """One step, without telemetry: it gives way to the load, and this loader leaves no time."""
    workload = Workload(NAME, size_bytes=size_bytes)
    recording = StepRecording(trial, workload, time.monotonic())
    address = (server.host, server.port)
    with (
        Hiccups(cpus, workload.loop) as hiccups,
        Fleet(address, workload, cpus=cpus.loader) as fleet,
    ):
        fleet.resize(trial.connections)
        opened = fleet.wait_open(OPEN_S)
        fleet.load()
        recording.add_opening(opened, fleet.snapshot())
        time.sleep(WARMUP_S)
        recording.add_between(fleet.snapshot())
        time.sleep(window_s)
        recording.add_window(fleet.snapshot(), NO_TELEMETRY, hiccups.columns())
    record = recording.record(time.time(), [], "")
    # That the loader is the bottleneck is what is wanted here.
    return replace(record, step={**record.step, "loader_limited": False})


def _window_s(plan: Plan) -> float:
    held_s = plan.profile.windows * plan.profile.window_s
    return min(held_s, max(LEAST_S, TOTAL_S / len(trials(plan))))
