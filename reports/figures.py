"""The pictures of a run. Each is drawn once and given out as SVG (file and page) and PNG."""

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports import chapter, style, wording
from reports.measured import Mark, Measured, Point, Quantity, Server, Workload
from reports.style import Look

_LEFT: Final = 0.15  # where the axes begin
_LABEL_LENGTH: Final = 16  # most characters of a line's label
_CHARACTER: Final = 0.59  # its width on average, by the font's size
_LINE: Final = 1.18  # the height of a line of text, by the font's size
_HEIGHT: Final = 0.64  # of the axes, by the picture's
_FEW: Final = 3
_SVG_METADATA: Final = ("Creator", "Date", "Format", "Type")  # left out


@dataclass(frozen=True)
class Picture:
    """A picture: `name` is its files', `alt` says what it shows, computed from the data."""

    name: str
    title: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class Line:
    """One line to draw: x, the measured quantities, its look and the label at its end."""

    x: Sequence[float]
    values: Sequence[Quantity]
    label: str
    look: Look
    width: float = 1.8
    dashed: bool = False

    @property
    def known(self) -> list[tuple[float, Quantity]]:
        """The points that were measured."""
        return [(x, y) for x, y in zip(self.x, self.values, strict=True) if y.known]

    @property
    def ends(self) -> list[float]:
        """What was measured, and the ends of its intervals."""
        ends = [end for _, y in self.known for end in (y.value, y.low, y.high)]
        return [end for end in ends if not math.isnan(end)]


def pictures(measured: Measured) -> list[Picture]:
    """Every picture that the run has data for, in the order of the page."""
    with mpl.rc_context(style.RC):
        drawn = [_each(measured, draw) for draw in (_response_as_chapter, _response_on_log_axes)]
        drawn.append(_memory(measured))
        drawn += [_each(measured, draw) for draw in (_cpu, _throughput, _percentiles)]
        return [picture for pictures in drawn for picture in pictures]


def _each(
    measured: Measured, draw: Callable[[Measured, Workload], Iterator[Picture]]
) -> Iterator[Picture]:
    for workload in measured.workloads:
        yield from draw(measured, workload)


def _series(measured: Measured, workload: Workload, column: str) -> list[Line]:
    """A line a server of one column of the steps."""
    looks = style.looks(measured.servers)
    lines = [
        Line(
            measured.steps,
            [
                measured.at(Point(server.label, workload.name, step), column)
                for step in measured.steps
            ],
            wording.shortened(server.label, _LABEL_LENGTH),
            looks[server.label],
            width,
        )
        for server, width in zip(measured.servers, _widths(len(measured.servers)), strict=True)
    ]
    return [line for line in lines if line.known]


def _widths(count: int) -> list[float]:
    """Each line a little thinner than those below it, so that none hides another."""
    return [1.5 + 0.9 * (count - 1 - index) / max(1, count - 1) for index in range(count)]


def _claimed(measured: Measured, claims: dict[int, chapter.Claim]) -> list[Line]:
    """The chapter's lines, for those of its columns that a server of the run stands for."""
    return [
        Line(
            list(claims),
            [Quantity(claim.value(role)) for claim in claims.values()],
            "chapter",
            Look(style.ROLE_HUES[role], ""),
            dashed=True,
        )
        for role in chapter.ROLES
        if role in measured.role
    ]


