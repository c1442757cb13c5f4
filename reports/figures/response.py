"""Response time against clients: on the chapter's axes (T4), and on logarithmic ones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from matplotlib.ticker import MaxNLocator

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.figures.axes import clients_tick, log_axis, ticks, time_tick
from c10k.reports.figures.canvas import (
    Line,
    Picture,
    canvas,
    claimed,
    clients_axis,
    described,
    drawn_points,
    ends,
    finished,
    series,
)
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredWorkload

_FEW: Final = 3


def as_chapter(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """T4: even spaces between 10, 100, 500, 1K, 5K and 10K clients, milliseconds from 0 to 200."""
    lines = series(measured, workload, "response_p50_ms")
    if not lines:
        return
    stated = claimed(measured, claims.RESPONSE_BY_CLIENTS)
    clients = sorted({*measured.steps, *(claims.GRAPH_CLIENTS if stated else ())})
    place = {count: float(index) for index, count in enumerate(clients)}
    drawn = [
        replace(line, x=[place[int(x)] for x in line.x], width=Line.width)
        for line in (*stated, *lines)
    ]
    figure, axes = canvas(
        _("Median response time, {workload}", workload=workload.name),
        _("on the chapter's axes; dashed: the chapter"),
        (line.label for line in drawn),
    )
    top = max(claims.GRAPH_TOP_MS if stated else 0, *ends(lines))
    axes.set_ylim(0, (top or 1) * 1.06)
    axes.set_xlim(-0.25, len(clients) - 0.85)
    ticks(axes, list(place.values()), [clients_tick(count) for count in clients])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: time_tick(value))
    picture = finished(
        f"response-{workload.name}",
        figure,
        axes,
        drawn,
        described(
            measured,
            workload,
            "response_p50_ms",
            _("Median response time"),
            wording.MS,
            claims.RESPONSE_BY_CLIENTS,
        ),
    )
    # The data are by clients, not by where these stand.
    yield replace(picture, records=drawn_points([*stated, *lines]))


def on_log_axes(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """Median and p99 on logarithmic axes."""
    medians = series(measured, workload, "response_p50_ms")
    if not medians:
        return
    alone = len(medians) <= _FEW  # more labels than that would only be in each other's way
    tails = [
        replace(
            line,
            label="p99" if alone else "",
            width=line.width / 2,
            full_name=f"{line.name}, p99",
        )
        for line in series(measured, workload, "response_p99_ms")
    ]
    stated = claimed(measured, claims.RESPONSE_BY_CLIENTS)
    lines = [*stated, *tails, *medians]
    figure, axes = canvas(
        _("Response time, {workload}", workload=workload.name),
        _("thick: median, thin: p99; dashed: the chapter"),
        (line.label for line in lines),
    )
    clients_axis(axes, lines)
    log_axis(axes, ends(lines), time_tick)
    yield finished(
        f"response-log-{workload.name}",
        figure,
        axes,
        lines,
        described(measured, workload, "response_p99_ms", _("p99 response time"), wording.MS),
    )
