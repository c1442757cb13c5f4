"""The decision guide: which of the chapter's two kinds of server fits whom, by this run's data.

By connections, rate a client and work a message: who is better where, and at how many clients the
one overtakes the other. By memory at hand: how many connections have room in it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reports import wording
from reports.answer import APART_MS, Contrast, Subject
from reports.chapter.claims import GB, ROLES
from reports.chapter.memory import usual
from reports.chapter.verdict import CLEAR
from reports.crossover import Crossing, crossings
from reports.data import Raw
from reports.measured import Measured, Point, Server, Workload
from reports.table import Cell, Column, Section, Table

_MEMORIES: Final = (1 * GB, 4 * GB, 16 * GB)
_MEASURES: Final = {  # column -> what it is called; whether more is better
    "messages_per_s": Subject("messages/s", "", "", wording.COUNT, "", higher_is_better=True),
    "response_p99_ms": Subject("p99 response", "", "", wording.MS, "", apart=APART_MS),
    "cpu_us_per_message": Subject("CPU a message", "", "", wording.PLAIN, ""),
}


@dataclass(frozen=True)
class Advice:
    """Who is better under a workload by one measure, and where they cross."""

    workload: Workload
    measure: str
    text: str
    crossings: Sequence[Crossing]


def table(measured: Measured) -> Table | None:
    """The guide; None unless the run has both kinds of server."""
    if len(measured.role) < len(ROLES):
        return None
    pair = [measured.role[role] for role in ROLES]
    advice = list(_advice(measured, pair))
    rooms = list(_rooms(measured))
    return Table(
        "guide",
        "Which fits whom",
        f"{pair[0].label} against {pair[1].label}. One is better where the ratio of the two is at "
        f"least {CLEAR:g} and its interval leaves out 1. Where they cross was read off straight "
        "lines between the steps on logarithmic axes; in brackets, where it may be by the "
        "intervals.",
        [
            Column("by", head=True),
            Column("measure", head=True),
            Column("better, by clients", kind="words"),
            Column("they cross at", kind="words"),
        ],
        [
            Section(
                "",
                [
                    *(
                        [
                            Cell(_by(each.workload)),
                            Cell(each.measure),
                            Cell(each.text),
                            Cell(_crossing_text(each.crossings)),
                        ]
                        for each in advice
                    ),
                    *([Cell("memory"), Cell(name), Cell(text), Cell("")] for name, text in rooms),
                ],
            )
        ],
        notes=[measured.spread_note()],
        records=[
            *(record for each in advice for record in _records(each)),
            *_room_records(rooms),
        ],
    )


def _by(workload: Workload) -> str:
    rate = f", {workload.rate}" if workload.loop == "open" else ""
    return f"{workload.name}{rate}"


def _advice(measured: Measured, pair: Sequence[Server]) -> Iterable[Advice]:
    for workload in (*measured.workloads_of(pair), *measured.map):
        for column, subject in _MEASURES.items():
            if subject.higher_is_better and workload.loop == "open":
                continue  # what is offered is what comes back
            found = [
                (step, contrast)
                for step in measured.steps
                if (contrast := _contrast(measured, pair, (workload, step, column))).decided
            ]
            if found:
                text = _better(found, [each.label for each in pair])
                # Who is nowhere clearly better does not overtake anybody.
                both = {contrast.better for _, contrast in found} >= {0, 1}
                steps, ratios = zip(*((step, each.ratio) for step, each in found), strict=True)
                crossed = crossings(steps, ratios) if both else []
                yield Advice(workload, subject.noun, text, crossed)


def _contrast(
    measured: Measured, pair: Sequence[Server], place: tuple[Workload, int, str]
) -> Contrast:
    workload, step, column = place
    one, other = (Point(server.label, workload.name, step) for server in pair)
    values = (measured.at(one, column), measured.at(other, column))
    return Contrast(_MEASURES[column], values, measured.contrast(one, other, column))


def _better(found: Iterable[tuple[int, Contrast]], labels: Sequence[str]) -> str:
    """Who is clearly better at which steps; steps beside each other with the same answer as one."""
    spans: list[tuple[int | None, list[int], list[float]]] = []
    for step, contrast in found:
        if not spans or spans[-1][0] != contrast.better:
            spans.append((contrast.better, [], []))
        spans[-1][1].append(step)
        spans[-1][2].append(max(contrast.ratio.value, 1 / contrast.ratio.value))
    return "; ".join(_span(*span, labels) for span in spans)


def _span(
    winner: int | None, steps: Sequence[int], times: Sequence[float], labels: Sequence[str]
) -> str:
    where = f"at {steps[0]:,}" if len(steps) == 1 else f"from {steps[0]:,} to {steps[-1]:,}"
    if winner is None:
        return f"no clear difference {where}"
    return f"{labels[winner]}, {wording.RATIO.between(min(times), max(times))}, {where}"


def _crossing_text(found: Sequence[Crossing]) -> str:
    texts = []
    for each in found:
        ends = [
            f"{wording.count(end)}" if not math.isnan(end) else "…" for end in (each.low, each.high)
        ]
        texts.append(f"{wording.count(each.at)} clients [{'–'.join(ends)}]")
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
                rooms.append(f"{_about(room)} of {server.label}")
        if rooms:
            yield wording.size(memory), f"room for {wording.joined(rooms)}"


def _room_records(rooms: Sequence[tuple[str, str]]) -> Iterable[dict[str, Raw]]:
    for memory, text in rooms:
        yield {"by": "memory", "measure": memory, "better": text}


def _about(count: float) -> str:
    """Two digits: it is beyond what was measured."""
    digits = max(0, math.floor(math.log10(count)) - 1) if count >= 1 else 0
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
