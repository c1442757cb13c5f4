"""T6: the chapter's single claims, each beside what speaks for or against it in this run."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from c10k.reports import wording
from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.pairs import MEMORY, P50, SLOPE, Comparisons, Contrast
from c10k.reports.comparisons.published import NOT_MEASURED, Judgement, Verdict, favours, judge
from c10k.reports.comparisons.techniques import judged, technique_comparisons, unlike
from c10k.reports.language import _
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import NOTHING, Quantity
from c10k.reports.model.servers import ROLES, Role
from c10k.reports.tables.table import Cell, Column, Section, Table

STRAIGHT: Final = 0.9
"""The r² from which growth is called linear."""

_Evidence = tuple[str, str, Judgement]
"""What the chapter says, what was measured of it and where, and the outcome."""


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """Every claim of T6; those of which the run has nothing say so."""
    columns = [
        Column(_("the book"), name="claim", head=True),
        Column(_("measured"), name="measured", words=True),
        Column(_("outcome"), name="outcome", words=True),
    ]
    found = [
        _switch(measured),
        _waiting(measured),
        *(_memory(measured, comparisons, role) for role in ROLES),
        _linear(measured),
        *_techniques(measured, comparisons),
        *_fitting(measured, comparisons),
    ]
    rows = [
        [
            Cell(claim),
            Cell(wording.MISSING, "") if judgement.verdict is Verdict.NOT_MEASURED else Cell(text),
            Cell(str(judgement), judgement.verdict.value, data={"off_by": judgement.off}),
        ]
        for claim, text, judgement in found
    ]
    title = _("T6. Single claims")
    caption = _("What the book says in passing, and what speaks for or against it here.")
    yield Table("t6-claims", title, caption, columns, [Section("", rows)])


def _nearest(
    measured: Measured, role: Role, loop: str, clients: int, column: str
) -> tuple[Point, Quantity]:
    """A column at the step nearest to so many clients, of the server that stands for a role."""
    server, workload = measured.role.get(role), measured.workload(loop)
    label, name = server.label if server else "", workload.name if workload else ""
    point = Point(label, name, measured.nearest_step(clients))
    return point, measured.at(point, column)


def _switch(measured: Measured) -> _Evidence:
    clients = chapter.WAITING_THREADS
    point, cost = _nearest(measured, "synchronous", "closed", clients, "switch_ms")
    bound = replace(cost, value=math.nan, low=0.0) if cost.ranged else cost
    text = _(
        "{step}: less than {time}, which is all system CPU time ÷ switches",
        step=point,
        time=wording.milliseconds(cost.high if cost.ranged else cost.value),
    )
    claim = _("a context switch costs about {time}", time=wording.objective(chapter.SWITCH_MS))
    return claim, text, judge(chapter.SWITCH_MS, bound)


def _waiting(measured: Measured) -> _Evidence:
    threads, cpus = chapter.WAITING_THREADS, chapter.WAITING_CPUS
    claim = _(
        "{threads} threads on {cpus} cores add {time} of waiting",
        threads=threads,
        cpus=cpus,
        time=wording.objective(chapter.WAITING_MS),
    )
    point, waited = _nearest(measured, "synchronous", "closed", threads, "run_queue_ms")
    time = wording.milliseconds(waited.value)
    text = _("{step}: {time} per message waiting for a CPU", step=point, time=time)
    had = measured.server_cpus
    why = _("the server had {cpus} CPU here", cpus=had) if had != cpus else ""
    return claim, text, judge(chapter.WAITING_MS, waited, why=why)


def _memory(measured: Measured, comparisons: Comparisons, role: Role) -> _Evidence:
    most, stated = max(chapter.MEMORY.items())
    claim = (
        _("at {connections} connections threads need {memory}, and the machine swaps and thrashes")
        if role == "synchronous"
        else _("at {connections} connections an event loop needs {memory}, all resident")
    )
    point, added = _nearest(measured, role, "open", most, "added_resident_bytes")
    text = _(
        "{step}: the connections add {memory} resident; page faults that read from disk: {faults}",
        step=point,
        memory=wording.size(added.value),
        faults=wording.count(measured.at(point, "major_faults").value),
    )
    contrast = comparisons.of(measured.pair, point.workload, SLOPE, MEMORY)
    added = added if point.connections == most else NOTHING
    judgement = judge(stated.value(role), added, stated.ratio, contrast)
    return claim.format(connections=wording.count(most), memory=stated.text(role)), text, judgement


def _linear(measured: Measured) -> _Evidence:
    """Of an open loop: in a closed one response time is clients ÷ throughput, by Little's law."""
    claim = _(
        "an event loop's response time grows linearly and predictably up to 10,000 connections"
    )
    (one, first), (other, last) = (
        _nearest(measured, "asynchronous", "open", measured.steps[end], P50.column)
        for end in (0, -1)
    )
    points = [replace(one, connections=step) for step in measured.steps]
    ramps: dict[int, list[tuple[int, float]]] = {}
    for point in points:
        for repeat, ms in measured.values(point, P50.column).items():
            ramps.setdefault(repeat, []).append((point.connections, ms))
    fits = [fit for ramp in ramps.values() if not math.isnan(fit := _straightness(ramp))]
    if not (fits and first.known and last.known):
        return claim, "", NOT_MEASURED
    text = _(
        "{workload}: the median goes from {first} at {fewest} clients to {last} at {most}; a "
        "straight line explains {least} to {best} of it",
        workload=one.workload,
        first=wording.milliseconds(first.value),
        last=wording.milliseconds(last.value),
        fewest=wording.count(one.connections),
        most=wording.count(other.connections),
        least=wording.share(min(fits)),
        best=wording.share(max(fits)),
    )
    whys = [measured.unfit(points, P50.column)]
    whys += [measured.at(point, P50.column).why for point in points]
    if why := next(filter(None, whys), ""):
        return claim, text, Judgement(Verdict.UNDECIDED, why=why)
    straight = {fit >= STRAIGHT for fit in fits}
    grows = straight == {True} and last.value > first.value
    verdict = Verdict.CONFIRMED if grows else Verdict.CONTRADICTED
    verdict = verdict if len(straight) == 1 else Verdict.UNDECIDED
    return claim, text, Judgement(verdict if len(fits) > 1 else Verdict.INDICATIVE)


