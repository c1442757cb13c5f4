"""A series as a picture: a point per run, the level between changes, and the changes."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from c10k.reports import style, wording
from c10k.reports.comparisons.pairs import CPU, MEMORY, P50, P99, SLOPE, THROUGHPUT
from c10k.reports.figures import axes as scales
from c10k.reports.figures.sheet import Picture, Sheet
from c10k.reports.history.series import FoundChange, Series, StoredRun
from c10k.reports.history.table import UNKNOWN, counted, interval

_SCALES: Final = {
    MEMORY: scales.BYTES,
    CPU: scales.CPU,
    THROUGHPUT: scales.RATE,
    P50: scales.TIME,
    P99: scales.TIME,
}
_HEIGHT: Final = 100  # points
_ROOM: Final = 1.04  # around the figures, so that ticks differ
_POINT: Final = style.COLOURS["blue"][0]
_HUES: Final = {True: style.COLOURS["green"][0], False: style.COLOURS["vermilion"][0]}  # better


def picture(series: Series, number: int) -> Picture:
    """The picture of a series, its file named by a number of its own; within figures.styled()."""
    subject = series.subject
    noun = f"{subject.measure.noun[:1].upper()}{subject.measure.noun[1:]}"
    title = f"{noun}, {wording.shortened(subject.server, 60)}"
    clients = subject.clients if subject.connections == SLOPE else f"{subject.clients} clients"
    where = wording.shortened(f"{subject.workload}, {clients}", 90)
    sheet = Sheet(title, where, height=_HEIGHT, foot=2)
    (axes,) = sheet.axes
    _scale(axes, series)
    place = {run.path: at for at, run in enumerate(series.runs)}
    _levels(axes, series, place)
    for change in series.changes:
        line = axes.axvline(place[change.run.path] - 0.5, color=_HUES[change.better], linewidth=1.6)
        sheet.mark(line, "", [words(change)])
    for run in series.runs:
        unfit = subject in run.unfit
        (point,) = axes.plot(
            place[run.path], series.figure(run).value, "o", markersize=4, color=_POINT
        )
        point.set_markerfacecolor("none" if unfit else _POINT)
        sheet.mark(point, "", [_words(series, run, unfit=unfit)])
    first, last = (series.runs[at].began.date().isoformat() for at in (0, -1))
    said = "; ".join(map(words, series.changes)) or "no change"
    alt = f"{counted(len(series.runs), 'run')} from {first} to {last}; {said}"
    return sheet.saved(f"{number}-{title}-{where}", [], alt)


def _levels(axes: Axes, series: Series, place: Mapping[Path, int]) -> None:
    """A line at the median of the runs from each change to the next."""
    fit, values = series.fit, series.values
    ends = [0, *(fit.index(change.run) for change in series.changes), len(fit)]
    for begin, end in pairwise(ends):
        if begin < end:
            level = np.median(values[begin:end])
            span = [place[fit[begin].path] - 0.4, place[fit[end - 1].path] + 0.4]
            axes.plot(span, [level, level], color=style.MUTED, linewidth=1.2)


def _scale(axes: Axes, series: Series) -> None:
    """Runs side by side; figures not from 0, as changes of some per cent are looked for."""
    measure = _SCALES[series.subject.measure]
    values = [series.figure(run).value for run in series.runs]
    axes.set_ylim(min(values) / _ROOM, max(values) * _ROOM)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: measure.tick(value))
    axes.grid(axis="y")
    end = max(len(values) - 1, 1)
    axes.set_xlim(-0.6, end + 0.6)
    days = [series.runs[at].began.date().isoformat() for at in (0, -1)]
    axes.set_xticks([0, end], [days[0], days[1] if len(values) > 1 else ""])
    first, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")


def words(change: FoundChange) -> str:
    """A change in words."""
    return (
        f"{change.ratio.value:.3f}× ({interval(change.ratio)}), {change.verdict}, since "
        f"{change.run.name} at {change.run.short_commit or UNKNOWN}, before "
        f"{change.previous.short_commit or UNKNOWN}"
    )


def _words(series: Series, run: StoredRun, *, unfit: bool) -> str:
    figure, unit = series.figure(run), series.subject.measure.unit
    value = unit.text(figure.value)
    if figure.ranged:
        value += f" ({unit.between(figure.low, figure.high)})"
    flags = ", ".join(flag.phrase for flag in figure.flags) if unfit else ""
    parts = [run.name, run.short_commit or UNKNOWN, value, flags and f"does not count: {flags}"]
    return ", ".join(filter(None, parts))
