"""The figures of many runs as series over time, and where these change.

A series has the figures that the reports of its runs show, of one server under one workload at one
step by one measure. Runs of another machine or plan have series of their own.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from c10k.reports import wording
from c10k.reports.comparisons.pairs import SLOPE, Measure, measures
from c10k.reports.model.measured import Measured, Point, ReportError, intervals
from c10k.reports.model.quantity import Quantity
from c10k.reports.model.servers import MeasuredServer
from c10k.results.changes import Change, find_changes, runs_needed
from c10k.results.manifest import Manifest
from c10k.results.metrics import METRICS
from c10k.results.schema import one_line
from c10k.results.store import read_run, runs_in

_SIDE_BY_SIDE: Final = "ab"
"""The profile of `c10k ab`."""
_HASH: Final = 10  # characters of a commit


class Setting(NamedTuple):
    """What runs must share for their figures to be compared: the machine, and how it measured."""

    machine: str
    plan: str


class Subject(NamedTuple):
    """What a series is of; memory per connection of a whole ramp has the step SLOPE."""

    server: str
    workload: str
    connections: int
    measure: Measure

    @property
    def clients(self) -> str:
        """The step in words."""
        return "all steps" if self.connections == SLOPE else wording.count(self.connections)


@dataclass(frozen=True)
class StoredRun:
    """A run: its directory, commit ("" where that is not known), when it began, and its figures.

    Those in `unfit` are of steps in which the loader limited or others disturbed the server.
    """

    path: Path
    commit: str
    began: datetime
    setting: Setting
    figures: Mapping[Subject, Quantity] = field(repr=False)
    unfit: frozenset[Subject] = field(repr=False)

    @property
    def name(self) -> str:
        """What its directory is called."""
        return self.path.resolve().name

    @property
    def short_commit(self) -> str:
        """The commit as people write it, with `+` where files had changed since."""
        return self.commit[:_HASH] + "+" * (self.commit.endswith("+") and len(self.commit) > _HASH)


@dataclass(frozen=True)
class FoundChange:
    """A change of a series: its first run, the one before, and the ratio of after to before.

    The interval is that of results/changes.py.
    """

    run: StoredRun
    previous: StoredRun
    ratio: Quantity
    better: bool

    @property
    def verdict(self) -> str:
        """Whether that is better or worse, and that it cannot come of another commit."""
        word = "better" if self.better else "worse"
        commits = {self.run.commit, self.previous.commit}
        same = len(commits) == 1 and not commits & {""} and not self.run.commit.endswith("+")
        return f"{word}, of the same commit" if same else word


@dataclass(frozen=True)
class Series:
    """The runs that have a figure of the subject, in their order in time."""

    setting: Setting
    subject: Subject
    runs: Sequence[StoredRun]
    changes: Sequence[FoundChange] = ()

    def figure(self, run: StoredRun) -> Quantity:
        """The figure of one of them."""
        return run.figures[self.subject]

    @property
    def fit(self) -> list[StoredRun]:
        """The runs that changes are sought in."""
        return [run for run in self.runs if self.subject not in run.unfit]

    @property
    def values(self) -> list[float]:
        """Their figures."""
        return [self.figure(run).value for run in self.fit]


@dataclass(frozen=True)
class History:
    """All runs in their order in time, their series, and in a line each the runs left out."""

    runs: Sequence[StoredRun]
    series: Sequence[Series]
    left_out: Sequence[str]

    @property
    def settings(self) -> list[Setting]:
        """Machines and plans, the latest first."""
        return list(dict.fromkeys(run.setting for run in reversed(self.runs)))

    @property
    def changes(self) -> list[tuple[Series, FoundChange]]:
        """All changes, the latest first, and of one run the largest."""
        every = [(series, change) for series in self.series for change in series.changes]
        every.sort(key=lambda each: abs(math.log(each[1].ratio.value)), reverse=True)
        return sorted(every, key=lambda each: self.runs.index(each[1].run), reverse=True)

    @property
    def runs_needed(self) -> int:
        """In series of fewer runs no change can be seen."""
        return runs_needed([len(series.fit) for series in self.series])

    @property
    def short(self) -> list[Series]:
        """The series of so few runs."""
        return [series for series in self.series if len(series.fit) < self.runs_needed]


def read_history(directories: Sequence[Path]) -> History:
    """The runs of these directories, each a run's or one of runs. ReportError where one holds no
    run, or none of them can be read.
    """
    paths: dict[Path, Path] = {}
    for directory in directories:
        found = runs_in(directory)
        if not found:
            raise ReportError(f"{directory} holds no run: name a run's directory, or one of runs")
        paths |= {path.resolve(): path for path in found}
    runs, left_out = [], []
    for path in paths.values():
        try:
            runs.append(_stored(path))
        except ValueError as error:  # RunError and ReportError too
            left_out.append(one_line(f"{path.resolve().name} is left out: {error}"))
    if not runs:
        raise ReportError(f"no run can be read: {'; '.join(left_out)}")
    return history_of(runs, left_out)


def history_of(runs: Sequence[StoredRun], left_out: Sequence[str] = ()) -> History:
    """The runs in their order in time, and their series with the changes."""
    runs = sorted(runs, key=lambda run: (run.began.timestamp(), run.name))
    holding: dict[tuple[Setting, Subject], list[StoredRun]] = {}
    for run in runs:
        for subject in run.figures:
            holding.setdefault((run.setting, subject), []).append(run)
    every = [Series(*key, some) for key, some in holding.items()]
    found = find_changes([series.values for series in every])
    changed = [
        replace(series, changes=[_change(series, each) for each in changes])
        for series, changes in zip(every, found, strict=True)
    ]
    return History(runs, changed, left_out)


def _change(series: Series, change: Change) -> FoundChange:
    fit = series.fit
    return FoundChange(
        fit[change.at],
        fit[change.at - 1],
        Quantity(change.ratio, change.low, change.high),
        (change.ratio > 1) is series.subject.measure.higher_is_better,
    )


def _stored(path: Path) -> StoredRun:
    measured = Measured(read_run(path))
    about = measured.about
    figures: dict[Subject, Quantity] = {}
    unfit = set()
    for subject, quantity, fit in _figures(measured):
        if 0 < quantity.value < math.inf:
            figures[subject] = quantity
            if not fit:
                unfit.add(subject)
    began = datetime.fromisoformat(about.created_at)
    setting = Setting(_machine(about), _plan(about, measured.steps))
    return StoredRun(path, about.commit or "", began, setting, figures, frozenset(unfit))


def _figures(measured: Measured) -> Iterator[tuple[Subject, Quantity, bool]]:
    """Each with whether it is fit to decide."""
    asked = {each.name: " ".join(each.arguments) for each in measured.about.workloads}
    ramp = len(measured.about.plan.steps or measured.steps) > 1
    for workload in measured.workloads:
        load = asked.get(workload.name, "").removeprefix("--workload ") or workload.name
        for server, name in _servers(measured):
            for measure in measures(workload):
                if measure.over_ramp and ramp:
                    whole = measured.slope(server.label, workload.name, measure.column)
                    yield Subject(name, load, SLOPE, measure), whole, True
                    continue
                for step in measured.steps:
                    point = Point(server.label, workload.name, step)
                    found = _memory(measured, point) if measure.over_ramp else None
                    subject = Subject(name, load, step, measure)
                    fit = not measured.unfit([point], measure.column)
                    yield subject, found or measured.at(point, measure.column), fit


def _memory(measured: Measured, point: Point) -> Quantity:
    """Memory per connection where there is but one step: by what the connections added."""
    values = [METRICS["memory"].of(row) for row in measured.deciding(point)]
    (found,) = intervals([[value for value in values if value > 0]])
    return found


def _servers(measured: Measured) -> list[tuple[MeasuredServer, str]]:
    """With what they are called: of `c10k ab` the head alone, by what was measured as that."""
    if measured.about.plan.profile.name != _SIDE_BY_SIDE:
        return [(server, server.label) for server in measured.servers]
    compared = measured.run.manifest.get("comparison")
    head = compared.get("head") if isinstance(compared, dict) else None
    return [
        (server, head if isinstance(head, str) else server.command or server.label)
        for server in measured.servers
        if server.label == "head"
    ]


def _machine(about: Manifest) -> str:
    host = about.host
    cpus = f"{host['cpus']:.0f} CPUs" if isinstance(host.get("cpus"), float) else ""
    kernel = f"Linux {host['kernel']}" if host.get("kernel") else ""
    facts = [host.get("cpu_model"), cpus, kernel, host.get("python")]
    fingerprint = host.get("fingerprint") or "no fingerprint"
    return f"{', '.join(str(fact) for fact in facts if fact)} ({fingerprint})"


def _plan(about: Manifest, steps: Sequence[int]) -> str:
    profile = about.plan.profile
    windows = f"{profile.windows} × {profile.window_s:g} s"
    clients = wording.joined([wording.count(step) for step in about.plan.steps or steps])
    return f"profile {profile.name}, {windows} at {clients} clients"
