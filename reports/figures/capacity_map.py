"""The capacity map: p99 over connections and messages/s per client, with the line of the SLO."""

import math
from collections.abc import Iterator
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from c10k.reports import style, wording
from c10k.reports.data import Raw
from c10k.reports.figures.axes import clients_tick, label_at, ticks
from c10k.reports.figures.canvas import Name, Picture, canvas, names, saved
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredServer, Point, Quantity

_DECADES: Final = 3  # below the SLO, from which on a cell is white

Edge = tuple[list[float], list[float]]
Cells = dict[tuple[int, int], Point]  # (column, row) -> what was measured there


def capacity_map(measured: Measured) -> Iterator[Picture]:
    """A picture a server."""
    looks = style.looks(measured.servers)
    for index, server in enumerate(measured.servers):
        cells = _cells(measured, server)
        if not cells:
            continue
        slo = wording.objective(measured.slo_p99_ms)
        figure, axes = canvas(
            _("Capacity: {server}", server=wording.shortened(server.label, 18)),
            _(
                "p99, ms; line: over {slo} or failures; dashed: the loader's limit",
                slo=slo,
            ),
            [_("per client")],
        )
        for (column, row), point in cells.items():
            _draw(axes, (column, row), measured.at(point, "response_p99_ms"), measured, server)
        for edge, told in _border(measured, cells):
            axes.plot(
                *edge,
                color=style.INK,
                linewidth=2.2 if told else 1.4,
                linestyle="solid" if told else (0, (2, 1.5)),
                solid_capstyle="projecting",
            )
        axes.set_xlim(-0.5, len(measured.steps) - 0.5)
        axes.set_ylim(-0.5, len(measured.map) - 0.5)
        ticks(axes, range(len(measured.steps)), [clients_tick(step) for step in measured.steps])
        label_at(
            axes.yaxis,
            range(len(measured.map)),
            [
                _("{value} /s", value=wording.stated(workload.rate_per_connection))
                for workload in measured.map
            ],
        )
        names(axes, [Name(_("per client"), 1.0, 0.5, looks[server.label].colour)])
        yield saved(
            f"capacity-{index + 1}-{server.label}",
            figure,
            _told(measured, server, cells),
            [_record(measured, point) for point in cells.values()],
            grid=False,
        )


def _cells(measured: Measured, server: MeasuredServer) -> Cells:
    return {
        (column, row): point
        for column, step in enumerate(measured.steps)
        for row, workload in enumerate(measured.map)
        if measured.rows(point := Point(server.label, workload.name, step))
    }


def _draw(
    axes: Axes,
    place: tuple[int, int],
    p99: Quantity,
    measured: Measured,
    server: MeasuredServer,
) -> None:
    colour = style.looks(measured.servers)[server.label].colour
    column, row = place
    share = p99.value / measured.slo_p99_ms
    decades = math.log10(share) if share > 0 else 0.0
    depth = min(max(1 + decades / _DECADES, 0.03), 1.0)
    axes.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour, alpha=0.75 * depth, linewidth=0)
    )
    axes.text(
        column,
        row,
        f"{wording.number(p99.value)}{p99.symbols}" if p99.known else p99.symbols,
        ha="center",
        va="center",
        fontsize=7,
        color=style.INK,
    )


def _border(measured: Measured, cells: Cells) -> Iterator[tuple[Edge, bool]]:
    """The edges between cells that hold and cells that do not, and whether that is the server's
    doing.
    """
    held = {place: measured.holds(point) for place, point in cells.items()}
    for (column, row), holds in held.items():
        right: Edge = ([column + 0.5, column + 0.5], [row - 0.5, row + 0.5])
        above: Edge = ([column - 0.5, column + 0.5], [row + 0.5, row + 0.5])
        for edge, beside in ((right, (column + 1, row)), (above, (column, row + 1))):
            if held.get(beside, holds) is not holds:
                beyond = cells[beside if holds else (column, row)]
                yield edge, not measured.open(beyond)


def _told(measured: Measured, server: MeasuredServer, cells: Cells) -> str:
    told = []
    for row, workload in enumerate(measured.map):
        points = [point for (_column, at), point in cells.items() if at == row]
        within = [point.connections for point in points if measured.holds(point)]
        most = _("at no step")
        if within:
            most = _("up to {clients} clients", clients=wording.count(max(within)))
        if any(measured.open(point) for point in points):
            most = _("{most} (beyond it the loader was the bottleneck)", most=most)
        told.append(f"{workload.rate} {most}")
    return _(
        "Capacity of {server}, p99 within {slo}: {rates}.",
        server=server.label,
        slo=wording.objective(measured.slo_p99_ms),
        rates="; ".join(told),
    )


def _record(measured: Measured, point: Point) -> dict[str, Raw]:
    p99 = measured.at(point, "response_p99_ms")
    rates = {workload.name: workload.rate_per_connection for workload in measured.map}
    return {
        "server": point.server,
        "connections": point.connections,
        "rate_per_connection": rates[point.workload],
        "response_p99_ms": p99.value,
        "messages_per_s": measured.at(point, "messages_per_s").value,
        "within_slo": measured.holds(point),
        "open": measured.open(point),
        "marks": p99.symbols,
    }
