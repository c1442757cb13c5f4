"""The answer in one picture: response times over time under full load, where starvation shows."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from c10k.reports import style, wording
from c10k.reports.figures.axes import TIME, round_values
from c10k.reports.figures.sheet import LEFT, LINE, Picture, Sheet
from c10k.reports.language import _
from c10k.reports.model.measured import Measured, Point
from c10k.results.histogram import BUCKET_HIGH_NS, Histogram

Slices = Sequence[tuple[float, float, Histogram]]
Shown = dict[str, Slices]  # by the server's label

_ROWS: Final = 40  # of the image
_COLUMNS: Final = 400


def answer(measured: Measured) -> Iterator[Picture]:
    """A panel for each server of the summary, at the largest step of the saturated workload, in the
    first repeat that measured all of them; where it compares none, for the first four.
    """
    workload = measured.workload("closed")
    if not workload:
        return
    tried = [each for each in measured.servers if measured.measured(each, workload)]
    servers = [each for each in measured.compared if each in tried] or tried[:4]
    styles = style.series_styles(servers)
    step, shown = _largest(measured, list(styles), workload.name)
    if not shown:
        return
    clients = wording.count(step)
    sheet = Sheet(
        _("Response times over time, {workload}", workload=workload.name),
        _("{clients} clients; darker: more replies; hatched: no reply at all", clients=clients),
        panels=len(shown),
        height=96,
        above=LINE + 8,
    )
    starved = {label: measured.starvation(Point(label, workload.name, step)) for label in shown}
    longest = max(sum(length for _start, length, _each in slices) for slices in shown.values())
    every = Histogram().merged(*(each for slices in shown.values() for *_times, each in slices))
    waits = [each.wait_ms for each in starved.values() if each and each.wait_ms > 0]
    low, high = max(every.min_ns, 1) / 1.1e6, max(every.max_ns / 1e6, *waits, 0) * 1.25
    places = round_values(low, high)
    alt = []
    for axes, (server, line_style) in zip(sheet.axes, styles.items(), strict=True):
        axes.set_xlim(0, longest)
        axes.set_ylim(math.log10(low), math.log10(high))
        axes.set_yticks([math.log10(place) for place in places], list(map(TIME.tick, places)))
        _heat(sheet, axes, line_style.colour, server, shown[server])
        replies = _("all {clients} clients got replies", clients=clients)
        if unserved := starved[server]:
            lost = wording.count(unserved.unserved)
            replies = _("{some} of {clients} clients got no reply", some=lost, clients=clients)
        if unserved and unserved.wait_ms > 0:  # else none was recorded
            at, wait = math.log10(unserved.wait_ms), TIME.text(unserved.wait_ms)
            axes.axhline(at, color=style.INK, linestyle="--", linewidth=1.2)
            text = _("the median client waits {wait}", wait=wait)
            box = {"facecolor": style.PAPER, "alpha": 0.8, "linewidth": 0, "pad": 1}
            axes.annotate(text, (0, at), (4, -3), textcoords="offset points", va="top", bbox=box)
        alt.append(f"{server}: {replies}")
        heading = f"{wording.shortened(server, 18)}: {replies}"
        left = (8 - LEFT) / axes.get_window_extent().width
        title = axes.set_title(heading, loc="left", x=left, pad=5, color=line_style.colour)
        for artist in (title, *axes.lines, *axes.texts):
            sheet.mark(artist, server)
    sheet.axes[-1].set_xlabel(_("seconds of measuring, gaps left out"))
    yield sheet.saved(
        f"over-time-{workload.name}",
        [
            {
                "server": label,
                "start_s": start_s,
                "length_s": length_s,
                "messages": each.total,
                **{f"response_{name}_ms": value for name, value in each.summary_ms().items()},
            }
            for label, slices in shown.items()
            for start_s, length_s, each in slices
        ],
        place="answer",
        workload=workload.name,
        alt="; ".join(alt),
    )


def _largest(measured: Measured, labels: Sequence[str], workload: str) -> tuple[int, Shown]:
    """The largest step that all of these measured in a repeat, and its first such repeat."""
    for step, repeat in product(reversed(measured.steps), range(measured.repeats)):
        shown: Shown = {
            label: measured.run.slices(label, workload, step, repeat) for label in labels
        }
        if all(any(each.total for *_times, each in slices) for slices in shown.values()):
            return step, shown
    return 0, {}


def _heat(sheet: Sheet, axes: Axes, colour: str, server: str, slices: Slices) -> None:
    """A column per slice, in which the densest row is darkest; one without replies is hatched."""
    low, high = axes.get_ylim()
    ends = np.cumsum([length for _start, length, _histogram in slices])
    heat = np.zeros((len(slices), _ROWS))
    for column, (*_times, histogram) in zip(heat, slices, strict=True):
        times = np.log10(BUCKET_HIGH_NS / 1e6)
        counted, _edges = np.histogram(times, _ROWS, (low, high), weights=histogram.counts)
        # The square root lets a few slow ones be seen beside very many fast ones.
        column[:] = np.sqrt(counted / max(counted.max(), 1))
    middles = (np.arange(_COLUMNS) + 0.5) / _COLUMNS * ends[-1]
    pixels = np.empty((_ROWS, _COLUMNS, 4))  # transparent: the page may be light or dark
    pixels[..., :3] = to_rgb(colour)
    pixels[..., 3] = heat[np.searchsorted(ends, middles)].T
    extent = (0, ends[-1], low, high)
    image = axes.imshow(
        pixels, extent=extent, aspect="auto", origin="lower", interpolation="none", clip_on=False
    )  # which would wrap it in a group of its own
    sheet.mark(image, server)
    for (_start, length, histogram), end in zip(slices, ends, strict=True):
        area = Rectangle((end - length, low), length, high - low, linewidth=0, alpha=0)
        if not histogram.total:
            area.set(facecolor="none", edgecolor=style.MUTED, alpha=0.7, hatch="//////")
        axes.add_patch(area)
        sheet.mark(area, server, [_words(server, end - length, histogram)])


def _words(server: str, begin_s: float, histogram: Histogram) -> str:
    """A slice in words."""
    replies = _("no reply at all")
    if histogram.total:
        count, median = wording.count(histogram.total), histogram.percentile_ns(50) / 1e6
        replies = _("{count} replies, median {median}", count=count, median=TIME.text(median))
    begin = TIME.text(1e3 * begin_s)
    return _("{server} at {begin}: {replies}", server=server, begin=begin, replies=replies)
