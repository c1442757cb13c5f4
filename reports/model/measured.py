"""A run as a report asks for it: one figure with its interval and its flags at a time.

A figure is the geometric mean over the repeats, each a ramp on a fresh server process, with the
95 % interval of results/comparison.py. So the ratio of two servers' figures is the ratio that their
comparison shows. Windows of one process replicate nothing: one repeat has no interval.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import convert

from c10k.reports import wording
from c10k.reports.language import _
from c10k.reports.model import derived, flags
from c10k.reports.model.derived import MEASURES, PER_CONNECTION
from c10k.reports.model.quantity import NOTHING, UNFIT, Flag, Quantity
from c10k.reports.model.servers import (
    ROLES,
    MeasuredServer,
    MeasuredWorkload,
    servers,
    why_apart,
)
from c10k.reports.model.starvation import Starvation, starvation
from c10k.results import fitness
from c10k.results.claims import Claim
from c10k.results.comparison import Pairs, compare
from c10k.results.histogram import SUPPORT
from c10k.results.manifest import Manifest, WorkloadDescription
from c10k.results.shipped_claims import shipped_claims
from c10k.results.slo import P99_MS

if TYPE_CHECKING:
    import pandas as pd

    from c10k.results.store import Run

Row = dict[str, Any]

_UNDISTURBED: Final = "_bytes"
"""The end of columns that are as they are whoever else uses the CPUs: memory."""
_OVER_MESSAGES: Final = ("response_", "service_")


class ReportError(ValueError):
    """No report can be made of a run; the message is one line for the user."""


@dataclass(frozen=True, order=True)
class Point:
    """A step of one server under one workload."""

    server: str
    workload: str
    connections: int

    def __str__(self) -> str:
        return f"{self.server}, {self.workload}, {wording.count(self.connections)}"


class Measured:
    """Everything a report says about a run; ReportError when the run holds no step."""

    def __init__(self, run: "Run") -> None:
        if run.steps.empty:
            raise ReportError(_("the run holds no step yet: let at least one end, then report"))
        self.run = run
        self.about = convert(run.manifest, Manifest)
        spoken = dict(zip(run.steps["server"], run.steps["protocol"], strict=True))
        self.servers = servers(self.about.servers, spoken)
        self.map, self.workloads = self._workloads()
        self.slo_p99_ms = self.about.slo_p99_ms or P99_MS
        tried = {int(step) for step in run.steps["connections"]}
        self.steps = sorted(tried.intersection(self.about.plan.steps) or tried)
        self.techniques = self.about.plan.techniques
        self.role = {server.role: server for server in self.servers if server.role}
        active = {workload.name: workload.active for workload in (*self.map, *self.workloads)}
        self._rows = _grouped(derived.with_columns(run.steps, active))
        self._figures: dict[tuple[str, str], dict[Point, Quantity]] = {}
        self._starvation: dict[Point, Starvation | None] = {}

    def _workloads(self) -> tuple[list[MeasuredWorkload], list[MeasuredWorkload]]:
        """Those of the capacity map, and all others."""
        columns = ["workload", "loop", "rate_per_connection", "size_bytes"]
        rows = self.run.steps[columns].drop_duplicates("workload")
        first = {row[0]: row for row in rows.itertuples(index=False, name=None)}
        known = {each.name: each for each in self.about.workloads if each.name in first}
        workloads = [
            MeasuredWorkload(name, loop, rate, size, each.summary, each.plain, each.active)
            for name in dict.fromkeys([*known, *first])
            for _same, loop, rate, size in [first[name]]
            for each in [known.get(name, WorkloadDescription())]
        ]
        mapped, others = (
            [each for each in workloads if (each.name in self.about.mapped) is on_map]
            for on_map in (True, False)
        )
        return mapped, others or workloads

    # What was measured.

    @cached_property
    def repeats(self) -> int:
        """How many repeats the step with the most of them has."""
        return max(map(len, self._rows.values()))

    @cached_property
    def planned_missing(self) -> int:
        """How many planned steps, of ramps other than the capacity map's, were not measured."""
        plan = self.about.plan
        own = {each.workload: each.steps for each in plan.workload_steps}
        planned = plan.profile.repeats * sum(
            len(set(server.steps).intersection(own.get(workload, server.steps)))
            for server in plan.servers
            for workload in set(server.workloads).difference(self.about.mapped)
        )
        on_the_map = self.run.steps["workload"].isin([each.name for each in self.map])
        ramped = self.run.steps["connections"].isin(self.steps) & ~on_the_map
        return max(0, planned - int(ramped.sum()))

    def points(self, *, mapped: bool = False) -> list[Point]:
        """Every step that was measured or failed, in the order of the plan; those of the capacity
        map too if it is to be `mapped`.
        """
        every = (
            Point(server.label, workload.name, step)
            for workload in dict.fromkeys((*self.workloads, *(self.map if mapped else ())))
            for step in self.steps
            for server in self.servers
        )
        return [point for point in every if point in self._rows]

    def tried(self, server: str, workload: str) -> list[int]:
        """All numbers of connections that a server was measured with, a search's too."""
        return sorted(
            point.connections
            for point in self._rows
            if (point.server, point.workload) == (server, workload)
        )

    def workload(
        self, loop: str, among: Sequence[MeasuredWorkload] | None = None
    ) -> MeasuredWorkload | None:
        """The first workload with an open or a closed loop, a plain one if there is any."""
        every = self.workloads if among is None else among
        fitting = [workload for workload in every if workload.loop == loop]
        return next((each for each in fitting if each.plain), next(iter(fitting), None))

    @property
    def usual(self) -> MeasuredWorkload:
        """The workload that memory is reported of: the most relaxed."""
        return self.workload("open") or self.workloads[0]

    def ordered(self, workloads: Iterable[MeasuredWorkload]) -> list[MeasuredWorkload]:
        """Workloads, those first that have the conditions of the publication."""
        like_it = {name for each in self.publication.conditions for name in each.workloads}
        return sorted(workloads, key=lambda each: each.name not in like_it)

    def measured(self, server: MeasuredServer, workload: MeasuredWorkload) -> bool:
        """Whether there is anything of a server under a workload."""
        return bool(self.tried(server.label, workload.name))

    def workloads_of(self, some: Iterable[MeasuredServer]) -> list[MeasuredWorkload]:
        """Those under which all of these servers were measured."""
        some = list(some)
        return [each for each in self.workloads if all(self.measured(one, each) for one in some)]

    def nearest_step(self, connections: int) -> int:
        """The step of the run nearest to so many connections, by their ratio."""
        return min(self.steps, key=lambda step: abs(math.log(step / connections)))

    def rows(self, point: Point) -> list[Row]:
        """The step's rows, one per repeat."""
        return self._rows.get(point, [])

    def usable(self, point: Point) -> list[Row]:
        """The repeats that measured something."""
        return [row for row in self.rows(point) if row["status"] != "failed"]

    def deciding(self, point: Point) -> list[Row]:
        """Of the repeats that measured something, those that figures are of."""
        return fitness.deciding(self.usable(point))

    def unfit(self, points: Iterable[Point], column: str) -> str:
        """Why no outcome may rest on a column at these steps, in words; empty where one may."""
        rows = (row for point in points for row in self.deciding(point))
        return "" if column.endswith(_UNDISTURBED) else flags.unfit(rows)

    def flags(self, point: Point) -> tuple[Flag, ...]:
        """The flags of a step."""
        return flags.flags(self.rows(point))

    def flagged(self, flag: Flag, points: Iterable[Point]) -> str:
        """Which of these steps bear a flag and how they came to it, by server and workload; empty
        for none.
        """
        places: dict[str, list[str]] = {}
        for point in points:
            if flag in self.flags(point):
                detail = flags.detail(self.rows(point), flag)
                step = wording.count(point.connections)
                places.setdefault(f"{point.server}, {point.workload}", []).append(
                    f"{step} ({detail})" if detail else step
                )
        return "; ".join(
            _("{place}, at {steps}", place=place, steps=wording.joined(steps))
            for place, steps in places.items()
        )

    # Figures.

    def values(self, point: Point, column: str) -> dict[int, float]:
        """A column of the repeats that figures are of, by repeat; without those that are NaN."""
        rows = self.deciding(point)
        return {row["repeat"]: float(row[column]) for row in rows if row[column] == row[column]}

    def at(self, point: Point, column: str) -> Quantity:
        """A column of the steps at one point, over its repeats.

        Unknown, with the reason, for a percentile or mean over messages of a step where connections
        starve, and for a percentile beyond what the messages support.
        """
        found = self.recorded(point, column)
        why = self._unquotable(point, column) if found.known else ""
        return Quantity(flags=found.flags, why=why) if why else found

    def recorded(self, point: Point, column: str) -> Quantity:
        """The same figure, also where `at` refuses to quote it: for the details of a step."""
        key = (point.workload, column)
        if key not in self._figures:
            alike = [each for each in self._rows if each.workload == point.workload]
            self._figures[key] = dict(zip(alike, self._quantities(alike, column), strict=True))
        return self._figures[key].get(point, Quantity())

    def _quantities(self, points: Sequence[Point], column: str) -> list[Quantity]:
        every = [list(self.values(point, column).values()) for point in points]
        exempt = UNFIT if column.endswith(_UNDISTURBED) else frozenset()
        return [
            replace(quantity, flags=tuple(each for each in borne if each not in exempt))
            for quantity, point in zip(intervals(every), points, strict=True)
            for borne in [flags.flags(self.deciding(point) or self.rows(point))]
        ]

    def _unquotable(self, point: Point, column: str) -> str:
        if not column.startswith(_OVER_MESSAGES):
            return ""
        if starved := self.starvation(point):
            return str(starved)
        least = next((n for end, n in SUPPORT.items() if column.endswith(f"_{end}_ms")), 0)
        messages = sum(row["messages"] for row in self.deciding(point))
        if messages < least - 0.5:
            return _("too few messages: {count}", count=wording.count(messages))
        return ""

    def starvation(self, point: Point) -> Starvation | None:
        """Where over 1 % of a step's connections starve, how many and how long clients wait."""
        if point not in self._starvation:
            dead = [row for row in self.rows(point) if row["status"] == "failed"]
            self._starvation[point] = starvation(self.run, self.deciding(point), dead)
        return self._starvation[point]

    def slopes(self, server: str, workload: str, column: str) -> dict[int, float]:
        """How much a column grows with each connection held, by repeat."""
        ramps: dict[int, list[tuple[float, float]]] = {}
        for step in self.steps:
            for row in self.deciding(Point(server, workload, step)):
                pair = (float(row["connected"]), float(row[column]))
                ramps.setdefault(row["repeat"], []).append(pair)
        found = {repeat: derived.slope(*np.array(ramp).T) for repeat, ramp in ramps.items()}
        return {repeat: value for repeat, value in found.items() if value == value}

    def slope(self, server: str, workload: str, column: str) -> Quantity:
        """The mean of `slopes` over the repeats, with its interval."""
        (found,) = intervals([list(self.slopes(server, workload, column).values())])
        return found

    def figure(self, point: Point, measure: str) -> Quantity:
        """A column of the steps at a point, or how much it grows over the ramp PER_CONNECTION;
        nothing where no column of numbers is called so.
        """
        column = measure.removesuffix(PER_CONNECTION)
        if column not in MEASURES:
            return NOTHING
        if measure != column:
            return self.slope(point.server, point.workload, column)
        return self.at(point, column)

    def ceiling(self, workload: str, connections: int) -> float:
        """Messages/s that the loader can drive in a closed loop; NaN where that is not known."""
        known = (
            float(row["ceiling_messages_per_s"])
            for server in self.servers
            for row in self.rows(Point(server.label, workload, connections))
        )
        return next((value for value in known if not math.isnan(value)), math.nan)

    @property
    def server_cpus(self) -> int:
        """How many CPUs the servers had; 0 where that is not known."""
        return len((self.about.cpu_split or {}).get("server", ()))

    # What was published.

    @property
    def claims(self) -> Sequence[Claim]:
        """The run's own claims, else those that come with c10k."""
        return self.about.plan.claims or shipped_claims()

    @property
    def publication(self) -> Claim:
        """The one that all of the report quotes: the first that has tables, else the first."""
        return next((each for each in self.claims if each.tables), self.claims[0])

    def standing_for(self, name: str) -> MeasuredServer | None:
        """The server that a publication means by a label, or by the name of a kind."""
        alike = (each for each in self.servers if name in (each.role, each.label))
        return next(alike, None)

    def pair_of(self, claim: Claim) -> list[MeasuredServer]:
        """The two servers that stand for those of a claim's tables; empty unless there are two, and
        they can be compared.
        """
        found = filter(None, map(self.standing_for, claim.servers if claim.tables else ()))
        pair = list(found)
        return pair if len(pair) == 2 and not self.kept_apart(*pair) else []

    # What may be compared.

    @cached_property
    def pair(self) -> list[MeasuredServer]:
        """The two servers that the argument is about; empty unless the run has both kinds, and they
        can be compared.
        """
        pair = [self.role[role] for role in ROLES if role in self.role]
        return pair if len(pair) == len(ROLES) and not self.kept_apart(*pair) else []

    @cached_property
    def compared(self) -> list[MeasuredServer]:
        """The two servers that a summary compares: that pair, else the first two that can be; empty
        where there are none, or all servers are sides of techniques.
        """
        if self.pair or self.of_techniques:
            return self.pair
        pairs = (list(each) for each in combinations(self.servers, 2))
        return next((pair for pair in pairs if not self.kept_apart(*pair)), [])

    @property
    def of_techniques(self) -> bool:
        """Whether every server is a side of a technique."""
        sides = {side for each in self.techniques for side in (each.with_it, each.without_it)}
        return sides.issuperset(server.label for server in self.servers)

    def kept_apart(self, one: MeasuredServer, other: MeasuredServer) -> str:
        """Why two servers cannot be compared, in words: they speak different protocols, or are sent
        other messages. Empty where they can.
        """
        reasons = (
            why_apart(
                *(
                    (each.label, *self.spoken(Point(each.label, workload.name, 0)))
                    for each in (one, other)
                )
            )
            for workload in self.workloads_of((one, other))
        )
        return next(filter(None, reasons), "")

    def spoken(self, point: Point) -> tuple[str, int]:
        """The protocol and size of a server's messages under a workload, at any step."""
        known = next(server for server in self.servers if server.label == point.server)
        step = next(iter(self.tried(point.server, point.workload)), 0)
        row = next(iter(self.rows(replace(point, connections=step))), {})
        return str(row.get("protocol") or known.protocol), int(row.get("size_bytes", 0))


def intervals(every: Sequence[Sequence[float]]) -> list[Quantity]:
    """Geometric means over repeats with their 95 % intervals; of values of which one is not above
    0 the median, without an interval.
    """
    logs = [[math.log(each) if each > 0 else math.nan for each in values] for values in every]
    found = compare([Pairs(values, "") for values in logs])
    quantities = []
    for values, each in zip(every, found, strict=True):
        if values and min(values) > 0:
            if len(values) > 1 and min(values) == max(values):  # a count
                quantities.append(Quantity(values[0], values[0], values[0]))
            else:
                quantities.append(Quantity(each.ratio, each.low, each.high))
        else:
            quantities.append(Quantity(float(np.median(values)) if values else math.nan))
    return quantities


def _grouped(frame: "pd.DataFrame") -> dict[Point, list[Row]]:
    groups: dict[Point, list[Row]] = {}
    columns = {str(name): values.tolist() for name, values in frame.items()}
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        point = Point(row["server"], row["workload"], row["connections"])
        groups.setdefault(point, []).append(row)
    return groups
