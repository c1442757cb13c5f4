"""The chapter's tables T1 to T4 with the measurement beside each figure, and the run's own table.

T1 to T4 share one form: for each of the chapter's two columns its figure, the measured one and the
ratio of the second to the first; then the two columns compared, as claimed and as measured.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reports import capacity, chapter, wording
from reports.chapter import Claim, Role
from reports.measured import Measured, Point, Quantity, Workload, exactly
from reports.table import NOTHING, Cell, Column, Raw, Section, Table, cell
from reports.wording import Unit

_MS = Unit("ms", wording.number)  # where the heading says the unit
STATISTICS: Final = {"mean": "mean", "p50": "p50", "p99": "p99", "p99_9": "p99.9"}
MEMORY: Final = {
    "rss": ("resident", "resident_bytes"),
    "vms": ("virtual", "vms_bytes"),
    "page_tables": ("page tables", "page_tables_bytes"),
    "kernel": ("kernel", "kernel_bytes"),
}
CLAIMED_MEMORY: Final = ("rss", "vms")  # what the chapter's memory figures can be held against


@dataclass(frozen=True)
class Line:
    """One line: what it names, its measure (key and unit), the chapter's figures and the run's."""

    heads: tuple[str, ...]
    key: str
    unit: Unit
    claim: Claim | None
    measured: dict[Role, Quantity]
    connections: int | None = None
    compared: Quantity = field(default=Quantity())
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """How a table compares the chapter's two columns: heading, unit and (threads, loop) -> it."""

    title: str
    unit: Unit
    of: Callable[[Quantity, Quantity], Quantity]

    def claimed(self, claim: Claim) -> Cell:
        """The comparison of the chapter's own figures."""
        synchronous, asynchronous = (exactly(claim.value(role)) for role in chapter.ROLES)
        value = self.of(synchronous, asynchronous).value
        return Cell(self.unit.text(value), value)


def _saved(synchronous: Quantity, asynchronous: Quantity) -> Quantity:
    part = asynchronous.by(synchronous)
    return replace(part, value=1 - part.value, low=1 - part.high, high=1 - part.low, bound="")


RATIO: Final = Comparison("sync ÷ async", wording.RATIO, Quantity.by)
SAVED: Final = Comparison("saved by async", wording.SHARE, _saved)


def chapter_tables(measured: Measured) -> list[Table]:
    """T1 to T4."""
    return [
        server_types(measured),
        memory(measured),
        response_by_load(measured),
        response_graph(measured),
    ]


def server_types(measured: Measured) -> Table:
    """T1: what each type of server can do."""
    busy = measured.nearest_step(chapter.CPU_EFFICIENCY_CLIENTS)
    usual = measured.nearest_step(1000)

    def lines(workload: Workload) -> Iterable[Line]:
        largest = {
            role: measured.max_connections(server.label, workload.name)
            for role, server in measured.role.items()
        }
        yield Line(
            ("max connections", f"p99 ≤ {measured.slo_p99_ms:g} ms"),
            "max",
            wording.COUNT,
            chapter.MAX_CONNECTIONS,
            largest,
            compared=_compared(RATIO, largest),
            points=tuple(_points(measured, workload, measured.steps)),
        )
        for key, (title, column) in MEMORY.items():
            slopes = {
                role: measured.slope(server.label, workload.name, column)
                for role, server in measured.role.items()
            }
            yield Line(
                ("memory a connection", title),
                f"memory_{key}",
                wording.BYTES,
                chapter.MEMORY_A_CONNECTION if key in CLAIMED_MEMORY else None,
                slopes,
                compared=_compared(RATIO, slopes),
            )
        yield _line(
            measured,
            (workload, busy, "cpu_efficiency"),
            ("CPU efficiency", f"at {busy:,} clients"),
            chapter.CPU_EFFICIENCY,
            Unit("share_of_1", wording.number),
        )
        for key in ("mean", "p50", "p99"):
            yield _line(
                measured,
                (workload, usual, f"response_{key}_ms"),
                (f"response time at {usual:,}", key),
                chapter.RESPONSE,
                wording.MS,
            )

    return _side_by_side(
        measured,
        "t1-server-types",
        "T1. Server types",
        "What each type of server can do. Max connections: the most with every connection verified "
        f"and served, no message failed and response p99 within {measured.slo_p99_ms:g} ms, among "
        "the steps and what a search tried. Memory a connection: how much each further connection "
        "adds over the ramp (slope). CPU efficiency: time on a CPU ÷ (time on a CPU + time "
        "runnable but waiting for one).",
        ("measure", "detail"),
        lines,
        notes=[*capacity.the_500(measured), *chapter.NOTES["T1"]],
    )


