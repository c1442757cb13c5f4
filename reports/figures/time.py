"""Where the time of a message goes: a stacked bar a step, a picture a server and workload."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from c10k.reports import style, wording
from c10k.reports.chapter.time import PARTS
from c10k.reports.figures.axes import clients_tick, label_at, ticks
from c10k.reports.figures.canvas import Name, Picture, canvas, names, saved
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredServer, MeasuredWorkload, Point

# Work is in the colour of the server's model, waiting in grey, for a lock hatched.
_SHADES: Final = {
    "socket_ms": ("grid", 1.0, ""),
    "run_queue_ms": ("muted", 0.45, ""),
    "lock_ms": ("muted", 0.45, "////"),
    "system_ms": ("", 0.45, ""),
    "user_ms": ("", 1.0, ""),
}
_TICKS: Final = (0, 25, 50, 75, 100)
_TOP: Final = 112  # %: room for the figure above a bar


def time(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """A picture a server; none where the parts were not measured."""
    looks = style.looks(measured.servers)
    for index, server in enumerate(measured.servers):
        steps, parts = _parts(measured, server, workload)
        if not steps:
            continue
        shares = 100 * parts / parts.sum(axis=0)
        bottoms = np.cumsum(shares, axis=0) - shares
        figure, axes = canvas(
            _(
                "Where the time goes: {server}, {workload}",
                server=wording.shortened(server.label, 18),
                workload=workload.name,
            ),
            _("of a message, in %; above: all of it, in ms"),
            list(map(_, PARTS.values())),
        )
        places = np.arange(len(steps))
        for column, share, bottom in zip(PARTS, shares, bottoms, strict=True):
            hue, alpha, hatch = _SHADES[column]
            colour = style.COLOURS[hue or looks[server.label].hue][0]
            axes.bar(
                places,
                share,
                0.72,
                bottom,
                color=colour,
                alpha=alpha,
                hatch=hatch,
                edgecolor=style.PAPER,
                linewidth=0.6,
            )
        axes.set_ylim(0, _TOP)
        label_at(axes.yaxis, _TICKS, [f"{tick} %" for tick in _TICKS])
        ticks(axes, list(places), [clients_tick(step) for step in steps])
        for place, whole in zip(places, parts.sum(axis=0), strict=True):
            axes.text(
                float(place),
                102,
                wording.number(whole),
                ha="center",
                fontsize=7.5,
                color=style.MUTED,
            )
        middles = bottoms[:, -1] + shares[:, -1] / 2
        names(
            axes,
            [
                Name(_(name), 1.0, middle / _TOP, style.INK)
                for name, middle in zip(PARTS.values(), middles, strict=True)
            ],
        )
        yield saved(
            f"time-{workload.name}-{index + 1}-{server.label}",
            figure,
            _told(server, workload, steps, parts),
            [
                {"connections": step, **dict(zip(PARTS, map(float, part), strict=True))}
                for step, part in zip(steps, parts.T, strict=True)
            ],
        )


def _parts(
    measured: Measured, server: MeasuredServer, workload: MeasuredWorkload
) -> tuple[list[int], np.ndarray]:
    """The steps at which every part is known, and the parts (in ms), a column a step."""
    rows = {
        step: [measured.at(Point(server.label, workload.name, step), key).value for key in PARTS]
        for step in measured.steps
    }
    # Of nothing, or of what is less than that, there are no shares; nor of NaN.
    known = {step: parts for step, parts in rows.items() if min(parts) >= 0 < sum(parts) < math.inf}
    return list(known), np.array(list(known.values())).T


def _told(
    server: MeasuredServer, workload: MeasuredWorkload, steps: Sequence[int], parts: np.ndarray
) -> str:
    last = parts[:, -1]
    told = wording.joined(
        [
            f"{wording.share(float(part / last.sum()))} {_(name)}"
            for part, name in zip(last, PARTS.values(), strict=True)
        ]
    )
    return _(
        "Where the time of a message goes, {server}, {workload}: at {clients} clients, of {whole}, "
        "{parts}.",
        server=server.label,
        workload=workload.name,
        clients=wording.count(steps[-1]),
        whole=wording.milliseconds(float(last.sum())),
        parts=told,
    )