def _response_as_chapter(measured: Measured, workload: Workload) -> Iterator[Picture]:
    """T4: even spaces between 10, 100, 500, 1K, 5K and 10K clients, milliseconds from 0 to 200."""
    lines = _series(measured, workload, "response_p50_ms")
    if not lines:
        return
    claimed = _claimed(measured, chapter.RESPONSE_BY_CLIENTS)
    clients = sorted({*measured.steps, *(chapter.GRAPH_CLIENTS if claimed else ())})
    place = {count: float(index) for index, count in enumerate(clients)}
    drawn = [
        Line(
            [place[int(x)] for x in line.x], line.values, line.label, line.look, dashed=line.dashed
        )
        for line in (*claimed, *lines)
    ]
    figure, axes = _canvas(
        f"Median response time, {workload.name}",
        "on the chapter's axes; dashed: the chapter",
        drawn,
    )
    top = max(chapter.GRAPH_TOP_MS if claimed else 0, *(end for line in lines for end in line.ends))
    axes.set_ylim(0, top * 1.06)
    axes.set_xlim(-0.25, len(clients) - 0.85)
    _ticks(axes, list(place.values()), [_clients(count) for count in clients])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: _time(value))
    yield _finish(
        f"response-{workload.name}",
        figure,
        axes,
        drawn,
        _alt(
            measured,
            workload,
            "response_p50_ms",
            "Median response time",
            wording.MS,
            chapter.RESPONSE_BY_CLIENTS,
        ),
    )


def _response_on_log_axes(measured: Measured, workload: Workload) -> Iterator[Picture]:
    medians = _series(measured, workload, "response_p50_ms")
    if not medians:
        return
    alone = len(medians) <= _FEW  # more labels than that would only be in each other's way
    tails = [
        replace(line, label="p99" if alone else "", width=line.width / 2)
        for line in _series(measured, workload, "response_p99_ms")
    ]
    claimed = _claimed(measured, chapter.RESPONSE_BY_CLIENTS)
    lines = [*claimed, *tails, *medians]
    figure, axes = _canvas(
        f"Response time, {workload.name}", "thick: median, thin: p99; dashed: the chapter", lines
    )
    _clients_axis(axes, lines)
    _log_axis(axes, lines, _time)
    yield _finish(
        f"response-log-{workload.name}",
        figure,
        axes,
        lines,
        _alt(measured, workload, "response_p99_ms", "p99 response time", wording.MS),
    )


def _memory(measured: Measured) -> Iterator[Picture]:
    """Resident and virtual memory on the same scale, under the most relaxed workload."""
    workload = measured.workload("open") or measured.workloads[0]
    kinds = {
        "resident": ("resident_bytes", "what the server occupies"),
        "virtual": ("vms_bytes", "what the server reserves"),
    }
    claimed = _claimed(measured, chapter.MEMORY)
    every = {kind: _series(measured, workload, column) for kind, (column, _) in kinds.items()}
    for kind, (column, meaning) in kinds.items():
        if not every[kind]:
            continue
        lines = [*claimed, *every[kind]]
        figure, axes = _canvas(
            f"{kind.capitalize()} memory, {workload.name}", f"{meaning}; dashed: the chapter", lines
        )
        _clients_axis(axes, lines)
        _log_axis(axes, [*claimed, *(line for some in every.values() for line in some)], None)
        low, high = axes.get_ylim()
        sizes = [
            count * unit
            for unit in (1, chapter.KB, chapter.MB, chapter.GB, 1024 * chapter.GB)
            for count in (1, 10, 100)
        ]
        axes.set_yticks([size for size in sizes if low <= size <= high])
        axes.yaxis.set_major_formatter(lambda value, _: _bytes(value))
        yield _finish(
            f"memory-{kind}",
            figure,
            axes,
            lines,
            _alt(
                measured,
                workload,
                column,
                f"{kind.capitalize()} memory",
                wording.BYTES,
                chapter.MEMORY,
            ),
        )


def _cpu(measured: Measured, workload: Workload) -> Iterator[Picture]:
    yield from _plain(
        measured,
        workload,
        "cpu_us_per_message",
        ("cpu", "CPU a message", "user and system time of the server", "µs"),
    )


def _throughput(measured: Measured, workload: Workload) -> Iterator[Picture]:
    highest = [Quantity(measured.ceiling(workload.name, step)) for step in measured.steps]
    ceiling = Line(measured.steps, highest, "ceiling", Look("muted", ""), dashed=True)
    subtitle = "messages echoed and verified in a second"
    if ceiling.known:
        subtitle = "messages a second; dashed: the most this loader can drive"
    yield from _plain(
        measured,
        workload,
        "messages_per_s",
        ("throughput", "Throughput", subtitle, "/s"),
        [ceiling] if ceiling.known else [],
    )


