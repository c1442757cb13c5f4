"""The run's own table: every server at every step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from c10k.reports import wording
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, Point
from c10k.reports.table import Cell, Column, Table, by_workload, cell
from c10k.reports.wording import Unit

# (heading, group, column of the steps, how its numbers are written).
_SECONDS = Unit("s", wording.number)
_NUMBER = Unit("", wording.number)
_COUNT = Unit("", wording.count)
COLUMNS: Final[Sequence[tuple[str, str, str, Unit]]] = (
    (N_("connected"), N_("connections"), "connected", _COUNT),
    (N_("set-up, s"), N_("connections"), "setup_s", _SECONDS),
    (N_("settling, s"), N_("connections"), "warmup_s", _SECONDS),
    (N_("starved"), N_("connections"), "starved", _COUNT),
    (N_("errors"), N_("connections"), "errors", _COUNT),
    (N_("offered"), N_("messages/s"), "offered_per_s", wording.PER_S),
    (N_("echoed"), N_("messages/s"), "messages_per_s", wording.PER_S),
    (N_("ceiling"), N_("messages/s"), "ceiling_messages_per_s", _COUNT),
    (N_("mean"), N_("response time, ms"), "response_mean_ms", _NUMBER),
    (N_("p50"), N_("response time, ms"), "response_p50_ms", _NUMBER),
    (N_("p90"), N_("response time, ms"), "response_p90_ms", _NUMBER),
    (N_("p99"), N_("response time, ms"), "response_p99_ms", _NUMBER),
    (N_("p99.9"), N_("response time, ms"), "response_p99_9_ms", _NUMBER),
    (N_("max"), N_("response time, ms"), "response_max_ms", _NUMBER),
    (N_("Little's law"), N_("response time, ms"), "littles_law_ratio", _NUMBER),
    (N_("resident"), N_("memory"), "resident_bytes", wording.BYTES),
    (N_("shared divided"), N_("memory"), "pss_bytes", wording.BYTES),
    (N_("virtual"), N_("memory"), "vms_bytes", wording.BYTES),
    (N_("page tables"), N_("memory"), "page_tables_bytes", wording.BYTES),
    (N_("kernel"), N_("memory"), "kernel_delta_bytes", wording.BYTES),
    (N_("threads"), N_("memory"), "threads", _COUNT),
    (N_("µs a message"), N_("server CPU"), "cpu_us_per_message", _NUMBER),
    (N_("CPUs busy"), N_("server CPU"), "cpu_cores", _NUMBER),
    (N_("efficiency"), N_("server CPU"), "cpu_efficiency", _NUMBER),
    (N_("switches a message"), N_("server CPU"), "context_switches_per_message", _NUMBER),
    (N_("µs a message"), N_("loader"), "loader_cpu_us_per_message", _NUMBER),
    (N_("CPUs busy"), N_("loader"), "loader_cpu_cores", _NUMBER),
    (N_("send lag p99, ms"), N_("loader"), "send_lag_p99_ms", _NUMBER),
    (N_("loader p99"), N_("hiccups, ms"), "hiccup_p99_ms", _NUMBER),
    (N_("loader max"), N_("hiccups, ms"), "hiccup_max_ms", _NUMBER),
    (N_("server p99"), N_("hiccups, ms"), "server_hiccup_p99_ms", _NUMBER),
    (N_("server max"), N_("hiccups, ms"), "server_hiccup_max_ms", _NUMBER),
    (N_("steal, s"), N_("host"), "steal_s", _NUMBER),
    (N_("others' CPU, s"), N_("host"), "other_processes_cpu_s", _NUMBER),
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
