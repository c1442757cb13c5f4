"""The run's own table: every server at every step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from c10k.reports import wording
from c10k.reports.data import Raw
from c10k.reports.language import _, later
from c10k.reports.measured import Measured, Point
from c10k.reports.table import Cell, Column, Table, by_workload, cell
from c10k.reports.wording import Unit

# (heading, group, column of the steps, how its numbers are written).
_SECONDS = Unit("s", wording.number)
_NUMBER = Unit("", wording.number)
_COUNT = Unit("", wording.count)
COLUMNS: Final[Sequence[tuple[str, str, str, Unit]]] = (
    (later("connected"), later("connections"), "connected", _COUNT),
    (later("set-up, s"), later("connections"), "setup_s", _SECONDS),
    (later("settling, s"), later("connections"), "warmup_s", _SECONDS),
    (later("starved"), later("connections"), "starved", _COUNT),
    (later("errors"), later("connections"), "errors", _COUNT),
    (later("offered"), later("messages/s"), "offered_per_s", wording.PER_S),
    (later("echoed"), later("messages/s"), "messages_per_s", wording.PER_S),
    (later("ceiling"), later("messages/s"), "ceiling_messages_per_s", _COUNT),
    (later("mean"), later("response time, ms"), "response_mean_ms", _NUMBER),
    (later("p50"), later("response time, ms"), "response_p50_ms", _NUMBER),
    (later("p90"), later("response time, ms"), "response_p90_ms", _NUMBER),
    (later("p99"), later("response time, ms"), "response_p99_ms", _NUMBER),
    (later("p99.9"), later("response time, ms"), "response_p99_9_ms", _NUMBER),
    (later("max"), later("response time, ms"), "response_max_ms", _NUMBER),
    (later("Little's law"), later("response time, ms"), "littles_law_ratio", _NUMBER),
    (later("resident"), later("memory"), "resident_bytes", wording.BYTES),
    (later("shared divided"), later("memory"), "pss_bytes", wording.BYTES),
    (later("virtual"), later("memory"), "vms_bytes", wording.BYTES),
    (later("page tables"), later("memory"), "page_tables_bytes", wording.BYTES),
    (later("kernel"), later("memory"), "kernel_delta_bytes", wording.BYTES),
    (later("threads"), later("memory"), "threads", _COUNT),
    (later("µs a message"), later("server CPU"), "cpu_us_per_message", _NUMBER),
    (later("CPUs busy"), later("server CPU"), "cpu_cores", _NUMBER),
    (later("efficiency"), later("server CPU"), "cpu_efficiency", _NUMBER),
    (later("switches a message"), later("server CPU"), "context_switches_per_message", _NUMBER),
    (later("µs a message"), later("loader"), "loader_cpu_us_per_message", _NUMBER),
    (later("CPUs busy"), later("loader"), "loader_cpu_cores", _NUMBER),
    (later("send lag p99, ms"), later("loader"), "send_lag_p99_ms", _NUMBER),
    (later("loader p99"), later("hiccups, ms"), "hiccup_p99_ms", _NUMBER),
    (later("loader max"), later("hiccups, ms"), "hiccup_max_ms", _NUMBER),
    (later("server p99"), later("hiccups, ms"), "server_hiccup_p99_ms", _NUMBER),
    (later("server max"), later("hiccups, ms"), "server_hiccup_max_ms", _NUMBER),
    (later("steal, s"), later("host"), "steal_s", _NUMBER),
    (later("others' CPU, s"), later("host"), "other_processes_cpu_s", _NUMBER),
)


def table(measured: Measured) -> Table:
    """Every server at every step: the main columns of what was measured."""
    points = measured.points()
    return Table(
        "steps",
        _("Every step"),
        _(
            "A row a server and step. The ceiling is what the loader drove of a bare echo server; "
            "kernel memory is the change on the host since before the connections were opened; "
            "CPU is user and system time of the server's processes. Hiccups are how late a thread "
            "woke that had nothing else to do, on the CPUs of the loader and of the server."
        ),
        [
            Column(_("clients"), head=True),
            Column(_("server"), head=True),
            *(Column(_(title), _(group)) for title, group, *_rest in COLUMNS),
        ],
        by_workload(measured, points, lambda point: _cells(measured, point)),
        measured.footnotes(points),
        [measured.spread_note()],
        [_record(measured, point) for point in points],
        pinned=True,
    )


def _cells(measured: Measured, point: Point) -> list[Cell]:
    cells = [
        Cell(wording.count(point.connections), point.connections),
        Cell(point.server, point.server, marks=measured.at(point, "connected").symbols),
    ]
    return cells + [
        # The marks stand by the server's name: they hold for the whole row.
        replace(cell(measured.at(point, column), unit), marks="")
        for *_titles, column, unit in COLUMNS
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
    for *_titles, column, _unit in COLUMNS:
        quantity = measured.at(point, column)
        record[column] = quantity.value
        record[f"{column}_low"] = quantity.low
        record[f"{column}_high"] = quantity.high
    return record