def _straightness(ramp: Sequence[tuple[int, float]]) -> float:
    """The r² of a straight line through the points; NaN for fewer than three."""
    steps, times = np.array(ramp, float).T
    if len(ramp) < 3 or not np.ptp(times):
        return math.nan
    return float(np.corrcoef(steps, times)[0, 1] ** 2)


def _techniques(measured: Measured, comparisons: Comparisons) -> Iterator[_Evidence]:
    tried = list(technique_comparisons(measured, comparisons))
    for name, said in chapter.TECHNIQUES.items():
        alike = (each for each in tried if each.technique.claim == name)
        contrasts = [contrast for each in alike for contrast in each.claimed]
        yield _(said.text), _tally(contrasts), judged(contrasts, unlike(measured, name))


def _fitting(measured: Measured, comparisons: Comparisons) -> Iterator[_Evidence]:
    """Whom a kind of server fits: where it is clearly better, and nowhere clearly worse."""
    few, many = chapter.FEW_CLIENTS, chapter.MANY_CLIENTS
    plain = measured.workload("closed", [each for each in measured.workloads if each.plain])
    saturated = plain.name if plain else ""
    under = _("threads fit under {clients} clients", clients=wording.count(few))
    over = _("an event loop fits over {clients} clients", clients=wording.count(many))
    pair = [server.label for server in measured.pair]
    for claim, side, workload, least, most in (
        (under, 0, saturated, 1, few),
        (over, 1, saturated, many, math.inf),
        (_("threads fit requests that compute"), 0, "work_cpu", 1, math.inf),
        (_("an event loop fits requests that wait"), 1, "work_sleep", 1, math.inf),
    ):
        contrasts = [
            each
            for each in comparisons
            if [each.one, each.other, each.workload] == [*pair, workload]
            and least <= each.step <= most
        ]
        yield claim, f"{workload}: {_tally(contrasts)}", favours(contrasts, side)


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
