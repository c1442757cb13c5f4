"""Each technique with and without: throughput, CPU and memory, and whether the chapter is right.

The chapter's claim held where one of the measures that it is about is clearly better with the
technique and none is clearly worse; clearly as in `c10k.reports.answer`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from c10k.reports import wording
from c10k.reports.answer import Answer, answer
from c10k.reports.chapter import claims
from c10k.reports.chapter.verdict import CLEAR
from c10k.reports.contrast import Contrast, Subject
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import UNFIT, Measured, MeasuredTechnique, Point
from c10k.reports.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import Unit, joined

_CPU: Final = Unit("us", wording.number)
MEASURES: Final = {
    "messages_per_s": Subject(
        N_("throughput"), wording.PER_S, N_("messages/s"), higher_is_better=True
    ),
    "cpu_us_per_message": Subject(N_("CPU"), _CPU, N_("CPU a message, µs")),
    "resident_bytes": Subject(N_("memory"), wording.BYTES, N_("memory")),
}

_HELD: Final = N_("held")
_CONTRARY: Final = N_("no, the contrary")
_IN_PART: Final = N_("in part")
_PROSE: Final = {
    _HELD: N_("the chapter's claim held"),
    _CONTRARY: N_("the contrary of the chapter's claim was measured"),
    _IN_PART: N_("the chapter's claim held in part"),
    wording.MISSING: N_("the chapter claims nothing"),
}


@dataclass(frozen=True)
class TechniqueComparison:
    """A technique with and without, at one number of connections under one workload."""

    technique: MeasuredTechnique
    points: tuple[Point, Point]
    contrasts: dict[str, Contrast]

    @property
    def unjudged(self) -> str:
        """Why there is no verdict on the claim, in words; empty where there is one."""
        claim = claims.TECHNIQUES.get(self.technique.claim)
        about = [self.contrasts[column] for column in claim.columns] if claim else []
        if any(contrast.decided for contrast in about):
            return ""
        return next(filter(None, (contrast.unjudged for contrast in about)), "")

    @property
    def verdict(self) -> str:
        """Whether the chapter's claim held."""
        claim = claims.TECHNIQUES.get(self.technique.claim)
        if claim is None:
            return wording.MISSING
        about = [self.contrasts[column] for column in claim.columns]
        if self.unjudged:
            return _("not judged: {why}", why=self.unjudged)
        if not any(contrast.decided for contrast in about):
            return N_("not measured")
        better = {contrast.better for contrast in about}
        if better == {None}:
            return N_("no clear difference")
        return {(True, False): _HELD, (False, True): _CONTRARY}.get(
            (0 in better, 1 in better), _IN_PART
        )


def trials(measured: Measured) -> list[TechniqueComparison]:
    """Every trial of the run, in the order of the plan."""
    return [
        TechniqueComparison(technique, points, dict(_contrasts(measured, points)))
        for technique in measured.techniques
        for workload in technique.workloads
        for step in measured.steps
        for points in [
            (
                Point(technique.with_it, workload, step),
                Point(technique.without_it, workload, step),
            )
        ]
        if all(map(measured.rows, points))
    ]


def _contrasts(measured: Measured, points: tuple[Point, Point]) -> Iterable[tuple[str, Contrast]]:
    for column, subject in MEASURES.items():
        values = tuple(measured.at(point, column) for point in points)
        yield column, Contrast(subject, values, measured.contrast(*points, column))


def table(measured: Measured) -> Table:
    """A section a technique, a row a workload and number of connections."""
    tried = trials(measured)
    columns = [Column(_("workload"), head=True), Column(_("clients"), head=True)]
    for subject in MEASURES.values():
        columns += [
            Column(title, _(subject.title))
            for title in (_("with"), _("without"), _("with ÷ without"))
        ]
    return Table(
        "techniques",
        _("Techniques, with and without"),
        _(
            "Two servers that differ in one technique, visited in turn. Memory is what all the "
            "server's processes have resident, what they share counted once. The claim held where "
            "one of the measures that it is about is clearly better with the technique and none "
            "clearly worse: by a ratio of at least {clear} whose interval leaves out 1.",
            clear=wording.stated(CLEAR),
        ),
        [*columns, Column(_("the claim"), kind="words")],
        [
            Section(
                _title(technique),
                [_cells(trial) for trial in tried if trial.technique is technique],
            )
            for technique in measured.techniques
        ],
        measured.footnotes(point for trial in tried for point in trial.points),
        [*_one_cpu(measured), measured.spread_note()],
        [_record(trial) for trial in tried],
    )