def _plain(
    measured: Measured,
    workload: Workload,
    column: str,
    words: tuple[str, str, str, str],
    beside: Sequence[Line] = (),
) -> Iterator[Picture]:
    """A column against clients: from zero, or on a logarithmic axis where it spans much.

    Lines `beside` are drawn with those of the servers.
    """
    name, title, subtitle, unit = words
    lines = _series(measured, workload, column)
    if not lines:
        return
    lines = [*beside, *lines]
    values = [end for line in lines for end in line.ends]
    figure, axes = _canvas(f"{title}, {workload.name}", subtitle, lines)
    _clients_axis(axes, lines)

    def text(value: float) -> str:
        return f"{_clients(value) if value >= 1000 else f'{value:g}'} {unit}"

    if min(values) > 0 and max(values) / min(values) > 25:
        _log_axis(axes, lines, text)
    else:
        axes.set_ylim(0, (max(values) or 1) * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: text(value))
    alt = _alt(
        measured, workload, column, title, wording.Unit("", lambda v: f"{wording.number(v)} {unit}")
    )
    for line in beside:
        (first, one), (last, other) = line.known[0], line.known[-1]
        ends = f"{wording.number(one.value)} {unit} at {first:,} clients"
        ends += f", {wording.number(other.value)} {unit} at {last:,}"
        alt = f"{alt[:-1]}; dashed, the {line.label}: {ends}."
    yield _finish(f"{name}-{workload.name}", figure, axes, lines, alt)


def _percentiles(measured: Measured, workload: Workload) -> Iterator[Picture]:
    """HdrHistogram's picture: how long the slowest 10 %, 1 %, 0.1 % … wait, a line a step."""
    looks = style.looks(measured.servers)
    spectra = {
        server.label: _spectra(measured, server, workload, looks[server.label])
        for server in measured.servers
    }
    every = [line for lines in spectra.values() for line in lines]
    for index, server in enumerate(measured.servers):
        lines = spectra[server.label]
        if not lines:
            continue
        figure, axes = _canvas(
            f"Percentiles of {wording.shortened(server.label, 18)}, {workload.name}",
            "response time; a line a number of clients",
            every,
        )
        axes.set_xscale("log")
        furthest = max(max(line.x) for line in every)
        axes.set_xlim(1, furthest)
        decades = range(math.floor(math.log10(furthest)) + 1)
        labels = [f"{100 * (1 - 10.0**-decade):.{max(0, decade - 2)}f}%" for decade in decades]
        _ticks(axes, [10.0**decade for decade in decades], labels)
        axes.set_xlabel("percentile")
        usual = [replace(line, x=line.x[3:], values=line.values[3:]) for line in every]
        _log_axis(axes, usual, _time)  # the few fastest are not what the picture is about
        for line, shade in zip(lines, np.linspace(0.35, 1.0, len(lines)), strict=True):
            axes.plot(
                line.x,
                [y.value for y in line.values],
                color=line.look.colour,
                alpha=float(shade),
                linewidth=1.6,
            )
        _label_ends(axes, lines)
        slowest = lines[-1]
        alt = (
            f"Percentiles of the response time of {server.label}, {workload.name}: with "
            f"{slowest.label} clients half are answered within "
            f"{wording.milliseconds(_at_percentile(slowest, 2))} and 99 % within "
            f"{wording.milliseconds(_at_percentile(slowest, 100))}."
        )
        name = f"percentiles-{workload.name}-{index + 1}-{server.label}"
        yield _saved(name, figure, alt)


def _spectra(measured: Measured, server: Server, workload: Workload, look: Look) -> list[Line]:
    """For each step the response time over 1 ÷ (1 - percentile), the waits of the starved too."""
    lines = []
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
        lines.append(
            Line(
                rarity.tolist(),
                [Quantity(float(value)) for value in values],
                f"{_clients(step)}{marks}",
                look,
            )
        )
    return lines


def _at_percentile(line: Line, rarity: float) -> float:
    return float(np.interp(rarity, line.x, [y.value for y in line.values]))


