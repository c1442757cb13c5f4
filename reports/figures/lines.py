"""Lines over clients: the servers' figures with their intervals, published ones beside, dashed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from c10k.reports import style, wording
from c10k.reports.comparisons.publication import PrintedPair, called
from c10k.reports.figures.axes import BYTES, CPU, RATE, SHARE, TIME, Measure, short, ticks, y_axis
from c10k.reports.figures.sheet import Name, Picture, Sheet, label
from c10k.reports.language import N_, _
from c10k.reports.model.derived import MEASURES
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import Flag, Quantity
from c10k.reports.model.servers import MeasuredWorkload
from c10k.reports.style import SeriesStyle
from c10k.results.claimed_tables import Row
from c10k.results.claimed_units import printed_value, unit_of
from c10k.results.claims import Claim

_NOUNS: Final = {"synchronous": N_("threads"), "asynchronous": N_("event loop")}
_FEW: Final = 3  # servers: more names of thin lines would only be in each other's way
_EDGE: Final = 9  # points from a row of markers above the axes to the next


@dataclass(frozen=True)
class Kind:
    """A kind of picture: a column of the steps, and perhaps a `thin` one; the measure of which
    published figures stand beside, if it is another. The axis of y is linear where it ends at a
    given `top`. A publication's own graph has a title, and its `rows` evenly on the axis of x.
    """

    name: str
    place: str
    column: str
    measure: Measure
    claimed: str = ""
    thin: str = ""
    scale: str = "log"
    top: float = 0
    rows: Sequence[Row] = ()
    title: str = ""

    def published(self, claim: Claim) -> dict[int, PrintedPair]:
        """The published figures by clients; those of any number of clients from end to end."""
        measure = self.claimed or self.column
        rows = self.rows or claim.over_clients(measure).values()
        found = {row.clients: row.figures for row in rows if row.figures}
        if not found and (figures := claim.of_servers(measure)):
            every = [row.clients for table in claim.by_clients for row in table.rows]
            found = dict.fromkeys((min(every), max(every)) if every else (), figures)
        return {clients: PrintedPair(measure, figures) for clients, figures in found.items()}


_P50: Final = "response_p50_ms"
_KINDS: Final = (
    Kind("memory-resident", "t2", "added_resident_bytes", BYTES),
    Kind("memory-virtual", "t2", "added_vms_bytes", BYTES, claimed="added_resident_bytes"),
    Kind("response-log", "t3", _P50, TIME, thin="response_p99_ms"),
    Kind("response-linear", "t3", _P50, TIME, thin="response_p99_ms", scale="linear"),
    Kind("cpu", "costs", "cpu_us_per_message", CPU),
    Kind("efficiency", "costs", "cpu_efficiency", SHARE, top=1),
    Kind("throughput", "costs", "messages_per_s", RATE),
)
_RESPONSE: Final = (N_("Response time"), N_("thick: median; thin: p99"))
_TEXTS: Final = {  # titles and subtitles
    "memory-resident": (N_("Resident memory of the connections"), N_("what they add")),
    "memory-virtual": (N_("Virtual memory of the connections"), N_("what they reserve")),
    "response-log": _RESPONSE,
    "response-linear": _RESPONSE,
    "cpu": (N_("CPU per message"), N_("user and system time of the server")),
    "efficiency": (N_("CPU efficiency"), N_("time on a CPU ÷ (that and time waiting for one)")),
    "throughput": (
        N_("Throughput"),
        N_("replied to and verified; dashed: what the loader can drive"),
    ),
}
_AXES: Final = {"bytes": BYTES, "ms": TIME, "us": CPU}


def kinds(claim: Claim) -> Iterator[Kind]:
    """All kinds: the report's, and the publication's own graphs, on its axes."""
    yield from _KINDS
    for table in claim.by_clients:
        graph, column = table.graph, table.measure
        top = printed_value(graph.top, column) if graph else 0
        if graph and top > 0 and column in MEASURES:
            plain = RATE if column.endswith("_per_s") else SHARE
            named, axis = (graph.name, table.part), _AXES.get(unit_of(column), plain)
            yield Kind(*named, column, axis, top=top, rows=table.rows, title=graph.title)


@dataclass(frozen=True)
class _Line:
    """A line to draw: its name in the data and at its end, how it is drawn, what it shows by
    clients; the `server` that it is of, if it is of one, and how many clients starved, by step.
    """

    name: str
    label: str
    line_style: SeriesStyle
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
            yield Name(text, place[clients], y, self.line_style.colour, self.server)


def over_clients(measured: Measured) -> Iterator[Picture]:
    """All of these pictures: memory under the most relaxed workload, the others under each."""
    for kind in kinds(measured.publication):
        workloads = [measured.usual] if kind.place == "t2" else measured.workloads
        for workload in measured.ordered(workloads):
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
    if kind.rows:
        evenly = sorted({*clients, *(row.clients for row in kind.rows)})
        place = {count: float(at) for at, count in enumerate(evenly)}
    rows = [line for line in lines if line.above(kind)]
    names = [name for line in lines for name in line.names(kind, place)]
    claim = measured.publication
    if kind.title:
        title = _(kind.title)
        subtitle = _("on {name}'s axes; above: what lies beyond", name=called(claim))
    else:
        title, subtitle = map(_, _TEXTS[kind.name])
    dashed = _("{what}; dashed: {name}", what=subtitle, name=called(claim))
    named = "" if kind.place == "t2" else workload.name
    sheet = Sheet(
        f"{title}, {named}" if named else title,
        dashed if kind.published(claim) else subtitle,
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
    """The published, the loader's ceiling, then the servers', the thin ones first."""
    steps, claim = measured.steps, measured.publication
    styles, published = style.series_styles(measured.servers), kind.published(claim)
    for at, server_name in enumerate(claim.servers if published else ()):
        if standing := measured.standing_for(server_name):
            name = f"{called(claim)}: {_(_NOUNS.get(server_name, server_name))}"
            claimed = {count: Quantity(each.value(at)) for count, each in published.items()}
            line_style = SeriesStyle(styles[standing.label].hue, "")
            yield _Line(name, name.replace(": ", ":\n", 1), line_style, claimed)
    if kind.name == "throughput":
        highest = {n: Quantity(measured.ceiling(workload.name, n)) for n in steps}
        name = _("loader ceiling")
        yield _Line(name, name, SeriesStyle("muted", ""), highest)
    for thin, column in ((True, kind.thin), (False, kind.column)):
        for server, line_style in styles.items() if column else ():
            points = {step: Point(server, workload.name, step) for step in steps}
            values = {step: measured.at(point, column) for step, point in points.items()}
            name, shown = server, label(server, among=len(styles))
            if thin:
                name = f"{server} p99"
                shown = label(name) if len(styles) <= _FEW else ""
            # Where over 1 % starve, no response time is quoted.
            starved = {
                step: found.unserved
                for step, point in points.items()
                if not (thin or values[step].known) and (found := measured.starvation(point))
            }
            yield _Line(name, shown, line_style, values, server, 0.9 if thin else 1.8, starved)


def _draw(sheet: Sheet, line: _Line, kind: Kind, place: Mapping[int, float], row: int) -> None:
    """A line, its intervals as a band. A point with a flag is hollow; what lies beyond the axes
    stands above them, in its row; a step that failed at their foot.
    """
    (axes,) = sheet.axes
    colour, known = line.line_style.colour, line.known
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
        marker=line.line_style.marker,
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
