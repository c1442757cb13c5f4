"""The decision guide: which of the chapter's two kinds of server fits whom, by this run's data.

By connections, rate a client and work a message: who is better where, and at how many clients the
one overtakes the other. By memory at hand: how many connections have room in it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from c10k.reports import wording
from c10k.reports.chapter.claims import GB
from c10k.reports.chapter.memory import usual
from c10k.reports.chapter.verdict import CLEAR
from c10k.reports.contrast import APART_MS, Contrast, Subject
from c10k.reports.crossover import Crossing, crossings
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, MeasuredServer, MeasuredWorkload, Point
from c10k.reports.table import Cell, Column, Section, Table

_MEMORIES: Final = (1 * GB, 4 * GB, 16 * GB)
_MEASURES: Final = {  # column -> what is compared
    "messages_per_s": Subject(N_("messages/s"), wording.PER_S, higher_is_better=True),
    "response_p99_ms": Subject(N_("p99 response"), wording.MS, apart=APART_MS),
    "cpu_us_per_message": Subject(N_("CPU a message"), wording.PLAIN),
}


@dataclass(frozen=True)
class Advice:
    """Who is better under a workload by one measure, and where they cross."""

    workload: MeasuredWorkload
    measure: str
    text: str
    crossings: Sequence[Crossing]


def table(measured: Measured) -> Table | None:
    """The guide; None unless the run has both kinds of server, and they can be compared."""
    pair = measured.pair
    if not pair:
        return None
    advice = list(_advice(measured, pair))
    rooms = list(_rooms(measured))
    return Table(
        "guide",
        _("Which fits whom"),
        _(
            "{one} against {other}. One is better where the ratio of the two is at least {clear} "
            "and its interval leaves out 1. Where they cross was read off straight lines between "
            "the steps on logarithmic axes; in brackets, where it may be by the intervals.",
            one=pair[0].label,
            other=pair[1].label,
            clear=wording.stated(CLEAR),
        ),
        [
            Column(_("by"), head=True),
            Column(_("measure"), head=True),
            Column(_("better, by clients"), kind="words"),
            Column(_("they cross at"), kind="words"),
        ],
        [
            Section(
                "",
                [
                    *(
                        [
                            Cell(_by(measured, each.workload)),
                            Cell(_(each.measure)),
                            Cell(each.text),
                            Cell(_crossing_text(each.crossings)),
                        ]
                        for each in advice
                    ),
                    *(
                        [Cell(_("memory")), Cell(name), Cell(text), Cell("")]
                        for name, text in rooms
                    ),
                ],
            )
        ],
        notes=[measured.spread_note()],
        records=[
            *(record for each in advice for record in _records(each)),
            *_room_records(rooms),
        ],
    )


def sentences(measured: Measured) -> Iterable[str]:
    """Where the two kinds cross, which fits whom at the first and the last step, and how sure that
    is; nothing unless the run has both, and they can be compared.
    """
    pair = measured.pair
    if not pair:
        return
    found = list(_contrasts(measured, pair))
    if not any(contrast.decided for _place, contrast in found):
        return
    crossed = [
        _("{place} in {measure}, {workload}", place=place, measure=_(each.measure), workload=by)
        for each in _advice(measured, pair)
        for place, by in [(_crossing_text(each.crossings), _by(measured, each.workload))]
        if place
    ]
    yield (
        _("They cross at {places}.", places=wording.joined(crossed))
        if crossed
        else _("At no step does the one overtake the other.")
    )
    for step in dict.fromkeys((measured.steps[0], measured.steps[-1])):
        fits = list(_fits(measured, pair, step))
        if fits:
            yield _(
                "With {clients} clients {fits}.", clients=wording.count(step), fits="; ".join(fits)
            )
    clear, even = (
        sum(contrast.decided and (contrast.better is None) is none for _place, contrast in found)
        for none in (False, True)
    )
    yield _(
        "How sure: of {all} comparisons of the two {clear} show a clear difference, {even} none, "
        "and {open} are open, as their steps were unfit for a verdict or too little was measured.",
        all=len(found),
        clear=clear,
        even=even,
        open=len(found) - clear - even,
    )


def _fits(measured: Measured, pair: Sequence[MeasuredServer], step: int) -> Iterable[str]:
    """Who fits which workloads: who is better by one measure at least, and worse by none."""
    fitting: dict[int | None, list[str]] = {0: [], 1: [], None: []}
    for workload in measured.workloads_of(pair):
        winners = better_by_something(measured, pair, workload, step)
        if winners is not None:
            fitting[next(iter(winners)) if len(winners) == 1 else None].append(workload.name)
    for place, server in enumerate(pair):
        if workloads := wording.joined(fitting[place]):
            values = {"server": server.noun, "workloads": workloads}
            if server.plural:
                yield _("{server} fit {workloads}", **values)
            else:
                yield _("{server} fits {workloads}", **values)
    if workloads := wording.joined(fitting[None]):
        yield _("either fits {workloads}", workloads=workloads)


def better_by_something(
    measured: Measured, pair: Sequence[MeasuredServer], workload: MeasuredWorkload, step: int
) -> set[int] | None:
    """Which of the two are clearly better by one measure at least; None where none is decided."""
    places = [(workload, step, column) for column in _measures(workload)]
    contrasts = [_contrast(measured, pair, place) for place in places]
    decided = {contrast.better for contrast in contrasts if contrast.decided}
    return {place for place in decided if place is not None} if decided else None


def _by(measured: Measured, workload: MeasuredWorkload) -> str:
    if workload in measured.map:
        return workload.rate
    return f"{workload.name}, {workload.rate}" if workload.loop == "open" else workload.name


def _advice(measured: Measured, pair: Sequence[MeasuredServer]) -> Iterable[Advice]:
    for workload in (*measured.workloads_of(pair), *measured.map):
        for column in _measures(workload):
            subject = _MEASURES[column]
            compared = [
                (step, contrast)
                for step in measured.steps
                for contrast in [_contrast(measured, pair, (workload, step, column))]
                if contrast.decided or contrast.unjudged
            ]
            found = [(step, contrast) for step, contrast in compared if contrast.decided]
            if found:
                text = _better(compared, [each.label for each in pair])
                # Who is nowhere clearly better does not overtake anybody.
                both = {contrast.better for _, contrast in found} >= {0, 1}
                steps, ratios = zip(*((step, each.ratio) for step, each in found), strict=True)
                crossed = crossings(steps, ratios) if both else []
                yield Advice(workload, subject.noun, text, crossed)


def _measures(workload: MeasuredWorkload) -> list[str]:
    """What is compared under a workload; in an open loop what is offered is what comes back."""
    return [
        column
        for column, subject in _MEASURES.items()
        if not (subject.higher_is_better and workload.loop == "open")
    ]


def _contrasts(
    measured: Measured, pair: Sequence[MeasuredServer]
) -> Iterable[tuple[tuple[MeasuredWorkload, int, str], Contrast]]:
    """Of the two at every step at which both were visited."""
    for workload in (*measured.workloads_of(pair), *measured.map):
        for step in measured.steps:
            if all(measured.rows(Point(each.label, workload.name, step)) for each in pair):
                for column in _measures(workload):
                    place = (workload, step, column)
                    yield place, _contrast(measured, pair, place)


def _contrast(
    measured: Measured, pair: Sequence[MeasuredServer], place: tuple[MeasuredWorkload, int, str]
) -> Contrast:
    workload, step, column = place
    one, other = (Point(server.label, workload.name, step) for server in pair)
    values = (measured.at(one, column), measured.at(other, column))
    return Contrast(_MEASURES[column], values, measured.contrast(one, other, column))


def _better(found: Iterable[tuple[int, Contrast]], labels: Sequence[str]) -> str:
    """Who is clearly better at which steps; steps beside each other with the same answer as one."""
    spans = groupby(found, key=lambda each: (each[1].better, bool(each[1].unjudged)))
    return "; ".join(_span(dict(span), labels) for _answer, span in spans)


def _span(span: Mapping[int, Contrast], labels: Sequence[str]) -> str:
    first, last = (wording.count(step) for step in (min(span), max(span)))
    where = _("at {step}", step=first)
    if len(span) > 1:
        where = _("from {first} to {last}", first=first, last=last)
    contrasts = list(span.values())
    if contrasts[0].unjudged:
        why = "; ".join(dict.fromkeys(each.unjudged for each in contrasts))
        return _("not judged {where}: {why}", where=where, why=why)
    winner = contrasts[0].better
    if winner is None:
        return _("no clear difference {where}", where=where)
    times = [max(each.ratio.value, 1 / each.ratio.value) for each in contrasts]
    return f"{labels[winner]}, {wording.RATIO.between(min(times), max(times))}, {where}"


def _crossing_text(found: Sequence[Crossing]) -> str:
    texts = []
    for each in found:
        ends = [wording.count(end) if not math.isnan(end) else "…" for end in (each.low, each.high)]
        at = wording.count(each.at)
        texts.append(_("{at} clients [{interval}]", at=at, interval="–".join(ends)))
    return wording.joined(texts)


def _rooms(measured: Measured) -> Iterable[tuple[str, str]]:
    """How many connections have room in so much memory, by each server."""
    workload = usual(measured)
    for memory in _MEMORIES:
        rooms = []
        for server in measured.servers:
            slope = measured.slope(server.label, workload.name, "occupied_bytes")
            if slope.value > 0:
                points = [Point(server.label, workload.name, step) for step in measured.steps]
                base = next(
                    (
                        at.value - slope.value * point.connections
                        for point in points
                        if (at := measured.at(point, "occupied_bytes")).known
                    ),
                    0.0,
                )
                room = max(0.0, (memory - base) / slope.value)
                rooms.append(_("{count} of {server}", count=_about(room), server=server.label))
        if rooms:
            yield wording.size(memory), _("room for {rooms}", rooms=wording.joined(rooms))


def _room_records(rooms: Sequence[tuple[str, str]]) -> Iterable[dict[str, Raw]]:
    for memory, text in rooms:
        yield {"by": "memory", "measure": memory, "better": text}


def _about(count: float) -> str:
    """Two digits: it is beyond what was measured."""
    digits = max(0, math.floor(math.log10(count)) - 1) if 1 <= count < math.inf else 0
    return wording.count(round(count, -digits))


def _records(advice: Advice) -> Iterable[dict[str, Raw]]:
    record: dict[str, Raw] = {
        "by": advice.workload.name,
        "measure": advice.measure,
        "better": advice.text,
    }
    for each in advice.crossings or [Crossing(math.nan, math.nan, math.nan, rises=False)]:
        yield record | {
            "crossing_connections": each.at,
            "crossing_low_connections": each.low,
            "crossing_high_connections": each.high,
        }
