"""The percentile spectrum: how long the slowest wait."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from c10k.reports import style, wording
from c10k.reports.figures.axes import clients_tick, log_axis, ticks, time_tick
from c10k.reports.figures.canvas import Line, Picture, canvas, drawn_points, ends, label_ends, saved
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredServer, MeasuredWorkload, Point, Quantity
from c10k.reports.style import SeriesStyle
from c10k.results.histogram import Histogram


def percentiles(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """HdrHistogram's picture: how long the slowest 10 %, 1 %, 0.1 % … wait, a line a step."""
    looks = style.looks(measured.servers)
    spectra = {
        server.label: _spectra(measured, server, workload, looks[server.label])
        for server in measured.servers
    }
    every = [line for drawn in spectra.values() for line, _histogram in drawn]
    # The few fastest are not what the pictures are about.
    usual = ends(replace(line, x=line.x[3:], values=line.values[3:]) for line in every)
    for index, server in enumerate(measured.servers):
        lines = [line for line, _histogram in spectra[server.label]]
        if not lines:
            continue
        figure, axes = canvas(
            _(
                "Percentiles of {server}, {workload}",
                server=wording.shortened(server.label, 18),
                workload=workload.name,
            ),
            _("response time; a line a number of clients"),
            (line.label for line in every),
        )
        axes.set_xscale("log")
        furthest = max(max(line.x) for line in every)
        axes.set_xlim(1, furthest)
        decades = range(math.floor(math.log10(furthest)) + 1)
        labels = [f"{100 * (1 - 10.0**-decade):.{max(0, decade - 2)}f}%" for decade in decades]
        ticks(axes, [10.0**decade for decade in decades], labels)
        axes.set_xlabel(_("percentile"))
        log_axis(axes, usual, time_tick)
        for line, shade in zip(lines, np.linspace(0.35, 1.0, len(lines)), strict=True):
            axes.plot(
                line.x,
                [y.value for y in line.values],
                color=line.look.colour,
                alpha=float(shade),
                linewidth=1.6,
            )
        label_ends(axes, lines)
        slowest, histogram = spectra[server.label][-1]
        alt = _(
            "Percentiles of the response time of {server}, {workload}: with {clients} clients half "
            "are answered within {median} and 99 % within {p99}.",
            server=server.label,
            workload=workload.name,
            clients=slowest.label,
            median=wording.milliseconds(histogram.percentile_ns(50) / 1e6),
            p99=wording.milliseconds(histogram.percentile_ns(99) / 1e6),
        )
        name = f"percentiles-{workload.name}-{index + 1}-{server.label}"
        yield saved(name, figure, alt, drawn_points(lines))


def _spectra(
    measured: Measured, server: MeasuredServer, workload: MeasuredWorkload, look: SeriesStyle
) -> list[tuple[Line, Histogram]]:
    """For each step the response time over 1 ÷ (1 - percentile), the waits of the starved too, and
    what it is of.
    """
    drawn = []
    for step in measured.steps:
        place = (server.label, workload.name, step)
        histogram = measured.run.histograms(*place, "response") + measured.run.histograms(
            *place, "waiting"
        )
        if not histogram.total:
            continue
        rarity = np.logspace(0, math.log10(max(histogram.total, 10)), 120)
        values = histogram.percentiles_ns(list(100 * (1 - 1 / rarity))) / 1e6
        marks = "".join(mark.symbol for mark in measured.marks(Point(*place)))
        line = Line(
            rarity.tolist(),
            [Quantity(float(value)) for value in values],
            f"{clients_tick(step)}{marks}",
            look,
        )
        drawn.append((line, histogram))
    return drawn