# Drawing.


def _canvas(title: str, subtitle: str, lines: Iterable[Line]) -> tuple[Figure, Axes]:
    """A figure with its titles, and axes that leave room at the right for the lines' labels."""
    labels = {line.label for line in lines}
    height = max(style.HEIGHT, len(labels) * _LINE * style.FONT / _HEIGHT)
    figure = Figure(figsize=(style.WIDTH / 72, height / 72), dpi=72)  # a pixel is a point
    longest = max(map(len, labels))
    room = (longest * _CHARACTER + 1.5) * style.FONT / style.WIDTH
    axes = figure.add_axes((_LEFT, 0.16, 1 - _LEFT - room, _HEIGHT))
    figure.text(0.015, 0.975, title, fontsize=11.5, fontweight="bold", va="top")
    figure.text(0.015, 0.908, subtitle, color=style.MUTED, va="top")
    axes.set_xlabel("clients")
    return figure, axes


def _clients_axis(axes: Axes, lines: Iterable[Line]) -> None:
    counts = sorted({count for line in lines for count in line.x})
    axes.set_xscale("log")
    axes.set_xlim(counts[0] / 1.25, counts[-1] * 1.12)
    _ticks(axes, counts, [_clients(count) for count in counts])


def _ticks(axes: Axes, places: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks with labels; labels that would touch the next one are left out, the last one stays."""
    axes.set_xticks(places, labels)
    axes.minorticks_off()
    last = math.inf
    for tick, place in reversed(list(zip(axes.get_xticklabels(), places, strict=True))):
        x = float(axes.transData.transform((place, 1))[0])
        room = (len(tick.get_text()) + 0.5) * _CHARACTER * style.FONT / 2
        if x + room > last:
            tick.set_visible(False)
        else:
            last = x - room


def _log_axis(axes: Axes, lines: Iterable[Line], text: Callable[[float], str] | None) -> None:
    values = [end for line in lines for end in line.ends if end > 0] or [1.0]
    low, high = min(values) / 1.5, max(values) * 1.5
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    if text:
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        factors = (1,) if last - first > 1 else (1, 2, 5)
        ticks = [f * 10.0**power for power in range(first - 1, last + 1) for f in factors]
        axes.set_yticks([tick for tick in ticks if low <= tick <= high])
        axes.yaxis.set_major_formatter(lambda value, _: text(value))
    axes.minorticks_off()


def _draw(axes: Axes, line: Line) -> None:
    """A line with its intervals as a band, its marked points hollow with their symbols."""
    x, y = np.array([(x, y.value) for x, y in line.known]).T
    colour = line.look.colour
    if line.dashed:
        axes.plot(x, y, color=colour, linestyle=(0, (4, 3)), linewidth=1.2, alpha=0.6)
        return
    band = np.array([(x, y.low, y.high) for x, y in line.known if y.low == y.low])
    if len(band) > 1:
        axes.fill_between(*band.T, color=colour, alpha=0.16, linewidth=0)
    axes.plot(x, y, color=colour, linewidth=line.width)
    for marked in (False, True):
        points = [(x, y.value) for x, y in line.known if bool(y.marks) is marked]
        if points:
            axes.plot(
                *np.array(points).T,
                color=colour,
                marker=line.look.marker,
                markersize=2.8 * line.width,
                markerfacecolor=style.PAPER if marked else colour,
                linestyle="none",
                clip_on=False,
            )
    for x_marked, quantity in zip(line.x, line.values, strict=True):
        if quantity.marks:  # what has no value stands on the axis of clients
            axes.annotate(
                quantity.symbols,
                (x_marked, quantity.value if quantity.known else 0),
                (0, 5),
                xycoords="data" if quantity.known else axes.get_xaxis_transform(),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=colour,
                annotation_clip=False,
            )


def _label_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Names at the right of the axes, beside where each line ends, pushed apart until they fit."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [
        (line, *to_axes.transform((line.known[-1][0], line.known[-1][1].value)))
        for line in lines
        if line.label
    ]
    ends.sort(key=lambda end: end[2])
    gap = _LINE * style.FONT / (axes.get_window_extent().height)
    places = _apart([float(y) for _, _, y in ends], gap, 0.0, 1.02)
    for (line, x, y), place in zip(ends, places, strict=True):
        alpha = 0.75 if line.dashed else 1.0
        if abs(place - y) > gap / 3 or x < 0.95:
            axes.plot(
                [x, 1.0, 1.025],
                [y, y if x < 0.95 else place, place],
                transform=axes.transAxes,
                clip_on=False,
                color=line.look.colour,
                linewidth=0.6,
                alpha=0.5,
            )
        axes.text(
            1.035,
            place,
            line.label,
            transform=axes.transAxes,
            va="center",
            fontsize=style.FONT,
            color=line.look.colour,
            alpha=alpha,
            fontstyle="italic" if line.dashed else "normal",
        )


def _apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places in ascending order, at least `gap` apart where that fits, near those wanted."""
    places = list(wanted)
    places[0] = max(places[0], low)
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + gap)
    places[-1] = min(places[-1], high)
    for index in range(len(places) - 2, -1, -1):
        places[index] = min(places[index], places[index + 1] - gap)
    return places


