"""The details: percentile spectra, what was sampled over time, and the capacity map."""

import math
from collections.abc import Iterator
from typing import Final, cast

import numpy as np
from matplotlib.patches import Rectangle

from c10k.reports import style, wording
from c10k.reports.figures.axes import BYTES, RATE, TIME, short, ticks, y_axis
from c10k.reports.figures.lines import point_text, words
from c10k.reports.figures.sheet import Name, Picture, Sheet, label
from c10k.reports.language import N_, _
from c10k.reports.model.capacity import holds
from c10k.reports.model.measured import Measured, Point
from c10k.results.histogram import SAMPLES_BEYOND

_POINTS: Final = 100  # of a curve
_FASTEST: Final = 3  # of these, which the pictures are not about
_DECADES: Final = 3  # below the SLO, from which on a cell of the map is white
_HATCHES: Final = {True: "", False: "////", None: "...."}
_LOADED: Final = ("warmup", "window")  # in other phases no message is due
_COLUMNS: Final = {  # of the samples
    "rss_bytes": (N_("Resident memory over time"), BYTES, ("open", *_LOADED, "close")),
    "messages_per_s": (N_("Messages/s over time"), RATE, _LOADED),
}


def percentiles(measured: Measured) -> Iterator[Picture]:
    """HdrHistogram's picture: how long the slowest 10 %, 1 %, 0.1 % … wait, those that starve too,
    only as far as enough messages lie beyond; a line per step, a picture per server.
    """
    for workload in measured.ordered(measured.workloads):
        for index, (server, line_style) in enumerate(
            style.series_styles(measured.servers).items(), start=1
        ):
            curves = {}
            for step in measured.steps:
                histogram = measured.run.histograms(server, workload.name, step, "response")
                histogram += measured.run.histograms(server, workload.name, step, "waiting")
                if histogram.total > SAMPLES_BEYOND:
                    furthest = math.log10(histogram.total / SAMPLES_BEYOND)
                    one_in = np.logspace(0, furthest, _POINTS)
                    values_ms = histogram.percentiles_ns((100 * (1 - 1 / one_in)).tolist()) / 1e6
                    curves[step] = (one_in, values_ms)
            if not curves:
                continue
            name = wording.shortened(server, 40)
            sheet = Sheet(
                _("Percentiles of {server}, {workload}", server=name, workload=workload.name),
                _("response time; one line per number of clients"),
                map(short, curves),
            )
            (axes,) = sheet.axes
            y_axis(axes, [y for _, values in curves.values() for y in values[_FASTEST:]], TIME)
            decades = math.log10(max(one_in[-1] for one_in, _ in curves.values()))
            axes.set_xlim(0, decades)
            shares = [f"{100 - 100 / 10**n:.{max(0, n - 2)}f}%" for n in range(int(decades) + 1)]
            ticks(axes, range(len(shares)), shares)
            axes.set_xlabel(_("percentile"))
            names = []
            for row, (step, (one_in, values_ms)) in enumerate(curves.items(), start=1):
                shade, x = 0.3 + 0.7 * row / len(curves), np.log10(one_in)
                (line,) = axes.plot(
                    x, values_ms, color=line_style.colour, alpha=shade, linewidth=1.6
                )
                median = measured.at(Point(server, workload.name, step), "response_p50_ms")
                sheet.mark(line, server, [words(server, step, median, TIME)])
                names.append(Name(short(step), x[-1], values_ms[-1], line_style.colour, server))
            sheet.names(axes, names)
            yield sheet.saved(
                f"percentiles-{workload.name}-{index}-{server}",
                [
                    {"connections": step, "one_in": float(x), "response_ms": float(y)}
                    for step, (one_in, values_ms) in curves.items()
                    for x, y in zip(one_in, values_ms, strict=True)
                ],
                place="details",
                workload=workload.name,
            )


