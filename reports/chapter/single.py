"""T6: the chapter's single claims, each beside what speaks for or against it in this run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from c10k.reports import guide, techniques, wording
from c10k.reports.chapter import claims
from c10k.reports.chapter.verdict import NOT_MEASURED, Judgement, Verdict, judge
from c10k.reports.language import N_, _, local_number
from c10k.reports.measured import Measured, MeasuredServer, MeasuredWorkload, Point, Quantity
from c10k.reports.table import Cell, Column, Section, Table

STRAIGHT: Final = 0.9  # r² from which growth is called predictable


@dataclass(frozen=True)
class Evidence:
    """What the chapter says, what was measured of it and where, and the verdict."""

    claim: str
    measured: str = ""
    verdict: Judgement | str = NOT_MEASURED  # a message where no figure is judged

    @property
    def judged(self) -> str:
        """The verdict in words."""
        return _(self.verdict) if isinstance(self.verdict, str) else str(self.verdict)


def single_claims(measured: Measured) -> Table:
    """Every claim of T6; those of which the run has nothing say so."""
    found = list(_evidence(measured))
    return Table(
        "t6-claims",
        _("T6. Single claims"),
        _("What the chapter says in passing, and what speaks for or against it here."),
        [
            Column(_("the chapter"), head=True),
            Column(_("measured"), kind="words"),
            Column(_("verdict"), kind="judged"),
        ],
        [
            Section(
                "",
                [
                    [
                        Cell(each.claim, each.claim),
                        Cell(each.measured or wording.MISSING),
                        Cell(each.judged, each.judged),
                    ]
                    for each in found
                ],
            )
        ],
        notes=[measured.spread_note()],
        records=[
            {"claim": each.claim, "measured": each.measured, "verdict": each.judged}
            for each in found
        ],
    )


def _evidence(measured: Measured) -> Iterable[Evidence]:
    yield _switch(measured)
    yield _waiting(measured)
    yield _thrashing(measured)
    yield _resident(measured)
    yield _linear(measured)
    yield from _techniques(measured)
    yield _few_clients(measured)
    yield _many_clients(measured)
    yield _bound(measured, "work_cpu", _("threads fit requests that compute"), "synchronous")
    yield _bound(measured, "work_sleep", _("an event loop fits requests that wait"), "asynchronous")


def _switch(measured: Measured) -> Evidence:
    claim = _("a context switch costs about {time}", time=wording.objective(claims.SWITCH_MS))
    for point in _of("synchronous", measured, "closed", claims.WAITING_THREADS):
        system, switches = (
            measured.deciding(point, column)
            for column in ("system_ms", "context_switches_per_message")
        )
        cost = system.by(switches)
        if cost.known:
            most = replace(cost, low=math.nan, high=math.nan, bound="< ")
            text = _(
                "{step}: less than {time}, all system CPU time ÷ switches",
                step=point,
                time=_ms(cost.value),
            )
            return Evidence(claim, text, judge(claims.SWITCH_MS, most, math.nan, Quantity()))
    return Evidence(claim)


def _waiting(measured: Measured) -> Evidence:
    claim = _(
        "{threads} threads on 4 cores add {time} of waiting",
        threads=claims.WAITING_THREADS,
        time=wording.objective(claims.WAITING_MS),
    )
    for point in _of("synchronous", measured, "closed", claims.WAITING_THREADS):
        waited = measured.deciding(point, "run_queue_ms")
        if waited.known:
            cpus = len((measured.manifest["cpu_split"] or {}).get("server", ())) or "?"
            text = _(
                "{step}: {time} a message waiting for a CPU, of {cpus}",
                step=point,
                time=_ms(waited.value),
                cpus=cpus,
            )
            return Evidence(claim, text, judge(claims.WAITING_MS, waited, math.nan, Quantity()))
    return Evidence(claim)


def _thrashing(measured: Measured) -> Evidence:
    most = max(claims.MEMORY)
    stated = claims.MEMORY[most]
    claim = _(
        "at {connections} connections threads need {memory}, and the machine swaps and thrashes",
        connections=wording.count(most),
        memory=stated.text("synchronous"),
    )
    for point in _of("synchronous", measured, "open", most):
        if point.connections == most and measured.usable(point):
            occupied, faults = (
                measured.deciding(point, column) for column in ("occupied_bytes", "major_faults")
            )
            window_s = measured.at(point, "window_s").value
            a_second = wording.number(faults.value / window_s) if window_s else wording.MISSING
            text = _(
                "{step}: {memory} occupied, kernel included, {faults} page faults a second that "
                "read from disk",
                step=point,
                memory=wording.size(occupied.value),
                faults=a_second,
            )
            judged = _memory_judged(measured, point, occupied, "synchronous")
            return Evidence(claim, text, judged)
    return Evidence(claim)


def _resident(measured: Measured) -> Evidence:
    most = max(claims.MEMORY)
    stated = claims.MEMORY[most]
    claim = _(
        "at {connections} connections an event loop needs {memory}, all resident",
        connections=wording.count(most),
        memory=stated.text("asynchronous"),
    )
    for point in _of("asynchronous", measured, "open", most):
        if point.connections == most and measured.usable(point):
            resident = measured.deciding(point, "resident_bytes")
            judged = _memory_judged(measured, point, resident, "asynchronous")
            text = _("{step}: {memory} resident", step=point, memory=wording.size(resident.value))
            return Evidence(claim, text, judged)
    return Evidence(claim)


def _memory_judged(
    measured: Measured, point: Point, occupied: Quantity, role: claims.Role
) -> Judgement:
    stated = claims.MEMORY[point.connections]
    ratio = Quantity()
    if measured.pair:
        one, other = (replace(point, server=each.label) for each in measured.pair)
        ratio = measured.contrast(one, other, "resident_bytes")
    return judge(stated.value(role), occupied, stated.ratio, ratio)


def _linear(measured: Measured) -> Evidence:
    claim = _(
        "an event loop's response time grows linearly and predictably up to 10,000 connections"
    )
    server, workload = measured.role.get("asynchronous"), measured.workload("closed")
    if server is None or workload is None:
        return Evidence(claim)
    known = [
        (step, value.value)
        for step in measured.steps
        for value in [
            measured.deciding(Point(server.label, workload.name, step), "response_p50_ms")
        ]
        if value.value > 0 and not value.unjudged
    ]
    if len(known) < 3:
        return Evidence(claim)
    clients, response = np.log(np.array(known)).T
    exponent = float(np.polyfit(clients, response, 1)[0])
    straight = float(np.corrcoef(clients, response)[0, 1] ** 2)
    text = _(
        "{server}, {workload}, {first} to {last} clients: the median grows with the {exponent}th "
        "power of the clients (r² {straight})",
        server=server.label,
        workload=workload.name,
        first=wording.count(known[0][0]),
        last=wording.count(known[-1][0]),
        exponent=local_number(f"{exponent:.2f}"),
        straight=local_number(f"{straight:.2f}"),
    )
    judged = judge(1, Quantity(exponent), math.nan, Quantity())
    scattered = judged.verdict is Verdict.HOLDS and straight < STRAIGHT
    return Evidence(claim, text, Verdict.CONTRADICTED.value if scattered else judged)


def _techniques(measured: Measured) -> Iterable[Evidence]:
    tried = techniques.largest(measured)
    for name, said in claims.TECHNIQUES.items():
        trials = [trial for trial in tried if trial.technique.claim == name]
        if not trials:
            yield Evidence(_(said.text))
        for trial in trials:
            ratios = wording.joined(
                [
                    f"{wording.ratio(contrast.ratio.value)} {_(contrast.subject.noun)}"
                    for contrast in trial.contrasts.values()
                    if contrast.ratio.known
                ]
            )
            text = _(
                "{technique}, {step}: with it {ratios}",
                technique=_(trial.technique.name),
                step=trial.points[0],
                ratios=ratios,
            )
            yield Evidence(_(said.text), text, trial.verdict)


def _few_clients(measured: Measured) -> Evidence:
    claim = _("threads fit under {clients} clients", clients=wording.count(claims.FEW_CLIENTS))
    steps = [step for step in measured.steps if step <= claims.FEW_CLIENTS]
    return _fitting(measured, claim, measured.workload("closed"), steps, "synchronous")


def _many_clients(measured: Measured) -> Evidence:
    claim = _(
        "an event loop fits over {clients} clients", clients=wording.count(claims.MANY_CLIENTS)
    )
    steps = [step for step in measured.steps if step >= claims.MANY_CLIENTS]
    return _fitting(measured, claim, measured.workload("closed"), steps, "asynchronous")


def _bound(measured: Measured, workload: str, claim: str, role: claims.Role) -> Evidence:
    load = next((each for each in measured.workloads if each.name == workload), None)
    return _fitting(measured, claim, load, measured.steps, role)


def _fitting(
    measured: Measured,
    claim: str,
    workload: MeasuredWorkload | None,
    steps: Sequence[int],
    role: claims.Role,
) -> Evidence:
    """Whether one kind of server is clearly worse by no measure; else, at which of the steps."""
    pair = measured.pair
    if workload is None or not pair:
        return Evidence(claim)
    other = 1 - claims.ROLES.index(role)
    fits = {
        step: other not in winners
        for step in steps
        if (winners := guide.better_by_something(measured, pair, workload, step)) is not None
    }
    if not fits:
        return Evidence(claim)
    text = "; ".join(_told(measured, pair, workload, step) for step in (min(fits), max(fits)))
    if len(fits) == 1:
        text = _told(measured, pair, workload, *fits)
    return Evidence(claim, text, _where(fits))


def _where(fits: Mapping[int, bool]) -> str:
    """At which steps, in ascending order, something is so."""
    held = [step for step, each in fits.items() if each]
    answers = list(fits.values())
    if not held or all(answers):
        return Verdict.HOLDS.value if held else Verdict.CONTRADICTED.value
    if answers == sorted(answers):
        return _("holds from {clients} on", clients=wording.count(held[0]))
    if answers == sorted(answers, reverse=True):
        return _("holds up to {clients}", clients=wording.count(held[-1]))
    return N_("in part")


def _told(
    measured: Measured, pair: Sequence[MeasuredServer], workload: MeasuredWorkload, step: int
) -> str:
    points = [Point(server.label, workload.name, step) for server in pair]
    figures = [
        _(
            "{server} {rate} messages/s, p99 {p99}",
            server=point.server,
            rate=wording.rate(measured.at(point, "messages_per_s").value),
            p99=wording.milliseconds(measured.at(point, "response_p99_ms").value),
        )
        for point in points
    ]
    return _(
        "{workload}, {clients} clients: {figures}",
        workload=workload.name,
        clients=wording.count(step),
        figures=wording.joined(figures),
    )


def _of(role: claims.Role, measured: Measured, loop: str, connections: int) -> Iterable[Point]:
    """The step nearest to so many connections, of the server that stands for a column."""
    server: MeasuredServer | None = measured.role.get(role)
    workload = measured.workload(loop)
    if server and workload:
        yield Point(server.label, workload.name, measured.nearest_step(connections))


def _ms(value: float) -> str:
    return wording.milliseconds(value)
