"""The axes of pictures: where ticks stand, what they say, and how they and the grid are drawn."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, MarkerStyle
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import ScaledTranslation

from c10k.reports import style, wording
from c10k.reports.chapter.claims import KB
from c10k.reports.language import _

_TICK: Final = 3.3  # points: its length, and from its end to its label
_TITLE: Final = 20  # points from the axes to the words below


def ticks(axes: Axes, places: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks with labels; labels that would touch the next one are left out, the last one stays."""
    shown = []
    last = math.inf
    for place, label in reversed(list(zip(places, labels, strict=True))):
        x = float(axes.transData.transform((place, 1))[0])
        room = (wording.width(label) + 0.5) * style.CHARACTER * style.FONT / 2
        shown.append("" if x + room > last else label)
        last = last if x + room > last else x - room
    label_at(axes.xaxis, places, shown[::-1])


def label_at(axis: Axis, places: Sequence[float], labels: Sequence[str]) -> None:
    """Let an axis have ticks at these places, with these labels."""
    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(labels))


def round_values(low: float, high: float) -> list[float]:
    """Powers of ten in between; where these are few, more between them."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, last + 1)
    for factors in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        between = [value for value in values if low <= value <= high]
        if len(between) > 2:
            break
    return between


def round_sizes(low: float, high: float) -> list[float]:
    """1, 10 and 100 of B, KB, MB, … in between."""
    values = [float(count * KB**power) for power in range(5) for count in (1, 10, 100)]
    return [value for value in values if low <= value <= high]


def log_axis(
    axes: Axes,
    values: Iterable[float],
    text: Callable[[float], str],
    between: Callable[[float, float], list[float]] = round_values,
) -> None:
    """Let y be logarithmic over the values, with ticks at what `between` gives for its ends, as
    `text` writes them.
    """
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive) / 1.5, max(positive) * 1.5
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    places = between(low, high)
    label_at(axes.yaxis, places, [text(place) for place in places])


def draw_ticks(figure: Figure, axes: Axes, *, grid: bool) -> None:
    """The ticks of both axes, their labels and the grid of y, as plain lines and texts.

    Each of matplotlib's own is five artists, and it measures both axes at every drawing.
    """
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_visible(False)
    across, up = _ticks_in_view(axes.xaxis), _ticks_in_view(axes.yaxis)
    marks = Line2D(
        list(across),
        [0] * len(across),
        linestyle="none",
        marker=MarkerStyle(TICKDOWN),
        markersize=_TICK,
        color=style.MUTED,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
    axes.add_artist(marks)
    if grid:
        lines = LineCollection(
            [[(0, place), (1, place)] for place in up],
            colors=style.GRID,
            linewidths=0.8,
            transform=axes.get_yaxis_transform(),
            zorder=0.5,
        )
        axes.add_collection(lines, autolim=False)
    beside, valign, halign = axes.get_yaxis_text1_transform(_TICK)
    for place, label in up.items():
        axes.text(0, place, label, transform=beside, va=valign, ha=halign, color=style.MUTED)
    below, valign, halign = axes.get_xaxis_text1_transform(2 * _TICK)
    for place, label in across.items():
        axes.text(place, 0, label, transform=below, va=valign, ha=halign, color=style.MUTED)
    lower = axes.transAxes + ScaledTranslation(0, -_TITLE / 72, figure.dpi_scale_trans)
    axes.text(0.5, 0, axes.get_xlabel(), transform=lower, va="top", ha="center", color=style.MUTED)


def _ticks_in_view(axis: Axis) -> dict[float, str]:
    """The labels of an axis by their places."""
    low, high = axis.get_view_interval()
    places = [float(place) for place in axis.get_majorticklocs()]
    labels = axis.get_major_formatter().format_ticks(places)
    return {
        place: label for place, label in zip(places, labels, strict=True) if low <= place <= high
    }


def clients_tick(count: float) -> str:
    """10, 500, 1K, 10K, 2.5M."""
    for factor, letter in ((1e6, "M"), (1e3, "K")):
        if count >= factor:
            return f"{count / factor:g}{letter}"
    return f"{count:g}"


def time_tick(value: float) -> str:
    """20 ms, 1.5 s."""
    if value >= 1000:
        return _("{value} s", value=wording.stated(value / 1000))
    return _("{value} ms", value=wording.stated(value))


def bytes_tick(value: float) -> str:
    """100 KB, 1 GB."""
    return re.sub(r"\.0+(?= )", "", wording.size(value))