def memory(measured: Measured) -> Table:
    """T2: memory by number of connections."""

    def lines(workload: Workload) -> Iterable[Line]:
        for connections, claim in chapter.MEMORY.items():
            for key, (title, column) in MEMORY.items():
                yield _line(
                    measured,
                    (workload, connections, column),
                    (f"{connections:,}", title),
                    claim if key in CLAIMED_MEMORY else None,
                    wording.BYTES,
                    SAVED,
                )

    return _side_by_side(
        measured,
        "t2-memory",
        "T2. Memory by number of connections",
        "The whole server at each step, the interpreter included; kernel memory is the change on "
        "the host since before the connections were opened. 1 KB is 1,024 bytes.",
        ("connections", "memory"),
        lines,
        compare=SAVED,
        notes=chapter.NOTES["T2"],
    )


def response_by_load(measured: Measured) -> Table:
    """T3: response time by load."""

    def lines(workload: Workload) -> Iterable[Line]:
        for connections, claim in chapter.RESPONSE_BY_CLIENTS.items():
            for key, title in STATISTICS.items():
                yield _line(
                    measured,
                    (workload, connections, f"response_{key}_ms"),
                    (f"{connections:,} ({chapter.LOADS[connections]})", title),
                    claim,
                    _MS,
                )

    return _side_by_side(
        measured,
        "t3-response-time",
        "T3. Response time by load",
        "Milliseconds from when a message was due to its last echoed byte.",
        ("clients", "measure"),
        lines,
        unit="ms",
        notes=[*_of_ceiling(measured), *chapter.NOTES["T3"]],
    )


def _of_ceiling(measured: Measured) -> Iterable[str]:
    """How near each server came to what the loader can drive, at each step."""
    for workload in measured.workloads:
        for server in measured.servers:
            shares = [
                (f"{wording.share(share.value)}{share.symbols}", f"at {step:,}")
                for step in measured.steps
                for share in [measured.of_ceiling(Point(server.label, workload.name, step))]
                if share.known
            ]
            if shares:
                (share, at), *others = shares
                first = f"{share} of what this loader can drive here {at} clients"
                reached = wording.joined([first, *map(" ".join, others)])
                yield (
                    f"{server.label}, {workload.name}, reached {reached}; what it can drive was "
                    "measured on a bare echo server."
                )


def response_graph(measured: Measured) -> Table:
    """T4: the graph's figures at every step."""

    def lines(workload: Workload) -> Iterable[Line]:
        for connections in sorted({*chapter.GRAPH_CLIENTS, *measured.steps}):
            yield _line(
                measured,
                (workload, connections, "response_p50_ms"),
                (f"{connections:,}",),
                chapter.RESPONSE_BY_CLIENTS.get(connections),
                _MS,
            )

    return _side_by_side(
        measured,
        "t4-response-graph",
        "T4. Response time against clients",
        "The figures behind the chapter's graph: the median response time in milliseconds.",
        ("clients",),
        lines,
        unit="ms",
        notes=chapter.NOTES["T4"],
    )


def _points(measured: Measured, workload: Workload, steps: Sequence[int]) -> Iterable[Point]:
    for server in measured.role.values():
        for step in steps:
            yield Point(server.label, workload.name, step)


def _line(
    measured: Measured,
    place: tuple[Workload, int, str],
    heads: tuple[str, ...],
    claim: Claim | None,
    unit: Unit,
    compare: Comparison = RATIO,
) -> Line:
    """A line of one column of the steps at one number of connections."""
    workload, connections, column = place
    points = {
        role: Point(server.label, workload.name, connections)
        for role, server in measured.role.items()
    }
    values = {role: measured.at(point, column) for role, point in points.items()}
    compared = _compared(compare, values)
    if compare is RATIO and len(points) == len(chapter.ROLES):
        compared = measured.contrast(points["synchronous"], points["asynchronous"], column)
    key = column.removesuffix(f"_{unit.suffix}")
    return Line(heads, key, unit, claim, values, connections, compared, tuple(points.values()))


