"""The loader ceiling: what this loader drives here of an echo server that does nothing else.

It is measured as a step is: over the same number of connections, with messages of the same size. A
server that comes near it may be faster than the loader can show.
"""

import math
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from c10k.experiment.cycle import Cycle
from c10k.experiment.loader import Loader, Member, ThisProcess
from c10k.experiment.plan import Plan, load_on
from c10k.loadgen.fleet import Fleet, Snapshot, loader_limited
from c10k.loadgen.workload import Workload
from c10k.results.histogram import Histogram
from c10k.servers.process import ServerProcess, ServerStartError

if TYPE_CHECKING:
    from c10k.experiment.progress import Progress
    from c10k.host.cpus import CpuSplit
    from c10k.results.store import RunWriter

NAME: Final = "ceiling"
COMMAND: Final = (sys.executable, "-P", "-m", "c10k.loadgen.echo_server")
TOTAL_S: Final = 2.0  # of all windows of a plan together
LEAST_S: Final = 0.25  # of each; all that is measured at a step, if that is less
WARMUP_S: Final = 0.2  # by then each of 10,000 connections has sent
OPEN_S: Final = 15.0  # at most
OPENING_S: Final = 0.00015  # what one connection takes to open and close
KEPT: Final = ("messages_per_s", "loader_cpu_us_per_message", "loader_cpu_cores")
# From this share of the ceiling on, a server cannot be distinguished from one that does nothing:
# repeated on a virtual machine, the ceiling has a standard deviation of about a tenth.
NEAR_CEILING: Final = 0.9

Ceiling = Sequence[Mapping[str, Any]]
"""As run.json holds it: a mapping for each number of connections and size of messages."""


class CeilingStep(NamedTuple):
    """Where the ceiling is measured."""

    connections: int
    size_bytes: int

    @property
    def labels(self) -> tuple[str, str]:
        """What stands in the place of a workload and of a server."""
        return NAME, f"bare echo, {self.size_bytes} B"


def limited(windows: Sequence[Snapshot], ceiling_per_s: float) -> bool:
    """Whether the loader, not the server, set the figures of these windows taken together.

    It was late or busy all the time, or drove nearly all that it can; NaN where that is not known.
    """
    messages = sum(window.messages for window in windows)
    near = NEAR_CEILING * ceiling_per_s * sum(window.seconds for window in windows)
    return loader_limited(windows) or 0 < near <= messages


def bounds(workload: Workload) -> bool:
    """Whether the ceiling is one to this workload: a closed loop of echo, in which all connections
    are active and stay open. An open loop says itself when its loader is late."""
    kept = workload.messages_per_connection is None
    closed = workload.loop == "closed"
    return closed and workload.protocol == "echo" and workload.active == 1 and kept


def at(ceiling: Ceiling, connections: int, workload: Workload, *, plain_tcp: bool = True) -> float:
    """Messages/s over so many connections; NaN where that was not measured, and where the server is
    reached another way than the bare echo server: over TLS, or a Unix socket."""
    for point in ceiling if bounds(workload) and plain_tcp else ():
        if (point["connections"], point["size_bytes"]) == (connections, workload.size_bytes):
            return float(point["messages_per_s"])
    return math.nan


def bare_server(
    log: Path, cpus: Sequence[int] | None, threads: int = 1, host: str = "127.0.0.1"
) -> ServerProcess:
    """The echo server that does nothing else, in so many threads."""
    return ServerProcess(NAME, (*COMMAND, str(threads), host), log=log, cpus=cpus)


def driven(
    fleet: Fleet,
    connections: int,
    window_s: float,
    on_progress: Callable[[Cycle], None] = lambda _: None,
) -> dict[str, Any]:
    """What a fleet drives of the bare echo server, by the columns of a step.

    No telemetry: it gives way to the load, and this loader leaves no time.
    """
    cycle = Cycle(fleet, on_progress, slice_s=math.inf)
    _, opening = cycle.open(connections, OPEN_S)
    cycle.warm_up(WARMUP_S, WARMUP_S)
    before = fleet.snapshot()
    list(cycle.window(window_s))
    window = fleet.snapshot()
    errors = sum((Counter(each.errors) for each in (opening, before, window)), Counter[str]())
    reason = "; ".join(f"{count:,} × {cause}" for cause, count in errors.most_common())
    if not window.messages:
        reason = reason or "no message was answered"
    return {
        "status": "failed" if reason else "ok",
        "reason": reason,
        "messages_per_s": window.messages / window.seconds,
        "response_p99_ms": Histogram.from_buffer(window.counts["response"]).percentile_ns(99) / 1e6,
        "loader_cpu_us_per_message": window.cpu_s * 1e6 / max(window.messages, 1),
        "loader_cpu_cores": window.cpu_cores,
    }


