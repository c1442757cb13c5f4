"""T5: where the time of a message goes, a bar per server."""

import math
from collections.abc import Iterator
from typing import Final

from matplotlib.patches import Rectangle

from c10k.reports import style, wording
from c10k.reports.figures.sheet import LINE, Picture, Sheet
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured, Point

# Column -> what it is, and how it is drawn: opacity and hatch, which stands for waiting.
PARTS: Final = {
    "user_ms": (N_("user CPU"), 1.0, ""),
    "system_ms": (N_("system CPU"), 0.6, ""),
    "run_queue_ms": (N_("waiting for a CPU"), 1.0, "//////"),
    "lock_ms": (N_("waiting for a lock"), 1.0, "xxxxxx"),
    "socket_ms": (N_("waiting in sockets and queues"), 0.6, "----"),
}
Place = tuple[float, float]
_BAR: Final = 20  # points high
_ROW: Final = _BAR + LINE + 10


def time(measured: Measured) -> Iterator[Picture]:
    """At the step of the publication's stages, else at the largest; none where no server's parts
    are known.
    """
    stages = measured.publication.stages
    step = measured.nearest_step(stages[0].clients) if stages else measured.steps[-1]
    styles = style.series_styles(measured.servers)
    for workload in measured.ordered(measured.workloads):
        parts = {}
        for server in styles:
            point = Point(server, workload.name, step)
            spent = {part: measured.at(point, part).value for part in PARTS}
            # Of nothing, or of what is less than that, there are no shares; nor of NaN.
            if min(spent.values()) >= 0 < sum(spent.values()) < math.inf:
                parts[server] = spent
        if not parts:
            continue
        high = _ROW * len(parts)
        sheet = Sheet(
            _("Where the time of a message goes, {workload}", workload=workload.name),
            _("at {clients} clients, in %", clients=wording.count(step)),
            height=high,
            foot=24 + LINE * len(PARTS),
            side=24,
        )
        (axes,) = sheet.axes
        axes.set_xlim(0, 100)
        axes.set_ylim(high, 0)  # in points
        axes.set_xticks(range(0, 101, 25), [wording.share(n / 4) for n in range(5)])
        axes.set_yticks([])
        for row, (server, spent) in enumerate(parts.items()):
            whole, left, top = sum(spent.values()), 0.0, _ROW * row + LINE
            colour = styles[server].colour
            taken = measured.at(Point(server, workload.name, step), "message_ms").value
            heading = f"{wording.shortened(server, 30)}: {wording.milliseconds(taken)}"
            sheet.mark(axes.text(0, top, heading, color=colour, fontweight="bold"), server)
            for part, each in spent.items():
                bar = _bar((left, top + 4), (100 * each / whole, _BAR), part, colour)
                name, time = _(PARTS[part][0]), wording.milliseconds(each)
                words = f"{server}, {name}: {time} ({wording.share(each / whole)})"
                sheet.mark(axes.add_patch(bar), server, [words])
                left += 100 * each / whole
        for row, (part, (name, *_how)) in enumerate(PARTS.items(), start=1):
            down = high + 24 + LINE * row
            axes.add_patch(_bar((0, down - 9), (5, 10), part, style.INK))
            axes.text(7, down, _(name))
        records = [{"server": label, "connections": step, **each} for label, each in parts.items()]
        yield sheet.saved(f"time-{workload.name}", records, place="t5", workload=workload.name)


def _bar(place: Place, size: Place, part: str, colour: str) -> Rectangle:
    """A rectangle in the units of the axes, filled as a part is."""
    _name, opacity, hatch = PARTS[part]
    bar = Rectangle(place, *size, edgecolor=colour, linewidth=0.8, clip_on=False)
    bar.set(facecolor="none" if hatch else colour, alpha=opacity, hatch=hatch)
    return bar
