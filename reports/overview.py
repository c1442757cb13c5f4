"""Every server beside every other, each under each workload at its largest step."""

from collections.abc import Iterator
from typing import Final

from c10k.reports import wording
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, Point, Quantity
from c10k.reports.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import Unit

_COUNT: Final = Unit("", wording.count)
_HEADINGS: Final = (
    *(N_("clients"), N_("messages/s"), N_("p50 ms"), N_("p99 ms")),
    *(N_("memory/conn"), N_("CPU µs/msg")),
)
_SHORT: Final = {  # so that lines fit into 80 columns
    "messages/s": N_("msg/s"),
    "memory/conn": N_("mem/conn"),
    "CPU µs/msg": N_("µs/msg"),
}


def headings() -> list[str]:
    """Of the lines for a terminal."""
    short = [_SHORT.get(heading, heading) for heading in _HEADINGS]
    return [_("workload"), _("server"), *map(_, short)]


def legend() -> str:
    """What these headings mean."""
    return _(
        "clients: the largest step; mem/conn: how much each connection adds to resident memory; "
        "µs/msg: CPU per message"
    )


def largest(measured: Measured) -> list[Point]:
    """The largest step of each server under each workload."""
    return [
        Point(server.label, workload.name, max(steps))
        for workload in measured.workloads
        for server in measured.servers
        if (
            steps := [
                step
                for step in measured.steps
                if measured.rows(Point(server.label, workload.name, step))
            ]
        )
    ]


def lines(measured: Measured) -> Iterator[list[str]]:
    """For a terminal: a row a server and workload; marks stand by the clients."""
    for point in largest(measured):
        cells = [cell(quantity, unit).text for quantity, unit in _figures(measured, point)]
        cells[0] += measured.at(point, "connected").symbols
        yield [point.workload, point.server, *cells]


def table(measured: Measured) -> Table:
    """The same for a page, with their models."""
    points = largest(measured)
    models = {server.label: f"{_(server.model)} ({server.language})" for server in measured.servers}
    return Table(
        "servers",
        _("All servers"),
        _(
            "Each at the largest step that it was put through. Memory/conn is how much each "
            "further connection adds to resident memory over the ramp."
        ),
        [
            Column(_("server"), head=True),
            Column(_("model"), kind="words"),
            *(Column(_(heading)) for heading in _HEADINGS),
        ],
        [
            Section(
                workload.heading,
                [
                    [
                        Cell(point.server, point.server),
                        Cell(models[point.server], models[point.server]),
                        *(cell(*figure) for figure in _figures(measured, point)),
                    ]
                    for point in points
                    if point.workload == workload.name
                ],
            )
            for workload in measured.workloads
        ],
        measured.footnotes(points),
        [measured.spread_note()],
        [_record(measured, point) for point in points],
    )


def _figures(measured: Measured, point: Point) -> Iterator[tuple[Quantity, Unit]]:
    """In the order of the headings."""
    yield measured.at(point, "connected"), _COUNT
    yield measured.at(point, "messages_per_s"), wording.PER_S
    yield measured.at(point, "response_p50_ms"), wording.PLAIN
    yield measured.at(point, "response_p99_ms"), wording.PLAIN
    yield measured.slope(point.server, point.workload, "resident_bytes"), wording.BYTES
    yield measured.at(point, "cpu_us_per_message"), wording.PLAIN


def _record(measured: Measured, point: Point) -> dict[str, str | int | float | bool | None]:
    columns = (
        *("connected", "messages_per_s", "response_p50_ms", "response_p99_ms"),
        *("resident_bytes_per_connection", "cpu_us_per_message"),
    )
    record: dict[str, str | int | float | bool | None] = {
        "workload": point.workload,
        "server": point.server,
        "connections": point.connections,
    }
    for column, (quantity, _unit) in zip(columns, _figures(measured, point), strict=True):
        record[column] = quantity.value
        record[f"{column}_low"] = quantity.low
        record[f"{column}_high"] = quantity.high
    return record | {"marks": measured.at(point, "connected").symbols}