def _title(technique: MeasuredTechnique) -> str:
    claim = claims.TECHNIQUES.get(technique.claim)
    title = _(
        "{technique}: {one} against {other}",
        technique=_(technique.name),
        one=technique.with_it,
        other=technique.without_it,
    )
    return _("{title}; the chapter: {claim}", title=title, claim=_(claim.text)) if claim else title


def _one_cpu(measured: Measured) -> Iterable[str]:
    cpus = (measured.manifest["cpu_split"] or {}).get("server", ())
    if len(cpus) == 1:
        yield _("The servers had one CPU here: what uses several has nothing to gain from it.")


def _cells(trial: TechniqueComparison) -> list[Cell]:
    point = trial.points[0]
    cells = [
        Cell(point.workload, point.workload),
        Cell(wording.count(point.connections), point.connections),
    ]
    for contrast in trial.contrasts.values():
        cells += [cell(value, contrast.subject.unit) for value in contrast.values]
        cells.append(cell(contrast.ratio, wording.RATIO))
    return [*cells, Cell(_(trial.verdict), trial.verdict)]


def _record(trial: TechniqueComparison) -> dict[str, Raw]:
    technique, point = trial.technique, trial.points[0]
    record: dict[str, Raw] = {
        "technique": technique.name,
        "with": technique.with_it,
        "without": technique.without_it,
        "workload": point.workload,
        "connections": point.connections,
    }
    for column, contrast in trial.contrasts.items():
        for name, value in zip(("with", "without"), contrast.values, strict=True):
            record[f"{column}_{name}"] = value.value
        record[f"{column}_ratio"] = contrast.ratio.value
        record[f"{column}_ratio_low"] = contrast.ratio.low
        record[f"{column}_ratio_high"] = contrast.ratio.high
    return record | {"claim": technique.claim, "verdict": trial.verdict}


def told(measured: Measured) -> Answer:
    """The answer of a run; where all its servers are of techniques, what became of these."""
    answered = answer(measured)
    compared = {label for each in measured.techniques for label in (each.with_it, each.without_it)}
    if not compared.issuperset(server.label for server in measured.servers):
        return answered
    names: dict[str, list[str]] = {}
    for trial in largest(measured):
        several = len(trial.technique.workloads) > 1
        name = _(trial.technique.name)
        names.setdefault(_brief(trial), []).append(
            f"{name} ({trial.points[0].workload})" if several else name
        )
    said = [
        _(
            "{verdict} for {techniques}",
            verdict=_(_PROSE.get(verdict, verdict)),
            techniques=joined(names[verdict]),
        )
        for verdict in sorted(names, key=lambda verdict: verdict not in _PROSE)
    ]
    if not said:
        return answered
    return replace(answered, headline=wording.sentence("; ".join(said)), also="")


def _brief(trial: TechniqueComparison) -> str:
    """The verdict without what a mark says too."""
    return N_("not judged") if trial.unjudged else trial.verdict


def largest(measured: Measured) -> list[TechniqueComparison]:
    """The trials at the largest step of each technique and workload."""
    last = {(trial.technique.name, trial.points[0].workload): trial for trial in trials(measured)}
    return list(last.values())


def lines(measured: Measured) -> list[list[str]]:
    """The same for a terminal: a row a technique and workload, at its largest step."""
    return [
        [
            _(trial.technique.name),
            trial.points[0].workload,
            wording.count(trial.points[0].connections),
            *(_ratio(contrast) for contrast in trial.contrasts.values()),
            _(_brief(trial)),
        ]
        for trial in largest(measured)
    ]


def headings() -> list[str]:
    """Of those lines."""
    return [
        *(_("technique"), _("workload"), _("clients")),
        *(_("msg/s"), _("µs/msg"), _("memory"), _("the claim")),
    ]


def legend() -> str:
    """What these headings mean."""
    return _(
        "msg/s, µs/msg (CPU per message) and memory: with the technique by without it, at the "
        "largest step"
    )


def _ratio(contrast: Contrast) -> str:
    ratio = contrast.ratio
    symbols = "".join(mark.symbol for mark in ratio.marks if mark in UNFIT)
    return f"{wording.ratio(ratio.value)}{symbols}" if ratio.known else wording.MISSING
