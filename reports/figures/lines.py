"""Lines over clients: the servers' figures with their intervals, the book's beside them, dashed."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from c10k.reports import style, wording
from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.chapter import Claim
from c10k.reports.figures.axes import BYTES, CPU, RATE, SHARE, TIME, Measure, short, ticks, y_axis
from c10k.reports.figures.sheet import Name, Picture, Sheet, label
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import Flag, Quantity
from c10k.reports.model.servers import ROLES, MeasuredWorkload, Role
from c10k.reports.style import SeriesStyle

_BOOK: Final[dict[Role, str]] = {"synchronous": N_("threads"), "asynchronous": N_("event loop")}
_FEW: Final = 3  # servers: more names of thin lines would only be in each other's way
_EDGE: Final = 9  # points from a row of markers above the axes to the next


@dataclass(frozen=True)
class Kind:
    """A kind of picture: a column of the steps, and perhaps a `thin` one; the book's figures by
    clients. The axis of y is linear where it ends at a given `top`.
    """

    name: str
    place: str
    column: str
    measure: Measure
    claims: Mapping[int, Claim] = field(default_factory=dict)
    thin: str = ""
    scale: str = "log"
    top: float = 0


_LOADS: Final = chapter.RESPONSE_BY_CLIENTS
_SHARES: Final = dict.fromkeys((min(_LOADS), max(_LOADS)), chapter.CPU_EFFICIENCY)
KINDS: Final = (
    Kind("memory-resident", "t2", "added_resident_bytes", BYTES, chapter.MEMORY),
    Kind("memory-virtual", "t2", "added_vms_bytes", BYTES, chapter.MEMORY),
    Kind("response-log", "t3", "response_p50_ms", TIME, _LOADS, "response_p99_ms"),
    Kind("response-linear", "t3", "response_p50_ms", TIME, _LOADS, "response_p99_ms", "linear"),
    Kind("response", "t4", "response_p50_ms", TIME, _LOADS, top=chapter.GRAPH_TOP_MS),
    Kind("cpu", "costs", "cpu_us_per_message", CPU),
    Kind("efficiency", "costs", "cpu_efficiency", SHARE, _SHARES, top=1),
    Kind("throughput", "costs", "messages_per_s", RATE),
)
_RESPONSE: Final = (N_("Response time"), N_("thick: median; thin: p99"))
_TEXTS: Final = {  # titles and subtitles
    "memory-resident": (N_("Resident memory of the connections"), N_("what they add")),
    "memory-virtual": (N_("Virtual memory of the connections"), N_("what they reserve")),
    "response-log": _RESPONSE,
    "response-linear": _RESPONSE,
    "response": (N_("Median response time"), N_("on the book's axes; above: what lies beyond")),
    "cpu": (N_("CPU per message"), N_("user and system time of the server")),
    "efficiency": (N_("CPU efficiency"), N_("time on a CPU ÷ (that and time waiting for one)")),
    "throughput": (
        N_("Throughput"),
        N_("replied to and verified; dashed: what the loader can drive"),
    ),
}


@dataclass(frozen=True)
class _Line:
    """A line to draw: its name in the data and at its end, its look, what it shows by clients; the
    `server` that it is of, if it is of one, and how many clients starved, by step.
    """

    name: str
    label: str
    look: SeriesStyle
    values: Mapping[int, Quantity]
    server: str = ""
    width: float = 1.2
    unserved: Mapping[int, int] = field(default_factory=dict)

    @property
    def known(self) -> dict[int, Quantity]:
        """What was measured."""
        return {clients: value for clients, value in self.values.items() if value.known}

    def above(self, kind: Kind) -> dict[int, str]:
        """What stands above the axes: how many clients starve, else the value beyond their top."""
        top = 1.001 * kind.top or math.inf  # 1.0000001 is 1
        found = {n: kind.measure.text(y.value) for n, y in self.known.items() if y.value > top}
        counts = {step: wording.count(count) for step, count in self.unserved.items()}
        found |= {step: _("{count} unserved", count=count) for step, count in counts.items()}
        return found if self.server else {}

    def names(self, kind: Kind, place: Mapping[int, float]) -> Iterator[Name]:
        """Its name, and the last of what stands above."""
        ends = [(self.label, n, y.value) for n, y in self.known.items() if self.label][-1:]
        ends += [(text, n, math.inf) for n, text in sorted(self.above(kind).items())][-1:]
        for text, clients, y in ends:
            yield Name(text, place[clients], y, self.look.colour, self.server)


def over_clients(measured: Measured) -> Iterator[Picture]:
    """All of these pictures: memory under the most relaxed workload, the others under each."""
    for kind in KINDS:
        workloads = [measured.usual] if kind.place == "t2" else measured.workloads
        for workload in chapter.ordered(workloads):
            # Paced clients send at a given rate, whatever the server.
            if kind.name != "throughput" or workload.loop == "closed":
                yield from _picture(measured, kind, workload)


def _picture(measured: Measured, kind: Kind, workload: MeasuredWorkload) -> Iterator[Picture]:
    lines = [line for line in _lines(measured, kind, workload) if line.known or line.unserved]
    if not any(line.server and line.known for line in lines):
        return
    every = [y for line in lines for y in line.known.values()]
    values = [v for y in every for v in (y.value, y.low, y.high) if not math.isnan(v)]
    clients = sorted({count for line in lines for count in line.values})
    place = {count: math.log10(count) for count in clients}
    if kind.place == "t4":  # evenly, as the book
        place = {n: float(at) for at, n in enumerate(sorted({*clients, *chapter.GRAPH_CLIENTS}))}
    rows = [line for line in lines if line.above(kind)]
    names = [name for line in lines for name in line.names(kind, place)]
    title, subtitle = map(_, _TEXTS[kind.name])
    named = "" if kind.place == "t2" else workload.name
    sheet = Sheet(
        f"{title}, {named}" if named else title,
        _("{what}; dashed: the book", what=subtitle) if kind.claims else subtitle,
        [name.text for name in names],
        above=10 + _EDGE * len(rows),
    )
    (axes,) = sheet.axes
    linear_top = max(values) * 1.06 if kind.scale == "linear" else 0
    y_axis(axes, values, kind.measure, kind.top or linear_top)
    first, last = min(place.values()), max(place.values())
    margin = 0.04 * (last - first or 1)
    axes.set_xlim(first - margin, last + margin)
    axes.set_xlabel(_("clients"))
    ticks(axes, list(place.values()), list(map(short, place)))
    for line in lines:
        _draw(sheet, line, kind, place, rows.index(line) if line in rows else 0)
    sheet.names(axes, names)
    records = [
        {
            "line": line.name,
            "x": float(clients),
            "value": y.value,
            "low": y.low,
            "high": y.high,
            "flags": ", ".join(flag.phrase for flag in y.flags),
        }
        for line in lines
        for clients, y in line.known.items()
    ]
    name, scale = f"{kind.name}-{named}".rstrip("-"), kind.scale if kind.place == "t3" else ""
    yield sheet.saved(name, records, place=kind.place, workload=named, scale=scale)


def _lines(measured: Measured, kind: Kind, workload: MeasuredWorkload) -> Iterator[_Line]:
    """The book's, the loader's ceiling, then the servers', the thin ones first."""
    steps = measured.steps
    for role in ROLES:
        if role in measured.role and kind.claims:
            name = _("the book: {kind}", kind=_(_BOOK[role]))
            claimed = {count: Quantity(claim.value(role)) for count, claim in kind.claims.items()}
            look = SeriesStyle(style.ROLE_HUES[role], "")
            yield _Line(name, name.replace(": ", ":\n", 1), look, claimed)
    if kind.name == "throughput":
        highest = {n: Quantity(measured.ceiling(workload.name, n)) for n in steps}
        name = _("loader ceiling")
        yield _Line(name, name, SeriesStyle("muted", ""), highest)
    looks = style.looks(measured.servers)
    for thin, column in ((True, kind.thin), (False, kind.column)):
        for server, look in looks.items() if column else ():
            points = {step: Point(server, workload.name, step) for step in steps}
            values = {step: measured.at(point, column) for step, point in points.items()}
            name, shown = server, label(server, among=len(looks))
            if thin:
                name = f"{server} p99"
                shown = label(name) if len(looks) <= _FEW else ""
            # Where over 1 % starve, no response time is quoted.
            starved = {
                step: found.unserved
                for step, point in points.items()
                if not (thin or values[step].known) and (found := measured.starvation(point))
            }
            yield _Line(name, shown, look, values, server, 0.9 if thin else 1.8, starved)


