"""The paper that pictures are drawn on: lines with their intervals, names, words."""

import io
import math
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from c10k.reports import fonts, style, wording
from c10k.reports.chapter.claims import ROLES, Claim
from c10k.reports.data import Raw
from c10k.reports.figures.axes import clients_tick, draw_ticks, ticks
from c10k.reports.language import N_, _
from c10k.reports.measured import Mark, Measured, MeasuredWorkload, Point, Quantity
from c10k.reports.style import SeriesStyle

_LEFT: Final = 0.15  # where the axes begin
_LABEL_LENGTH: Final = 16  # most characters of a line's label
_LINE: Final = 1.18  # the height of a line of text, by the font's size
_HEIGHT: Final = 0.64  # of the axes, by the picture's
_MARK_WORDS: Final = {
    Mark.PARTIAL: N_("partial"),
    Mark.LIMITED: N_("loader-limited"),
    Mark.STARVED: N_("starved"),
    Mark.LITTLE: N_("Little's law"),
    Mark.UNSETTLED: N_("unsteady"),
    Mark.ESTIMATED: N_("memory estimated"),
    Mark.STOLEN: N_("stolen CPU"),
    Mark.DISTURBED: N_("others' CPU"),
    Mark.FAILED: N_("failed"),
}
_UNDRAWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")  # nor valid in XML
_TEXT_LENGTH: Final = 200  # most characters of any other text
_NAME_LENGTH: Final = 100  # of a file
_PNG: Final = {"compress_level": 1}  # takes half as long as the usual 6, for a sixth more bytes
_SVG_STYLE: Final = '<style type="text/css">'
_SVG_METADATA: Final = ("Creator", "Date", "Format", "Type")  # left out


@dataclass(frozen=True)
class Picture:
    """A picture: `name` is its files', `alt` says what it shows, computed from the data, which
    `records` holds.
    """

    name: str
    title: str
    alt: str
    svg: str
    png: bytes
    records: Sequence[dict[str, Raw]] = field(repr=False)


@dataclass(frozen=True)
class Line:
    """One line to draw: x, the measured quantities, its look and the label at its end, and its full
    name where that is another.
    """

    x: Sequence[float]
    values: Sequence[Quantity]
    label: str
    look: SeriesStyle
    width: float = 1.8
    dashed: bool = False
    full_name: str = ""

    @property
    def name(self) -> str:
        """What the data call it."""
        return self.full_name or self.label

    @property
    def known(self) -> list[tuple[float, Quantity]]:
        """The points that were measured."""
        return [(x, y) for x, y in zip(self.x, self.values, strict=True) if y.known]


def ends(lines: Iterable[Line]) -> list[float]:
    """What was measured, and the ends of its intervals."""
    every = (end for line in lines for _, y in line.known for end in (y.value, y.low, y.high))
    return [end for end in every if not math.isnan(end)]


def series(measured: Measured, workload: MeasuredWorkload, column: str) -> list[Line]:
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
            full_name=server.label,
        )
        for server, width in zip(measured.servers, _widths(len(measured.servers)), strict=True)
    ]
    return [line for line in lines if line.known]


def _widths(count: int) -> list[float]:
    """Each line a little thinner than those below it, so that none hides another."""
    return [1.5 + 0.9 * (count - 1 - index) / max(1, count - 1) for index in range(count)]


def claimed(measured: Measured, stated: dict[int, Claim]) -> list[Line]:
    """The chapter's lines, for those of its columns that a server of the run stands for."""
    return [
        Line(
            list(stated),
            [Quantity(claim.value(role)) for claim in stated.values()],
            _("chapter"),
            SeriesStyle(style.ROLE_HUES[role], ""),
            dashed=True,
            full_name=_("the chapter's {kind} column", kind=_(role)),
        )
        for role in ROLES
        if role in measured.role
    ]


# Drawing.


def canvas(title: str, subtitle: str, labels: Iterable[str]) -> tuple[Figure, Axes]:
    """A figure with its titles, and axes that leave room at the right for the labels."""
    labels = set(labels)
    height = max(style.HEIGHT, len(labels) * _LINE * style.FONT / _HEIGHT)
    figure = Figure(figsize=(style.WIDTH / 72, height / 72), dpi=72)  # a pixel is a point
    longest = max(map(wording.width, labels), default=0)
    room = (longest * style.CHARACTER + 1.5) * style.FONT / style.WIDTH
    axes = figure.add_axes((_LEFT, 0.16, 1 - _LEFT - room, _HEIGHT))
    figure.text(0.015, 0.975, title, fontsize=11.5, fontweight="bold", va="top")
    figure.text(0.015, 0.908, subtitle, color=style.MUTED, va="top")
    axes.set_xlabel(_("clients"))
    return figure, axes


def clients_axis(axes: Axes, lines: Iterable[Line]) -> None:
    """Let x be the clients, on a logarithmic axis with a tick at each step."""
    counts = sorted({count for line in lines for count in line.x})
    axes.set_xscale("log")
    axes.set_xlim(counts[0] / 1.25, counts[-1] * 1.12)
    ticks(axes, counts, [clients_tick(count) for count in counts])


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