def telemetry(measured: Measured) -> Iterator[Picture]:
    """The samples of the first repeat, with a tick where each step begins."""
    styles = style.series_styles(measured.servers)
    samples = measured.run.samples
    first = samples[(samples["repeat"] == 0) & samples["connections"].isin(measured.steps)]
    for workload in measured.ordered(measured.workloads):
        ramp = first[first["workload"] == workload.name]
        for column, (title, measure, phases) in _COLUMNS.items():
            known = ramp[(ramp[column] >= 0) & ramp["phase"].isin(phases)]
            if not known[column].max() > 0:
                continue
            names = {server: label(server, among=len(styles)) for server in styles}
            subtitle = _("every sample of the first repeat")
            sheet = Sheet(f"{_(title)}, {workload.name}", subtitle, names.values())
            (axes,) = sheet.axes
            y_axis(axes, known[column], measure)
            begin_s, end_s = known["t_s"].min(), known["t_s"].max()
            axes.set_xlim(begin_s, max(end_s, begin_s + 1))
            begins = known.groupby("connections")["t_s"].min()
            ticks(axes, begins.tolist(), list(map(short, begins.index.tolist())))
            axes.grid()
            time = wording.milliseconds(1e3 * (end_s - begin_s))
            axes.set_xlabel(_("clients, over {time}", time=time))
            ends = {}
            for point, trial in known.groupby(["server", "connections"], sort=False):
                server, clients = map(str, cast("tuple[str, int]", point))
                colour, values = styles[server].colour, trial[column]
                (line,) = axes.plot(trial["t_s"], values, color=colour, linewidth=1.1)
                value = measure.between(values.min(), values.max())
                sheet.mark(line, server, [point_text(server, int(clients), value)])
                last_s, last = trial["t_s"].iloc[-1], values.iloc[-1]
                ends[server] = Name(names[server], last_s, last, colour, server)
            sheet.names(axes, ends.values())
            columns = ["t_s", "server", "connections", "phase", column]
            yield sheet.saved(
                f"{column.removesuffix('_bytes').replace('_', '-')}-over-time-{workload.name}",
                known[columns].to_dict("records"),
                place="details",
                workload=workload.name,
            )


def capacity_map(measured: Measured) -> Iterator[Picture]:
    """The p99 over connections and messages/s per client, a picture per server."""
    for index, (server, line_style) in enumerate(
        style.series_styles(measured.servers).items(), start=1
    ):
        cells = [
            (column, row, workload, point)
            for column, step in enumerate(measured.steps)
            for row, workload in enumerate(measured.map)
            if measured.rows(point := Point(server, workload.name, step))
        ]
        if not cells:
            continue
        sheet = Sheet(
            _("Capacity of {server}", server=wording.shortened(server, 40)),
            _(
                "p99 in ms, messages per client; hatched: over {slo} or failed; dotted: undecided",
                slo=wording.objective(measured.slo_p99_ms),
            ),
            height=30 * len(measured.map),
        )
        (axes,) = sheet.axes
        axes.set_xlim(-0.5, len(measured.steps) - 0.5)
        axes.set_ylim(-0.5, len(measured.map) - 0.5)
        axes.set_xlabel(_("clients"))
        ticks(axes, range(len(measured.steps)), list(map(short, measured.steps)))
        rates = [wording.stated(each.rate_per_connection) for each in measured.map]
        axes.set_yticks(range(len(rates)), [_("{value} /s", value=rate) for rate in rates])
        records = []
        for column, row, workload, point in cells:
            p99, held = measured.at(point, "response_p99_ms"), holds(measured, point)
            share = p99.value / measured.slo_p99_ms
            decades = math.log10(share) if share > 0 else 0.0
            shade = 0.6 * min(max(1 + decades / _DECADES, 0.03), 1.0)
            corner = (column - 0.5, row - 0.5)
            area = Rectangle(corner, 1, 1, color=line_style.colour, alpha=shade, linewidth=0)
            name = f"{server}, {workload.rate}"
            sheet.mark(axes.add_patch(area), server, [words(name, point.connections, p99, TIME)])
            edge = Rectangle(corner, 1, 1, fill=False, linewidth=0, hatch=_HATCHES[held])
            sheet.mark(axes.add_patch(edge), server)
            number = wording.number(p99.value) if p99.known else ""
            text = axes.text(column, row, number, ha="center", va="center")
            sheet.mark(text, server)
            text.set_bbox({"facecolor": style.PAPER, "alpha": 0.8, "linewidth": 0, "pad": 1})
            records.append(
                {
                    "server": server,
                    "connections": point.connections,
                    "rate_per_connection": workload.rate_per_connection,
                    "response_p99_ms": p99.value,
                    "messages_per_s": measured.at(point, "messages_per_s").value,
                    "within_slo": bool(held),
                    "open": held is None,
                    "flags": ", ".join(flag.phrase for flag in p99.flags),
                }
            )
        yield sheet.saved(f"capacity-{index}-{server}", records, place="details")