def _draw(sheet: Sheet, line: _Line, kind: Kind, place: Mapping[int, float], row: int) -> None:
    """A line, its intervals as a band. A point with a flag is hollow; what lies beyond the axes
    stands above them, in its row; a step that failed at their foot.
    """
    (axes,) = sheet.axes
    colour, known = line.look.colour, line.known
    x, y = [place[n] for n in known], [value.value for value in known.values()]
    dashes = "-" if line.server else (0, (4, 3))
    (drawn,) = axes.plot(x, y, color=colour, linewidth=line.width, linestyle=dashes)
    if not line.server:
        return
    sheet.mark(drawn, line.server)
    band = [(place[n], each.low, each.high) for n, each in known.items() if each.ranged]
    if len(band) > 1:
        x_band, low_band, high_band = zip(*band, strict=True)
        filled = axes.fill_between(x_band, low_band, high_band, color=colour, alpha=0.16, lw=0)
        sheet.mark(filled, line.server)
    # Where the points stand between the lower and the upper edge: 0 and 1.
    to_axes = axes.transData + axes.transAxes.inverted()
    spots = {n: max(0.0, to_axes.transform((place[n], each.value))[1]) for n, each in known.items()}
    failed = [n for n, each in line.values.items() if Flag.FAILED in each.flags and not each.known]
    above = line.above(kind)
    spots |= dict.fromkeys(failed, 0.0)
    spots |= dict.fromkeys(above, 1 + row * _EDGE / axes.get_window_extent().height)
    faces = [style.PAPER if n in above or line.values[n].flags else colour for n in spots]
    dots = axes.scatter(
        [place[n] for n in spots],
        list(spots.values()),
        s=(3 * line.width) ** 2,
        marker=line.look.marker,
        facecolors=faces,
        edgecolors=colour,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
    sheet.mark(
        dots, line.server, [words(line.name, n, line.values[n], kind.measure) for n in spots]
    )


def words(name: str, clients: int, value: Quantity, measure: Measure) -> str:
    """A point in words, with its interval and flags, or why it has no value."""
    parts = [value.why]
    if not value.why:
        parts = [measure.text(value.value) if value.known else _("not measured")]
        if value.low < value.high:
            parts[0] += f" ({measure.between(value.low, value.high)})"
        parts += [flag.phrase for flag in value.flags]
    return point_text(name, clients, ", ".join(parts))


def point_text(name: str, clients: int, value: str) -> str:
    """A point in words: whose it is, at how many clients, and its value."""
    count = wording.count(clients)
    return _("{name}, {clients} clients: {value}", name=name, clients=count, value=value)