def label_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Names at the right of the axes, beside where each line ends, pushed apart until they fit."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = []
    for line in lines:
        if line.label:
            last, value = line.known[-1]
            x, y = map(float, to_axes.transform((last, value.value)))
            ends.append(Name(line.label, x, y, line.look.colour, line.dashed))
    names(axes, ends)


@dataclass(frozen=True)
class Name:
    """A name beside the axes, and where what it names ends, from 0 to 1 of the axes."""

    text: str
    x: float
    y: float
    colour: str
    dashed: bool = False


def names(axes: Axes, wanted: Iterable[Name]) -> None:
    """Names at the right of the axes, each with a line from where it belongs."""
    ordered = sorted(wanted, key=lambda name: name.y)
    gap = _LINE * style.FONT / (axes.get_window_extent().height)
    places = _apart([float(name.y) for name in ordered], gap, 0.0, 1.02)
    for name, place in zip(ordered, places, strict=True):
        x, y = name.x, name.y
        alpha = 0.75 if name.dashed else 1.0
        if abs(place - y) > gap / 3 or x < 0.95:
            axes.plot(
                [x, 1.0, 1.025],
                [y, y if x < 0.95 else place, place],
                transform=axes.transAxes,
                clip_on=False,
                color=name.colour,
                linewidth=0.6,
                alpha=0.5,
            )
        axes.text(
            1.035,
            place,
            name.text,
            transform=axes.transAxes,
            va="center",
            fontsize=style.FONT,
            color=name.colour,
            alpha=alpha,
            fontstyle="italic" if name.dashed else "normal",
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


def finished(name: str, figure: Figure, axes: Axes, lines: Sequence[Line], alt: str) -> Picture:
    """The picture with its lines, their labels, and what the marks in it mean."""
    for line in lines:
        _draw(axes, line)
    label_ends(axes, lines)
    present = {mark for line in lines for y in line.values for mark in y.marks}
    notes = [f"{mark.symbol} {_(_MARK_WORDS[mark])}" for mark in Mark if mark in present]
    if notes:
        fitting = 0.97 * style.WIDTH / (wording.width(" ".join(notes)) * style.CHARACTER)
        figure.text(
            0.985,
            0.015,
            "   ".join(notes),
            fontsize=min(9, fitting),
            color=style.MUTED,
            ha="right",
            va="bottom",
        )
    return saved(name, figure, alt, drawn_points(lines))


def drawn_points(lines: Iterable[Line]) -> list[dict[str, Raw]]:
    """What lines show: a record a point."""
    return [
        {
            "line": line.name,
            "x": float(x),
            "value": y.value,
            "low": y.low,
            "high": y.high,
            "marks": y.symbols,
        }
        for line in lines
        for x, y in line.known
    ]


def saved(
    name: str, figure: Figure, alt: str, records: Sequence[dict[str, Raw]], *, grid: bool = True
) -> Picture:
    """The picture as it is, with the ticks of its axes and their `grid`."""
    for axes in figure.axes:
        draw_ticks(figure, axes, grid=grid)
    for text in (*figure.texts, *(each for axes in figure.axes for each in axes.texts)):
        drawable = _UNDRAWABLE.sub("\N{REPLACEMENT CHARACTER}", text.get_text())
        text.set_text(wording.shortened(drawable, _TEXT_LENGTH))
    slug = _slug(name)
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=style.PNG_DPI, pil_kwargs=_PNG)
    with mpl.rc_context({"svg.hashsalt": slug}):  # ids of their own on the page, the same each time
        figure.savefig(svg, format="svg", metadata=dict.fromkeys(_SVG_METADATA))
    title = figure.texts[0].get_text()
    drawn = svg.getvalue().replace(_SVG_STYLE, _SVG_STYLE + fonts.css(), 1)
    return Picture(slug, title, alt, drawn, png.getvalue(), records)


def _slug(name: str) -> str:
    """What files of this name are called: short, in letters that every system has."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if name.isascii() and len(slug) <= _NAME_LENGTH:
        return slug
    return f"{slug[:_NAME_LENGTH]}-{zlib.crc32(name.encode()):08x}"


def described(
    measured: Measured,
    workload: MeasuredWorkload,
    column: str,
    title: str,
    unit: wording.Unit,
    stated: dict[int, Claim] | None = None,
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
                _(
                    "{server} {low} at {first} clients, {high} at {last}",
                    server=server.label,
                    low=unit.text(low.value),
                    first=wording.count(first),
                    high=unit.text(high.value),
                    last=f"{wording.count(last)}{high.symbols}",
                )
            )
    if stated and measured.role:
        last = max(stated)
        figures = [stated[last].text(role) for role in ROLES if role in measured.role]
        told.append(
            _(
                "the chapter says {figures} at {clients}",
                figures=wording.joined(figures),
                clients=wording.count(last),
            )
        )
    return f"{title}, {workload.name}: {'; '.join(told)}."
