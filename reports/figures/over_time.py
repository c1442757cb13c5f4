"""Response times over time, as a heat map in which stalls show: a picture a server and workload."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb

from c10k.reports import style, wording
from c10k.reports.data import Raw
from c10k.reports.figures.axes import clients_tick, label_at, round_values, time_tick
from c10k.reports.figures.canvas import Picture, canvas, saved
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredServer, MeasuredWorkload, Point
from c10k.results.histogram import BUCKET_HIGH_NS, Histogram

_ROWS_A_DECADE: Final = 12
_LEAST_ROWS: Final = 24

Slices = Sequence[tuple[float, float, Histogram]]


def over_time(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """Each server at its largest step that measured something, in the first repeat."""
    looks = style.looks(measured.servers)
    for index, server in enumerate(measured.servers):
        step, slices = _largest(measured, server, workload)
        if not slices:
            continue
        heights, heat = _heat(slices)
        figure, axes = canvas(
            _(
                "Response time over time: {server}, {workload}",
                server=wording.shortened(server.label, 18),
                workload=workload.name,
            ),
            _(
                "{clients} clients; the darker, the more messages took so long",
                clients=clients_tick(step),
            ),
            [],
        )
        axes.imshow(
            _coloured(heat, looks[server.label].colour),
            extent=(0, sum(each[1] for each in slices) or 1, 0, len(heights) - 1),
            aspect="auto",
            origin="lower",
            interpolation="none",
        )
        low, high = math.log10(heights[0]), math.log10(heights[-1])
        marked = round_values(heights[0], heights[-1])
        rows = [(len(heights) - 1) * (math.log10(each) - low) / (high - low) for each in marked]
        label_at(axes.yaxis, rows, [time_tick(each) for each in marked])
        axes.set_xlabel(_("seconds of measuring; gaps between windows left out"))
        yield saved(
            f"over-time-{workload.name}-{index + 1}-{server.label}",
            figure,
            _told(server, workload, step, slices),
            _records(slices),
        )


def _largest(
    measured: Measured, server: MeasuredServer, workload: MeasuredWorkload
) -> tuple[int, Slices]:
    for step in reversed(measured.steps):
        if measured.usable(Point(server.label, workload.name, step)):
            slices = measured.run.slices(server.label, workload.name, step)
            if any(histogram.total for *_times, histogram in slices):
                return step, slices
    return 0, []


def _coloured(heat: np.ndarray, colour: str) -> np.ndarray:
    """Pixels of one colour, the transparenter the fewer: the page may be light or dark."""
    pixels = np.empty((*heat.shape, 4))
    pixels[..., :3] = to_rgb(colour)
    pixels[..., 3] = heat
    return pixels


def _heat(slices: Slices) -> tuple[np.ndarray, np.ndarray]:
    """The limits of the rows in ms, and how dense each slice is in each row: 1 in its densest."""
    every = Histogram().merged(*(histogram for *_times, histogram in slices))
    low, high = math.log10(max(every.min_ns, 1) / 1e6), math.log10(every.max_ns / 1e6)
    rows = max(_LEAST_ROWS, math.ceil((high - low) * _ROWS_A_DECADE))
    heights = np.logspace(low - 0.02, high + 0.02, rows + 1)
    heat = []
    for *_times, histogram in slices:
        places = np.flatnonzero(histogram.counts)
        counted, _edges = np.histogram(
            BUCKET_HIGH_NS[places] / 1e6, heights, weights=histogram.counts[places]
        )
        # The square root lets a few slow ones be seen beside very many fast ones.
        heat.append(np.sqrt(counted / max(counted.max(), 1)))
    return heights, np.array(heat).T


def _told(server: MeasuredServer, workload: MeasuredWorkload, step: int, slices: Slices) -> str:
    p99 = [histogram.percentile_ns(99) / 1e6 for *_times, histogram in slices if histogram.total]
    silent = sum(1 for *_times, histogram in slices if not histogram.total)
    text = _(
        "Response time over time, {server}, {workload}, {clients} clients: in {slices} slices of "
        "{length} the p99 lay between {least} and {most}",
        server=server.label,
        workload=workload.name,
        clients=wording.count(step),
        slices=len(slices),
        length=wording.milliseconds(1e3 * slices[0][1]),
        least=wording.milliseconds(min(p99)),
        most=wording.milliseconds(max(p99)),
    )
    if silent:
        text = _("{text}; in {slices} nothing was answered", text=text, slices=silent)
    return f"{text}."


def _records(slices: Slices) -> list[dict[str, Raw]]:
    return [
        {
            "start_s": start_s,
            "length_s": length_s,
            "messages": histogram.total,
            **{f"response_{name}_ms": value for name, value in histogram.summary_ms().items()},
        }
        for start_s, length_s, histogram in slices
    ]
