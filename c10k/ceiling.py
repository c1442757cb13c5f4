"""The ceiling: what this loader drives here of an echo server that does nothing else.

It is measured as the steps are, over the same numbers of connections, with messages of the same
size and on the same CPUs. A server that comes near it may be faster than the loader can show.
"""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from c10k.cpus import CpuSplit
from c10k.plan import Plan, Profile, Visit
from c10k.progress import Progress
from c10k.visit import Visitor
from loadgen.workload import Workload
from servers.process import ServerProcess, ServerStartError

NAME: Final = "ceiling"
COMMAND: Final = (sys.executable, "-m", "loadgen.echo_server")
TOTAL_S: Final = 2.0  # of all windows together
LEAST_S: Final = 0.25  # of each
SETTLE_S: Final = 0.15  # by then 10,000 connections have had a turn each
KEPT: Final = ("messages_per_s", "loader_cpu_us_per_message", "loader_cpu_share")

Ceiling = Sequence[Mapping[str, Any]]
"""As run.json holds it: a mapping a number of connections and size of messages."""


def at(ceiling: Ceiling, connections: int, size_bytes: int) -> float:
    """Messages/s over so many connections; NaN where that was not measured."""
    for point in ceiling:
        if (point["connections"], point["size_bytes"]) == (connections, size_bytes):
            return float(point["messages_per_s"])
    return math.nan


def visits(plan: Plan) -> dict[Visit, int]:
    """The visits of the bare echo server, each with the size of its messages in bytes."""
    sizes = sorted({workload.size_bytes for workload in plan.workloads})
    return {Visit(f"bare echo, {size} B", NAME, 0, n): size for size in sizes for n in plan.steps}


def seconds(plan: Plan) -> dict[Visit, float]:
    """Roughly how long each of them takes."""
    held = replace(plan, profile=_profile(plan))
    return {visit: held.seconds(visit) for visit in visits(plan)}


def measure(plan: Plan, cpus: CpuSplit, log: Path, progress: Progress) -> tuple[Ceiling, str]:
    """Measure it at every step; also why some are missing, empty where none is."""
    ceiling, missing = [], []
    try:
        with ServerProcess(NAME, COMMAND, log=log, cpus=cpus.server) as server:
            visitor = Visitor(server, _profile(plan), cpus, progress.see)
            for visit, size in visits(plan).items():
                progress.begin(visit)
                workload = Workload(NAME, size_bytes=size)
                record = visitor.measure(visit, workload, time.monotonic())
                progress.end(visit, record)
                if record.step["status"] == "ok":
                    point = {"connections": visit.connections, "size_bytes": size}
                    ceiling.append(point | {name: record.step[name] for name in KEPT})
                else:
                    missing.append(f"{record.step['reason']} at {visit.connections:,} connections")
    except (ServerStartError, OSError, MemoryError) as error:
        missing.append(str(error).split("\n", 1)[0])
    return ceiling, "; ".join(missing)


def _profile(plan: Plan) -> Profile:
    """One short window a visit."""
    window_s = max(LEAST_S, TOTAL_S / len(visits(plan)))
    return Profile(NAME, "", SETTLE_S, 1, window_s, 1)
