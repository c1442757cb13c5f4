"""What a publication says in sentences, each beside what speaks for or against it in this run."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons, Contrast
from c10k.reports.comparisons.publication import PrintedPair, Publication, called
from c10k.reports.comparisons.published import NOT_MEASURED, Judgement, Verdict, favours
from c10k.reports.comparisons.techniques import judged, technique_comparisons, unlike
from c10k.reports.language import _, local_number
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import NOTHING
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.results.claimed_tables import (
    BetterStatement,
    FigureStatement,
    GrowthStatement,
    Statement,
    Statements,
)

STRAIGHT: Final = 0.9
"""The r² from which growth is called linear."""

_Evidence = tuple[str, str, Judgement]
"""What is said, what was measured of it and where, and the outcome."""


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """Those of every claim that has them; what the run has nothing of says so."""
    for number, claim in enumerate(measured.claims, 1):
        publication = Publication(measured, comparisons, claim)
        for each in claim.statements:
            yield _table(publication, each, each.stem(number))


def _table(publication: Publication, table: Statements, name: str) -> Table:
    columns = [
        Column(called(publication.claim), name="claim", head=True),
        Column(_("measured"), name="measured", words=True),
        Column(_("outcome"), name="outcome", words=True),
    ]
    found = [
        *(_figure(publication, each) for each in table.figures),
        *(_growth(publication, each) for each in table.growth),
        *_techniques(publication, table),
        *(_better(publication, each) for each in table.better),
    ]
    rows = [
        [
            Cell(says),
            Cell(wording.MISSING, "") if judgement.verdict is Verdict.NOT_MEASURED else Cell(text),
            Cell(str(judgement), judgement.verdict.value, data={"off_by": judgement.off}),
        ]
        for says, text, judgement in found
    ]
    caption = " ".join(filter(None, (publication.source, _(table.caption))))
    sections, notes = [Section("", rows)], list(map(_, table.notes))
    heading = _(table.heading)
    return Table(name, _(table.title), caption, columns, sections, notes, heading=heading)


def _point(publication: Publication, said: Statement, clients: int) -> Point:
    """The step nearest to so many clients, of the server and under the workload that it is of."""
    workload = publication.workload(said.workload)
    step = publication.measured.nearest_step(clients) if clients else 0
    return Point(publication.label(said.server), workload.name if workload else "", step)


def _figure(publication: Publication, said: FigureStatement) -> _Evidence:
    measured, point = publication.measured, _point(publication, said, said.clients)
    known = publication.quantity(point, said.measure)
    unit, bound = wording.unit(said.measure), said.upper_bound and known.ranged
    values = {
        "clients": wording.count(said.clients),
        "cpus": str(said.cpus),
        "figure": local_number(said.figure),
        "step": str(point) if said.clients else f"{point.server}, {point.workload}",
        "measured": unit.text(known.high) if bound else cell(known, unit).text,
    }
    had = measured.server_cpus
    why = ""
    if said.cpus and not had:
        why = _("how many CPUs the server had here is not known")
    elif said.cpus and had != said.cpus:
        why = _("the server had {cpus} here", cpus=wording.cpus(had))
    if bound:
        known = replace(known, value=math.nan, low=0.0)
    if said.exactly and point.connections != said.clients:
        known = NOTHING
    printed, place = _printed(publication, said)
    judgement = publication.judged(printed, place, point, known, why)
    filled = _filling(measured, point, values)
    return filled(said.says), filled(said.found), judgement


def _printed(publication: Publication, said: FigureStatement) -> tuple[PrintedPair, int]:
    """The figure beside the other server's in a table, where there is one."""
    servers = publication.claim.servers
    row = publication.claim.over_clients(said.measure).get(said.clients)
    place = servers.index(said.server)
    if row and row.figures[place : place + 1] == (said.figure,):
        return PrintedPair(said.measure, row.figures), place
    return PrintedPair(said.measure, (said.figure,)), 0