def _compared(compare: Comparison, values: dict[Role, Quantity]) -> Quantity:
    if len(values) < len(chapter.ROLES):
        return Quantity()
    return compare.of(values["synchronous"], values["asynchronous"])


def _side_by_side(
    measured: Measured,
    name: str,
    title: str,
    caption: str,
    heads: tuple[str, ...],
    lines: Callable[[Workload], Iterable[Line]],
    *,
    unit: str = "",
    compare: Comparison = RATIO,
    notes: Sequence[str] = (),
) -> Table:
    """The common form of T1 to T4, a section a workload."""
    columns = [Column(head, head=True) for head in heads]
    absent = []
    for role in chapter.ROLES:
        server = measured.role.get(role)
        group = f"{role} · {server.label if server else 'not in this run'}"
        absent += [] if server else [f"No server of this run stands for the {role} column."]
        columns += [
            Column("chapter", group, unit, tone=role, kind="claimed"),
            Column("measured", group, unit, tone=role, kind="measured"),
            Column("÷ chapter", group, tone=role, kind="ratio"),
        ]
    columns += [
        Column("chapter", compare.title, kind="claimed"),
        Column("measured", compare.title, kind="measured"),
    ]
    sections, records, points = [], [], []
    for workload in measured.workloads:
        servers = measured.role.values()
        if servers and not any(measured.visited(server, workload) for server in servers):
            continue
        of_workload = list(lines(workload))
        rows = [_cells(line, compare, unit) for line in of_workload]
        sections.append(Section(f"{workload.name}: {workload.description}", rows))
        points += [point for line in of_workload for point in line.points]
        records += [record for line in of_workload for record in _records(measured, workload, line)]
    return Table(
        name,
        title,
        caption,
        columns,
        sections,
        measured.footnotes(points),
        [*absent, measured.spread_note(), *notes],
        records,
    )


def _cells(line: Line, compare: Comparison, unit: str) -> list[Cell]:
    cells = [Cell(head, head) for head in line.heads]
    for role in chapter.ROLES:
        quantity = line.measured.get(role, Quantity())
        claim = line.claim.value(role) if line.claim else math.nan
        cells += [
            Cell(line.claim.text(role).removesuffix(f" {unit}"), claim) if line.claim else NOTHING,
            cell(quantity, line.unit),
            # The spread stands in the cell before, in the measure's own unit.
            replace(cell(quantity.by(exactly(claim)), wording.RATIO), spread="", marks=""),
        ]
    return [
        *cells,
        compare.claimed(line.claim) if line.claim else NOTHING,
        cell(line.compared, compare.unit),
    ]


def _records(measured: Measured, workload: Workload, line: Line) -> Iterable[dict[str, Raw]]:
    for role, quantity in line.measured.items():
        claim = line.claim.value(role) if line.claim else math.nan
        yield {
            "workload": workload.name,
            "measure": line.key,
            "connections": line.connections,
            "role": role,
            "server": measured.role[role].label,
            f"chapter_{line.unit.suffix}": claim,
            f"measured_{line.unit.suffix}": quantity.value,
            f"measured_low_{line.unit.suffix}": quantity.low,
            f"measured_high_{line.unit.suffix}": quantity.high,
            "bound": quantity.bound.strip(),
            "measured_by_chapter": quantity.by(exactly(claim)).value,
            "marks": quantity.symbols,
        }


