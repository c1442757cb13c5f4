"""Each technique with and without: throughput, CPU and memory, and whether the chapter is right.

The chapter's claim held where one of the measures that it is about is clearly better with the
technique and none is clearly worse; clearly as in `reports.answer`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reports import wording
from reports.answer import Answer, Contrast, Subject, answer
from reports.chapter import claims
from reports.chapter.verdict import CLEAR
from reports.data import Raw
from reports.measured import Mark, Measured, Point, Technique
from reports.table import Cell, Column, Section, Table, cell
from reports.wording import Unit, joined

_COUNT: Final = Unit("per_s", wording.count)
_CPU: Final = Unit("us", wording.number)
MEASURES: Final = {
    "messages_per_s": Subject(
        "throughput", "", "messages/s", _COUNT, "as many", higher_is_better=True
    ),
    "cpu_us_per_message": Subject("CPU", "", "CPU a message, µs", _CPU, "as much"),
    "resident_bytes": Subject("memory", "", "memory", wording.BYTES, "as much"),
}

_HELD: Final = "held"
_CONTRARY: Final = "no, the contrary"
_IN_PART: Final = "in part"
_PROSE: Final = {
    _HELD: "the chapter's claim held",
    _CONTRARY: "the contrary of the chapter's claim was measured",
    _IN_PART: "the chapter's claim held in part",
    wording.MISSING: "the chapter claims nothing",
}


@dataclass(frozen=True)
class Trial:
    """A technique with and without, at one number of connections under one workload."""

    technique: Technique
    points: tuple[Point, Point]
    contrasts: dict[str, Contrast]

    @property
    def verdict(self) -> str:
        """Whether the chapter's claim held."""
        claim = claims.TECHNIQUES.get(self.technique.claim)
        if claim is None:
            return wording.MISSING
        about = [self.contrasts[column] for column in claim.columns]
        if not any(contrast.decided for contrast in about):
            limited = any(contrast.limited for contrast in about)
            return "not decided: the loader was the bottleneck" if limited else "not measured"
        better = {contrast.better for contrast in about}
        if better == {None}:
            return "no clear difference"
        return {(True, False): _HELD, (False, True): _CONTRARY}.get(
            (0 in better, 1 in better), _IN_PART
        )


def trials(measured: Measured) -> list[Trial]:
    """Every trial of the run, in the order of the plan."""
    return [
        Trial(technique, points, dict(_contrasts(measured, points)))
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
    columns = [Column("workload", head=True), Column("clients", head=True)]
    for subject in MEASURES.values():
        columns += [Column(title, subject.title) for title in ("with", "without", "with ÷ without")]
    return Table(
        "techniques",
        "Techniques, with and without",
        "Two servers that differ in one technique, visited in turn. Memory is what all the "
        "server's processes have resident, what they share counted once. The claim held where one "
        "of the measures that it is about is clearly better with the technique and none clearly "
        f"worse: by a ratio of at least {CLEAR:g} whose interval leaves out 1.",
        [*columns, Column("the claim", kind="words")],
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


def _title(technique: Technique) -> str:
    claim = claims.TECHNIQUES.get(technique.claim)
    said = f"; the chapter: {claim.text}" if claim else ""
    return f"{technique.name}: {technique.with_it} against {technique.without_it}{said}"


def _one_cpu(measured: Measured) -> Iterable[str]:
    cpus = (measured.manifest.get("cpu_split") or {}).get("server") or []
    if len(cpus) == 1:
        yield "The servers had one CPU here: what uses several has nothing to gain from it."


def _cells(trial: Trial) -> list[Cell]:
    point = trial.points[0]
    cells = [
        Cell(point.workload, point.workload),
        Cell(f"{point.connections:,}", point.connections),
    ]
    for contrast in trial.contrasts.values():
        cells += [cell(value, contrast.subject.unit) for value in contrast.values]
        cells.append(cell(contrast.ratio, wording.RATIO))
    return [*cells, Cell(trial.verdict, trial.verdict)]


def _record(trial: Trial) -> dict[str, Raw]:
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
        name = f"{trial.technique.name} ({trial.points[0].workload})"
        names.setdefault(_brief(trial), []).append(name if several else trial.technique.name)
    said = [
        f"{_PROSE.get(verdict, verdict)} for {joined(names[verdict])}"
        for verdict in sorted(names, key=lambda verdict: verdict not in _PROSE)
    ]
    if not said:
        return answered
    return replace(answered, headline=wording.sentence("; ".join(said)), also="")


def _brief(trial: Trial) -> str:
    """The verdict without what a mark says too."""
    return trial.verdict.partition(":")[0]


def largest(measured: Measured) -> list[Trial]:
    """The trials at the largest step of each technique and workload."""
    last = {(trial.technique.name, trial.points[0].workload): trial for trial in trials(measured)}
    return list(last.values())


def lines(measured: Measured) -> list[list[str]]:
    """The same for a terminal: a row a technique and workload, at its largest step."""
    return [
        [
            trial.technique.name,
            trial.points[0].workload,
            f"{trial.points[0].connections:,}",
            *(_ratio(contrast) for contrast in trial.contrasts.values()),
            _brief(trial),
        ]
        for trial in largest(measured)
    ]


HEADINGS: Final[Sequence[str]] = (
    *("technique", "workload", "clients", "messages/s", "CPU µs/msg", "memory", "the claim"),
)


def _ratio(contrast: Contrast) -> str:
    ratio = contrast.ratio
    symbols = Mark.LIMITED.symbol * contrast.limited
    return f"{wording.ratio(ratio.value)}{symbols}" if ratio.known else wording.MISSING