def _filling(measured: Measured, point: Point, values: dict[str, str]) -> Callable[[str], str]:
    """Puts values, and other measures at the same step, into texts."""

    def value(name: str) -> str:
        if name in values:
            return values[name]
        found, unit = measured.figure(point, name).value, wording.unit(name)
        return wording.count(found) if unit is wording.PLAIN else unit.text(found)

    return lambda text: wording.filled(_(text), value)


def _growth(publication: Publication, said: GrowthStatement) -> _Evidence:
    measured, says = publication.measured, _(said.says)
    one, other = (_point(publication, said, measured.steps[end]) for end in (0, -1))
    first, last = (measured.figure(point, said.measure) for point in (one, other))
    if not (first.known and last.known):
        return says, "", NOT_MEASURED
    points = [replace(one, connections=step) for step in measured.steps]
    ramps: dict[int, list[tuple[int, float]]] = {}
    for point in points:
        for repeat, value in measured.values(point, said.measure).items():
            ramps.setdefault(repeat, []).append((point.connections, value))
    fits = [fit for ramp in ramps.values() if not math.isnan(fit := _straightness(ramp))]
    if not fits:
        return says, "", NOT_MEASURED
    unit = wording.unit(said.measure)
    values = {
        "workload": one.workload,
        "first": unit.text(first.value),
        "last": unit.text(last.value),
        "fewest": wording.count(one.connections),
        "most": wording.count(other.connections),
        "least": wording.share(min(fits)),
        "best": wording.share(max(fits)),
    }
    text = _filling(measured, other, values)(said.found)
    whys = [measured.unfit(points, said.measure)]
    whys += [measured.at(point, said.measure).why for point in points]
    if why := next(filter(None, whys), ""):
        return says, text, Judgement(Verdict.UNDECIDED, why=why)
    straight = {fit >= STRAIGHT for fit in fits}
    grows = straight == {True} and last.value > first.value
    verdict = Verdict.CONFIRMED if grows else Verdict.CONTRADICTED
    verdict = verdict if len(straight) == 1 else Verdict.UNDECIDED
    return says, text, Judgement(verdict if len(fits) > 1 else Verdict.INDICATIVE)


def _straightness(ramp: Sequence[tuple[int, float]]) -> float:
    """The r² of a straight line through the points; NaN for fewer than three."""
    steps, times = np.array(ramp, float).T
    if len(ramp) < 3 or not np.ptp(times):
        return math.nan
    return float(np.corrcoef(steps, times)[0, 1] ** 2)


def _techniques(publication: Publication, table: Statements) -> Iterator[_Evidence]:
    measured = publication.measured
    tried = list(technique_comparisons(measured, publication.comparisons))
    for said in table.techniques:
        alike = (each for each in tried if each.technique.claim == said.name)
        contrasts = [contrast for each in alike for contrast in each.claimed]
        yield _(said.says), _tally(contrasts), judged(contrasts, unlike(measured, said))


def _better(publication: Publication, said: BetterStatement) -> _Evidence:
    """Where it is clearly better, and nowhere clearly worse."""
    workload = publication.workload(said.workload, plain=True)
    name = workload.name if workload else ""
    made = publication.contrasts(name)
    contrasts = [each for each in made if said.least <= each.step <= said.most]
    clients = wording.count(said.least if said.least > 1 else said.most)
    says = wording.filled(_(said.says), lambda name: {"clients": clients}.get(name, name))
    side = publication.claim.servers.index(said.server)
    return says, f"{name}: {_tally(contrasts)}", favours(contrasts, side)


def _tally(contrasts: Sequence[Contrast]) -> str:
    """Who is clearly better in how many comparisons."""
    better = [
        _("{server} clearly better in {count}", server=server, count=wording.count(count))
        for server, count in Counter(each.winner for each in contrasts if each.winner).items()
    ]
    return _(
        "of {all} comparisons {better}",
        all=wording.count(len(contrasts)),
        better=wording.joined(better) or _("none is clear"),
    )