def _finish(name: str, figure: Figure, axes: Axes, lines: Sequence[Line], alt: str) -> Picture:
    for line in lines:
        _draw(axes, line)
    _label_ends(axes, lines)
    present = {mark for line in lines for y in line.values for mark in y.marks}
    words = {
        Mark.PARTIAL: "partial",
        Mark.LIMITED: "loader-limited",
        Mark.STARVED: "starved",
        Mark.LITTLE: "Little's law",
        Mark.UNSETTLED: "unsettled",
        Mark.ESTIMATED: "memory estimated",
        Mark.STOLEN: "stolen CPU",
        Mark.FAILED: "failed",
    }
    notes = [f"{mark.symbol} {words[mark]}" for mark in Mark if mark in present]
    if notes:
        figure.text(
            0.985,
            0.015,
            "   ".join(notes),
            fontsize=9,
            color=style.MUTED,
            ha="right",
            va="bottom",
        )
    return _saved(name, figure, alt)


def _saved(name: str, figure: Figure, alt: str) -> Picture:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=style.PNG_DPI)
    with mpl.rc_context({"svg.hashsalt": slug}):  # ids of their own on the page, the same each time
        figure.savefig(svg, format="svg", metadata=dict.fromkeys(_SVG_METADATA))
    return Picture(slug, figure.texts[0].get_text(), alt, svg.getvalue(), png.getvalue())


# Words.


def _clients(count: float) -> str:
    """10, 500, 1K, 10K, 2.5M."""
    for factor, letter in ((1e6, "M"), (1e3, "K")):
        if count >= factor:
            return f"{count / factor:g}{letter}"
    return f"{count:g}"


def _time(value: float) -> str:
    return f"{value / 1000:,g} s" if value >= 1000 else f"{value:g} ms"


def _bytes(value: float) -> str:
    return wording.size(value).replace(".00", "").replace(".0", "")


def _alt(
    measured: Measured,
    workload: Workload,
    column: str,
    title: str,
    unit: wording.Unit,
    claims: dict[int, chapter.Claim] | None = None,
) -> str:
    """The picture in words: each server's first and last measured value, and the chapter's last."""
    told = []
    for server in measured.servers:
        known = [
            (step, value)
            for step in measured.steps
            if (value := measured.at(Point(server.label, workload.name, step), column)).known
        ]
        if known:
            (first, low), (last, high) = known[0], known[-1]
            told.append(
                f"{server.label} {unit.text(low.value)} at {first:,} clients, "
                f"{unit.text(high.value)} at {last:,}{high.symbols}"
            )
    if claims and measured.role:
        last = max(claims)
        figures = [claims[last].text(role) for role in chapter.ROLES if role in measured.role]
        told.append(f"the chapter says {wording.joined(figures)} at {last:,}")
    return f"{title}, {workload.name}: {'; '.join(told)}."