def steps(plan: Plan) -> list[CeilingStep]:
    """Where it is measured for a plan; nowhere if it bounds none of the workloads."""
    loads = (
        load_on(server.spec, load)
        for server in plan.servers
        for load in plan.workloads
        if load.name in server.workloads and server.spec.plain_tcp
    )
    sizes = sorted({load.size_bytes for load in loads if bounds(load)})
    return [CeilingStep(connections, size) for size in sizes for connections in plan.steps]


def time(plan: Plan) -> dict[Hashable, float]:
    """Roughly how long each step takes, in seconds."""
    held_s = WARMUP_S + _window_s(plan)
    return {step: held_s + OPENING_S * step.connections for step in steps(plan)}


def of_run(
    plan: Plan,
    writer: "RunWriter",
    cpus: "CpuSplit",
    progress: "Progress",
    loader: Loader | None = None,
    host: str = "127.0.0.1",
) -> Ceiling:
    """The run's ceiling, measured when it begins, and again when other workers drive the load. It
    is kept when the run is resumed."""
    known: Ceiling | None = writer.manifest.get("ceiling")
    workers = [each.name for each in loader.members] if loader else []
    if known is not None and (cpus.apart or writer.manifest.get("ceiling_of", []) == workers):
        return known
    progress.time_left.expect(time(plan))
    log = writer.directory / "logs" / f"{NAME}.log"
    measured, missing = measure(plan, cpus, log, progress, loader, host)
    warnings = writer.manifest["warnings"]
    if missing:
        warning = {
            "code": "ceiling",
            "message": f"the loader ceiling is not known at every step: {missing}",
            "remedy": "there a step is loader-limited by the loader's CPU alone; "
            f"the echo server's log is {log}",
        }
        progress.say(f"warning: {warning['message']}")
        warnings = [*warnings, warning]
    writer.update_manifest(ceiling=measured, ceiling_of=workers, warnings=warnings)
    return measured


def measure(
    plan: Plan,
    cpus: "CpuSplit",
    log: Path,
    progress: "Progress",
    loader: Loader | None = None,
    host: str = "127.0.0.1",
) -> tuple[Ceiling, str]:
    """Measure it at every step; also why some are missing, empty where none is.

    What each worker drives alone is measured, too, with its share of the largest step.
    """
    loader = loader or ThisProcess(cpus)
    ceiling: list[dict[str, Any]] = []
    missing = []
    if not steps(plan):
        return ceiling, ""
    try:
        with bare_server(log, cpus.server, max(1, len(loader.members)), host) as server:
            address = server.host, server.port
            for step in steps(plan):
                progress.begin(step)
                row = _point(plan, loader, address, step)
                progress.end(step, row)
                if row["status"] == "ok":
                    ceiling.append(_kept(step, row))
                else:
                    missing.append(f"{row['reason']} at {step.connections:,} connections")
            for member in loader.members:
                member.ceiling[:] = _alone(plan, loader, address, member)
    except (ServerStartError, OSError, MemoryError) as error:
        missing.append(str(error).split("\n", 1)[0])
    return ceiling, "; ".join(missing)


def _alone(
    plan: Plan, loader: Loader, address: tuple[str, int], member: Member
) -> list[dict[str, Any]]:
    """What a worker drives alone with its share of the largest step, for each size of messages."""
    largest = max(step.connections for step in steps(plan))
    share = math.ceil(largest / len(loader.members))
    points = [
        CeilingStep(share, step.size_bytes) for step in steps(plan) if step.connections == largest
    ]
    rows = {point: _point(plan, loader, address, point, [member]) for point in points}
    return [_kept(point, row) for point, row in rows.items() if row["status"] == "ok"]


def _point(
    plan: Plan,
    loader: Loader,
    address: tuple[str, int],
    step: CeilingStep,
    members: Sequence[Member] | None = None,
) -> dict[str, Any]:
    with loader.fleet(address, Workload(NAME, size_bytes=step.size_bytes), members) as fleet:
        return driven(fleet, step.connections, _window_s(plan))


def _kept(step: CeilingStep, row: Mapping[str, Any]) -> dict[str, Any]:
    return step._asdict() | {name: row[name] for name in KEPT}


def _window_s(plan: Plan) -> float:
    held_s = plan.profile.seconds
    return min(held_s, max(LEAST_S, TOTAL_S / max(len(steps(plan)), 1)))
