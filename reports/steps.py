"""The run's own table: every server at every step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from reports import wording
from reports.data import Raw
from reports.measured import Measured, Point
from reports.table import Cell, Column, Table, by_workload, cell
from reports.wording import Unit

# (heading, group, column of the steps, how its numbers are written).
_SECONDS = Unit("s", wording.number)
_NUMBER = Unit("", wording.number)
_COUNT = Unit("", wording.count)
COLUMNS: Final[Sequence[tuple[str, str, str, Unit]]] = (
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
    ("others' CPU, s", "host", "others_cpu_s", _NUMBER),
)


def table(measured: Measured) -> Table:
    """Every server at every step: the main columns of what was measured."""
    points = measured.points()
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
            *(Column(title, group) for title, group, _, _ in COLUMNS),
        ],
        by_workload(measured, points, lambda point: _cells(measured, point)),
        measured.footnotes(points),
        [measured.spread_note()],
        [_record(measured, point) for point in points],
        pinned=True,
    )


def _cells(measured: Measured, point: Point) -> list[Cell]:
    cells = [
        Cell(f"{point.connections:,}", point.connections),
        Cell(point.server, point.server, marks=measured.at(point, "connected").symbols),
    ]
    return cells + [
        # The marks stand by the server's name: they hold for the whole row.
        replace(cell(measured.at(point, column), unit), marks="")
        for _, _, column, unit in COLUMNS
    ]


def _record(measured: Measured, point: Point) -> dict[str, Raw]:
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
    for _, _, column, _ in COLUMNS:
        quantity = measured.at(point, column)
        record[column] = quantity.value
        record[f"{column}_low"] = quantity.low
        record[f"{column}_high"] = quantity.high
    return record