# The run's own table: (heading, group, column of the steps, how its numbers are written).
_SECONDS = Unit("s", wording.number)
_NUMBER = Unit("", wording.number)
_COUNT = Unit("", wording.count)
STEP_COLUMNS: Final[Sequence[tuple[str, str, str, Unit]]] = (
    ("connected", "connections", "connected", _COUNT),
    ("set-up, s", "connections", "setup_s", _SECONDS),
    ("settling, s", "connections", "settle_s", _SECONDS),
    ("starved", "connections", "starved", _COUNT),
    ("errors", "connections", "errors", _COUNT),
    ("offered", "messages/s", "offered_per_s", _COUNT),
    ("echoed", "messages/s", "messages_per_s", _COUNT),
    ("ceiling", "messages/s", "ceiling_messages_per_s", _COUNT),
    ("mean", "response time, ms", "response_mean_ms", _NUMBER),
    ("p50", "response time, ms", "response_p50_ms", _NUMBER),
    ("p90", "response time, ms", "response_p90_ms", _NUMBER),
    ("p99", "response time, ms", "response_p99_ms", _NUMBER),
    ("p99.9", "response time, ms", "response_p99_9_ms", _NUMBER),
    ("max", "response time, ms", "response_max_ms", _NUMBER),
    ("Little's law", "response time, ms", "littles_law_ratio", _NUMBER),
    ("resident", "memory", "resident_bytes", wording.BYTES),
    ("shared divided", "memory", "pss_bytes", wording.BYTES),
    ("virtual", "memory", "vms_bytes", wording.BYTES),
    ("page tables", "memory", "page_tables_bytes", wording.BYTES),
    ("kernel", "memory", "kernel_bytes", wording.BYTES),
    ("threads", "memory", "threads", _COUNT),
    ("µs a message", "server CPU", "cpu_us_per_message", _NUMBER),
    ("CPUs busy", "server CPU", "cpu_share", _NUMBER),
    ("efficiency", "server CPU", "cpu_efficiency", _NUMBER),
    ("switches a message", "server CPU", "context_switches_per_message", _NUMBER),
    ("µs a message", "loader", "loader_cpu_us_per_message", _NUMBER),
    ("CPUs busy", "loader", "loader_cpu_share", _NUMBER),
    ("send lag p99, ms", "loader", "send_lag_p99_ms", _NUMBER),
    ("loader p99", "hiccups, ms", "hiccup_p99_ms", _NUMBER),
    ("loader max", "hiccups, ms", "hiccup_max_ms", _NUMBER),
    ("server p99", "hiccups, ms", "server_hiccup_p99_ms", _NUMBER),
    ("server max", "hiccups, ms", "server_hiccup_max_ms", _NUMBER),
    ("steal, s", "host", "steal_s", _NUMBER),
)


def steps(measured: Measured) -> Table:
    """Every server at every step: the main columns of what was measured."""
    points = measured.points()
    sections = [
        Section(
            f"{workload.name}: {workload.description}",
            [_step_cells(measured, point) for point in points if point.workload == workload.name],
        )
        for workload in measured.workloads
    ]
    return Table(
        "steps",
        "Every step",
        "A row a server and step. The ceiling is what the loader drove of a bare echo server; "
        "kernel memory is the change on the host since before the connections were opened; CPU is "
        "user and system time of the server's processes. Hiccups are how late a thread woke that "
        "had nothing else to do, on the CPUs of the loader and of the server.",
        [
            Column("clients", head=True),
            Column("server", head=True),
            *(Column(title, group) for title, group, _, _ in STEP_COLUMNS),
        ],
        sections,
        measured.footnotes(points),
        [measured.spread_note()],
        [_step_record(measured, point) for point in points],
        pinned=True,
    )


def _step_cells(measured: Measured, point: Point) -> list[Cell]:
    cells = [
        Cell(f"{point.connections:,}", point.connections),
        Cell(point.server, point.server, marks=measured.at(point, "connected").symbols),
    ]
    return cells + [
        # The marks stand by the server's name: they hold for the whole row.
        replace(cell(measured.at(point, column), unit), marks="")
        for _, _, column, unit in STEP_COLUMNS
    ]


def _step_record(measured: Measured, point: Point) -> dict[str, Raw]:
    rows = measured.rows(point)
    record: dict[str, Raw] = {
        "server": point.server,
        "workload": point.workload,
        "connections": point.connections,
        "repeats": len(rows),
        "status": "; ".join(dict.fromkeys(row["status"] for row in rows)),
        "loader_limited": measured.limited(point),
        "marks": "".join(mark.symbol for mark in measured.marks(point)),
    }
    for _, _, column, _ in STEP_COLUMNS:
        quantity = measured.at(point, column)
        record[column] = quantity.value
        record[f"{column}_low"] = quantity.low
        record[f"{column}_high"] = quantity.high
    return record
