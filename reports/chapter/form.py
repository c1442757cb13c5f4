"""The form of the chapter's tables: its figure, what each server measured, and the verdict.

A server is held against the column of the chapter that speaks of its model, and compared with the
server of the run that stands for the other column.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from c10k.reports import wording
from c10k.reports.chapter.claims import ROLES, Claim
from c10k.reports.chapter.verdict import Judgement, judge
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import (
    Measured,
    MeasuredServer,
    MeasuredWorkload,
    Point,
    Quantity,
    exactly,
)
from c10k.reports.table import NOTHING, Cell, Column, Section, Table, cell
from c10k.reports.wording import Unit


@dataclass(frozen=True)
class Comparison:
    """How a table compares the chapter's two columns: heading, unit, and what it makes of the
    synchronous by the asynchronous one.
    """

    title: str
    unit: Unit
    of: Callable[[Quantity], Quantity]

    def claimed(self, claim: Claim) -> Cell:
        """The comparison of the chapter's own figures."""
        value = self.of(exactly(claim.ratio)).value
        return Cell(self.unit.text(value), value)


def _saved(ratio: Quantity) -> Quantity:
    part = exactly(1).by(ratio)
    return replace(part, value=1 - part.value, low=1 - part.high, high=1 - part.low, bound="")


RATIO: Final = Comparison(N_("sync ÷ async"), wording.RATIO, lambda ratio: ratio)
SAVED: Final = Comparison(N_("saved by async"), wording.SHARE, _saved)


@dataclass(frozen=True)
class Figure:
    """A figure of the chapter: the heads of its line, its measure's key and unit, and how it is
    measured of a server. `contrast` tells one server by another better than their values do,
    `deciding` what the verdict rests on, where that is not all that was measured.
    """

    heads: tuple[str, ...]
    key: str
    unit: Unit
    claim: Claim | None
    of: Callable[[MeasuredServer], Quantity]
    contrast: Callable[[MeasuredServer, MeasuredServer], Quantity] | None = None
    connections: int | None = None
    deciding: Callable[[MeasuredServer], Quantity] | None = None

    def ratio(self, measured: Measured, server: MeasuredServer) -> Quantity:
        """The synchronous server by the asynchronous one, of which this is one."""
        other = measured.counterpart(server)
        if other is None:
            return Quantity()
        one, two = (server, other) if server.kind == ROLES[0] else (other, server)
        return self.contrast(one, two) if self.contrast else self.of(one).by(self.of(two))

    def judged(self, measured: Measured, server: MeasuredServer) -> Judgement | None:
        """What becomes of the claim; None where there is none."""
        if self.claim is None or server.kind is None or not self.claim.text(server.kind):
            return None
        claimed = self.claim.value(server.kind)
        found = (self.deciding or self.of)(server)
        return judge(claimed, found, self.claim.ratio, self.ratio(measured, server))


def at_step(
    measured: Measured,
    workload: MeasuredWorkload,
    connections: int,
    column: str,
    heads: tuple[str, ...],
    claim: Claim | None,
    unit: Unit,
) -> Figure:
    """A column of the steps at one number of connections."""

    def point(server: MeasuredServer) -> Point:
        return Point(server.label, workload.name, connections)

    return Figure(
        heads,
        column.removesuffix(f"_{unit.suffix}"),
        unit,
        claim,
        lambda server: measured.at(point(server), column),
        lambda one, other: measured.contrast(point(one), point(other), column),
        connections,
        lambda server: measured.deciding(point(server), column),
    )


def against_the_chapter(
    measured: Measured,
    name: str,
    title: str,
    caption: str,
    heads: tuple[str, ...],
    figures: Callable[[MeasuredWorkload], Iterable[Figure]],
    *,
    workloads: Sequence[MeasuredWorkload] | None = None,
    unit: str = "",
    compare: Comparison = RATIO,
    notes: Sequence[str] = (),
) -> Table:
    """A section a workload, in it a line a figure and server."""
    sections, records, points = [], [], []
    for workload in measured.workloads if workloads is None else workloads:
        servers = [each for each in measured.servers if measured.visited(each, workload)]
        told = list(figures(workload)) if servers else []
        rows = []
        for figure in told:
            for server in servers:
                rows.append(_cells(measured, figure, server, compare, unit))
                records.append(_record(measured, workload, figure, server))
                points += [
                    Point(server.label, workload.name, step)
                    for step in ([figure.connections] if figure.connections else measured.steps)
                ]
        if rows:
            sections.append(Section(workload.heading, rows))
    return Table(
        name,
        title,
        caption,
        [
            *(Column(head, head=True) for head in (*heads, _("server"))),
            Column(_("chapter"), "", unit, kind="claimed"),
            Column(_("measured"), "", unit, kind="measured"),
            Column(_("÷ chapter"), "", kind="ratio"),
            Column(_("chapter"), _(compare.title), kind="claimed"),
            Column(_("measured"), _(compare.title)),
            Column(_("verdict"), kind="judged"),
        ],
        sections,
        measured.footnotes(points),
        [*_absent(measured), measured.spread_note(), *notes],
        records,
    )


def _absent(measured: Measured) -> Iterable[str]:
    for role in ROLES:
        if role not in measured.role:
            yield _("No server of this run stands for the chapter's {kind} one.", kind=_(role))
    if apart := measured.kept_apart(list(measured.role.values())):
        yield f"{apart}."


def _cells(
    measured: Measured, figure: Figure, server: MeasuredServer, compare: Comparison, unit: str
) -> list[Cell]:
    value, claim = figure.of(server), figure.claim
    claimed = claim.value(server.kind) if claim and server.kind else math.nan
    text = claim.text(server.kind).removesuffix(f" {unit}") if claim and server.kind else ""
    judged = figure.judged(measured, server)
    return [
        *(Cell(head, head) for head in (*figure.heads, server.label)),
        Cell(text, claimed) if text else NOTHING,
        cell(value, figure.unit),
        # The spread stands in the cell before, in the measure's own unit.
        replace(cell(value.by(exactly(claimed)), wording.RATIO), spread="", marks=""),
        compare.claimed(claim) if claim and claim.ratio > 0 and server.kind else NOTHING,
        cell(compare.of(figure.ratio(measured, server)), compare.unit),
        Cell(str(judged), str(judged)) if judged else NOTHING,
    ]


def _record(
    measured: Measured, workload: MeasuredWorkload, figure: Figure, server: MeasuredServer
) -> dict[str, Raw]:
    value, ratio = figure.of(server), figure.ratio(measured, server)
    claimed = figure.claim.value(server.kind) if figure.claim and server.kind else math.nan
    judged = figure.judged(measured, server)
    suffix = figure.unit.suffix
    return {
        "workload": workload.name,
        "measure": figure.key,
        "connections": figure.connections,
        "server": server.label,
        "kind": server.kind,
        f"chapter_{suffix}": claimed,
        f"measured_{suffix}": value.value,
        f"measured_low_{suffix}": value.low,
        f"measured_high_{suffix}": value.high,
        "bound": value.bound.strip(),
        "measured_by_chapter": value.by(exactly(claimed)).value,
        "sync_by_async_chapter": figure.claim.ratio if figure.claim else math.nan,
        "sync_by_async": ratio.value,
        "sync_by_async_low": ratio.low,
        "sync_by_async_high": ratio.high,
        "verdict": judged.verdict.value if judged else "",
        "off_by": judged.off if judged else math.nan,
        "marks": value.symbols,
    }
