"""A run as a report asks for it: one quantity with its spread and its marks at a time.

Spread: of several repeats the median and its 95 % bootstrap interval; of one repeat the step's own
figure (percentiles from merged histograms) and the range over its windows; of one window none.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from c10k.reports import derived, wording
from c10k.reports.chapter import claims
from c10k.reports.language import N_, _, local_number
from c10k.results import fitness
from c10k.results.merging import total
from c10k.results.schema import STEPS
from c10k.results.slo import P99_MS, fair, refusal, shortfall
from c10k.results.statistics import median_interval, ratio_interval
from c10k.results.statistics import slope as fitted_slope

if TYPE_CHECKING:
    import pandas as pd

    from c10k.results.store import Run

# Little's law holds exactly over a long time. In a window, connections that complete nothing are
# missing in it, and a response that began long before counts whole.
LITTLE: Final = (0.98, 1.02)

# Of the due messages: a step that lost more is named in the answer.
MOST_LOST: Final = 0.01

# What prose calls what a server speaks.
_PROTOCOLS: Final = {
    "echo": N_("echo"),
    "http": "HTTP",
    "raw": N_("its own protocol"),
    "download": N_("downloads"),
}


class ReportError(ValueError):
    """No report can be made of a run; the message is one line for the user."""


class Mark(Enum):
    """Why a step's figures must not be read like the others: symbol and meaning."""

    PARTIAL = ("†", N_("some connections or messages failed"))
    LIMITED = ("‡", N_("the loader was the bottleneck, the server may do better"))
    STARVED = (
        "§",
        N_("connections without an echo in a window; response times include their wait"),
    )
    LITTLE = (
        "λ",
        N_("throughput × mean response is not the connections (Little's law) within 2 %"),
    )
    UNSETTLED = ("※", N_("had not settled when the windows began"))
    ESTIMATED = (
        "≈",
        N_("memory estimated by RSS, as reading that of all processes took too long"),
    )
    STOLEN = (
        "◊",
        N_("the hypervisor gave over 5 % of a CPU to others, which shows in the slowest responses"),
    )
    DISTURBED = ("△", N_("others than server and loader took over 20 % of a CPU"))
    FAILED = ("¶", N_("failed, nothing usable"))

    def __init__(self, symbol: str, meaning: str) -> None:
        self.symbol = symbol
        self._meaning = meaning

    @property
    def meaning(self) -> str:
        """What it means, in the language of the report."""
        return _(self._meaning)


UNFIT: Final = {Mark.LIMITED, Mark.STOLEN, Mark.DISTURBED}
"""The marks of steps that decide nothing; the rule is in results/fitness.py."""


@dataclass(frozen=True, order=True)
class Point:
    """A step of one server under one workload."""

    server: str
    workload: str
    connections: int

    def __str__(self) -> str:
        return f"{self.server}, {self.workload}, {wording.count(self.connections)}"


@dataclass(frozen=True)
class Quantity:
    """A measured value with its interval (NaN where there is none), and its marks.

    `bound` is "≥ " or "< " where only a bound is known. `unjudged` are the reasons, in words, why
    no verdict may rest on it; there are none where one may.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    marks: tuple[Mark, ...] = ()
    bound: str = ""
    unjudged: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything was measured."""
        return not math.isnan(self.value)

    @property
    def symbols(self) -> str:
        """The symbols of its marks."""
        return "".join(mark.symbol for mark in self.marks)

    def by(self, other: "Quantity") -> "Quantity":
        """This quantity by another, with the widest interval that both allow."""
        unjudged = tuple(dict.fromkeys((*self.unjudged, *other.unjudged)))
        undecided = self.bound and other.bound  # at least a by at least b may be anything
        # NaN compares false; a fall (of the host's kernel memory, say) has no ratio either.
        if not (self.value >= 0 and other.value > 0) or undecided:
            return Quantity(marks=_union(self.marks, other.marks), unjudged=unjudged)
        ends = (_end(self, "low"), _end(self, "high"), _end(other, "low"), _end(other, "high"))
        spread = not any(math.isnan(end) for end in ends) and ends[2] > 0
        exact = ends[0] == ends[1] and ends[2] == ends[3]
        turned = {"≥ ": "≤ ", "< ": "> ", "": ""}[other.bound]
        return Quantity(
            self.value / other.value,
            ends[0] / ends[3] if spread and not exact else math.nan,
            ends[1] / ends[2] if spread and not exact else math.nan,
            _union(self.marks, other.marks),
            self.bound or turned,
            unjudged,
        )


def exactly(value: float) -> Quantity:
    """A stated figure: its interval is itself."""
    return Quantity(value, value, value)


def _end(quantity: Quantity, name: str) -> float:
    return float(getattr(quantity, name))


def _union(*marks: Iterable[Mark]) -> tuple[Mark, ...]:
    present = {mark for some in marks for mark in some}
    return tuple(mark for mark in Mark if mark in present)


@dataclass(frozen=True)
class MeasuredServer:
    """A server of the run; `role` is the chapter's column that it stands for, `kind` the one that
    speaks of its model.

    Where the run has several of its model, `alone` is false, and the model's name would not tell
    which of them is meant.
    """

    label: str
    model: str
    language: str
    command: str
    role: claims.Role | None
    alone: bool
    protocol: str = "echo"
    address_space_bytes: float = math.nan  # that it may have, if that is limited

    @property
    def kind(self) -> claims.Role | None:
        """The chapter's column that speaks of its model; None where neither does."""
        return self.role or claims.role_of(self.model)

    @property
    def noun(self) -> str:
        """What prose calls it."""
        if not self.alone or not self.role:
            return self.label
        return _("threads") if self.role == "synchronous" else _("the event loop")

    @property
    def plural(self) -> bool:
        """Whether that noun takes a plural verb."""
        return self.alone and self.role == "synchronous"

    @property
    def phrase(self) -> str:
        """What prose says of figures that were measured with it."""
        if self.alone and self.role == "asynchronous":
            return _("on {server}", server=self.noun)
        return _("with {server}", server=self.noun)


@dataclass(frozen=True)
class MeasuredWorkload:
    """A workload of the run. `plain` is one in which all connections send, and the server only
    replies.
    """

    name: str
    loop: str
    rate_per_connection: float
    size_bytes: int
    summary: str = ""
    plain: bool = True

    @property
    def description(self) -> str:
        """What it does, in a few words."""
        loop = _("open loop") if self.loop == "open" else _("closed loop")
        more = _(self.summary) if self.summary else self.rate if self.loop == "open" else ""
        return f"{loop}, {more}" if more else loop

    @property
    def heading(self) -> str:
        """Its name and what it does."""
        return f"{self.name}: {self.description}"

    @property
    def rate(self) -> str:
        """How much each client sends in an open loop."""
        return _("{rate} per client", rate=self._rate)

    @property
    def _rate(self) -> str:
        if self.rate_per_connection == 1:
            return _("1 message/s")
        return _("{rate} messages/s", rate=f"{self.rate_per_connection:g}")

    @property
    def phrase(self) -> str:
        """What prose says of figures that were measured under it."""
        if not self.plain:
            return _("under {workload}", workload=self.name)
        return _("when saturated") if self.loop == "closed" else _("at {rate}", rate=self._rate)

    @property
    def phrase_a_client(self) -> str:
        """The same, and that the rate is each client's."""
        paced = self.plain and self.loop == "open"
        return _("at {rate}", rate=self.rate) if paced else self.phrase

    @property
    def load(self) -> str:
        """What a heading says of it."""
        return self._rate if self.plain and self.loop == "open" else self.phrase


@dataclass(frozen=True)
class MeasuredTechnique:
    """A pair of servers of the run, by their labels, that differ in one technique."""

    name: str
    with_it: str
    without_it: str
    workloads: tuple[str, ...]
    claim: str


@dataclass(frozen=True)
class Found:
    """What a search for the most connections found, and why no more were."""

    server: str
    workload: str
    most: Quantity
    why: str


class Measured:
    """Everything a report says about a run; ReportError when the run holds no step."""

    def __init__(self, run: "Run") -> None:
        if run.steps.empty:
            raise ReportError(_("the run holds no step yet: let at least one end, then report"))
        self.run = run
        self.manifest: dict[str, Any] = run.manifest
        plan = run.manifest["plan"]
        self.servers = self._servers(run.manifest["servers"])
        self.map, self.workloads = self._workloads(run.manifest["workloads"])
        self.slo_p99_ms = float(run.manifest.get("slo_p99_ms") or P99_MS)
        tried = {int(step) for step in run.steps["connections"]}
        self.steps = sorted(tried.intersection(plan.get("steps", ())) or tried)
        self.techniques = [
            MeasuredTechnique(
                item["name"],
                item["with"],
                item["without"],
                tuple(item["workloads"]),
                item.get("claim", ""),
            )
            for item in plan.get("techniques", ())
        ]
        self.role = {server.role: server for server in self.servers if server.role}
        key = ["server", "workload", "connections"]
        described = run.manifest["workloads"]
        active = {item.get("name"): item.get("active", 1.0) for item in described}
        self._rows = _grouped(derived.with_columns(run.steps, active), key)
        self._windows = _grouped(derived.with_columns(run.windows, active), key)
        self._quantities: dict[tuple[Point, str], Quantity] = {}
        self._marks: dict[Point, tuple[Mark, ...]] = {}
        self._slopes: dict[tuple[str, str, str], Quantity] = {}
        self._tried: dict[tuple[str, str], list[int]] = {}
        for point in sorted(self._rows):
            self._tried.setdefault((point.server, point.workload), []).append(point.connections)
        self.planned_missing = max(0, self._planned(plan) - self._ramped())

    def _servers(self, planned: Sequence[dict[str, Any]]) -> list[MeasuredServer]:
        known = {item.get("label"): item for item in planned}
        labels = list(dict.fromkeys(self.run.steps["server"]))
        labels.sort(key=lambda label: [*known, label].index(label))
        described = [
            (label, known.get(label, {}).get("name", label), known.get(label, {}).get("model", ""))
            for label in labels
        ]
        recorded = dict(zip(self.run.steps["server"], self.run.steps["protocol"], strict=True))
        spoken = {
            label: known.get(label, {}).get("protocol") or recorded[label] or "echo"
            for label in labels
        }
        # The chapter speaks of servers that echo: these stand for its columns before others.
        echo_first = sorted(described, key=lambda each: spoken[each[0]] != "echo")
        role_of = {label: role for role, label in claims.roles(echo_first).items()}
        models = [model for _, _, model in described]
        return [
            MeasuredServer(
                label,
                model,
                known.get(label, {}).get("language", ""),
                _command(known.get(label, {}).get("command", "")),
                role_of.get(label),
                models.count(model) == 1,
                spoken[label],
                known.get(label, {}).get("limits", {}).get("as", math.nan),
            )
            for label, _, model in described
        ]

    def _workloads(
        self, planned: Sequence[dict[str, Any]]
    ) -> tuple[list[MeasuredWorkload], list[MeasuredWorkload]]:
        """Those of the capacity map, and all others."""
        mapped = self.manifest.get("mapped", ())
        columns = ["workload", "loop", "rate_per_connection", "size_bytes"]
        rows = self.run.steps[columns].drop_duplicates("workload").to_dict("records")
        first = {str(row["workload"]): row for row in rows}
        known = {item["name"]: item for item in planned if item.get("name") in first}
        workloads = [
            MeasuredWorkload(
                name,
                str(first[name]["loop"]),
                float(first[name]["rate_per_connection"]),
                int(first[name]["size_bytes"]),
                known.get(name, {}).get("summary", ""),
                bool(known.get(name, {}).get("plain", True)),
            )
            for name in dict.fromkeys([*known, *first])
        ]
        others = [each for each in workloads if each.name not in mapped]
        return [each for each in workloads if each.name in mapped], others or workloads

    def _planned(self, plan: dict[str, Any]) -> int:
        """The steps of all ramps but the map's."""
        mapped = self.manifest.get("mapped", ())
        trials = (
            len(set(server.get("workloads", ())).difference(mapped)) * len(server.get("steps", ()))
            for server in plan.get("servers", ())
        )
        return sum(trials) * int(plan.get("profile", {}).get("repeats") or 1)

    def _ramped(self) -> int:
        """Those that were measured: all but the numbers that a search tried, and the map's."""
        on_the_map = self.run.steps["workload"].isin([workload.name for workload in self.map])
        return int((self.run.steps["connections"].isin(self.steps) & ~on_the_map).sum())

    def counterpart(self, server: MeasuredServer) -> MeasuredServer | None:
        """The server of the chapter's other column that it is compared with."""
        others = [role for role in claims.ROLES if server.kind and role != server.kind]
        found = next((self.role[role] for role in others if role in self.role), None)
        return None if found and self.kept_apart((server, found)) else found

    @property
    def pair(self) -> list[MeasuredServer]:
        """The servers that stand for the chapter's two columns; empty unless the run has both, and
        they can be compared.
        """
        pair = [self.role[role] for role in claims.ROLES if role in self.role]
        return pair if len(pair) == len(claims.ROLES) and not self.kept_apart(pair) else []

    def workload(
        self, loop: str, among: Sequence[MeasuredWorkload] | None = None
    ) -> MeasuredWorkload | None:
        """The first workload with an open or a closed loop, a plain one if there is any."""
        every = self.workloads if among is None else among
        fitting = [workload for workload in every if workload.loop == loop]
        return next((each for each in fitting if each.plain), next(iter(fitting), None))

    def points(self, *, mapped: bool = False) -> list[Point]:
        """Every step that was measured or failed, in the order of the plan; those of the map too
        if it is to be `mapped`.
        """
        every = (
            Point(server.label, workload.name, step)
            for workload in dict.fromkeys((*self.workloads, *(self.map if mapped else ())))
            for step in self.steps
            for server in self.servers
        )
        return [point for point in every if point in self._rows]

    def visited(self, server: MeasuredServer, workload: MeasuredWorkload) -> bool:
        """Whether there is anything of a server under a workload."""
        return (server.label, workload.name) in self._tried

    def workloads_of(self, servers: Iterable[MeasuredServer]) -> list[MeasuredWorkload]:
        """Those under which all of these servers were visited."""
        return [
            workload
            for workload in self.workloads
            if all(self.visited(server, workload) for server in servers)
        ]

    def nearest_step(self, connections: int) -> int:
        """The step of the run nearest to so many connections, by their ratio."""
        return min(self.steps, key=lambda step: abs(math.log(step / connections)))

    def rows(self, point: Point) -> "list[dict[str, Any]]":
        """The step's rows, one a repeat."""
        return self._rows.get(point, [])

    def usable(self, point: Point) -> bool:
        """Whether at least one repeat measured something."""
        return bool(self._usable(point))

    def _usable(self, point: Point) -> "list[dict[str, Any]]":
        """The repeats that measured something."""
        return [row for row in self.rows(point) if row["status"] != "failed"]

    def at(self, point: Point, column: str) -> Quantity:
        """A column of the steps at one point, of all its repeats."""
        if (point, column) not in self._quantities:
            self._quantities[point, column] = self._quantity(point, column, self._usable(point))
        return self._quantities[point, column]

    def deciding(self, point: Point, column: str) -> Quantity:
        """The same of the repeats that decide: where less than half are unfit, of the others."""
        told, _reasons = _deciding([(row,) for row in self._usable(point)])
        return self._quantity(point, column, [row for (row,) in told])

    def _quantity(self, point: Point, column: str, rows: "list[dict[str, Any]]") -> Quantity:
        values = {row["repeat"]: float(row[column]) for row in rows if row[column] == row[column]}
        marks = self.marks(point)
        _told, unjudged = _deciding([(row,) for row in rows])
        if not values:
            return Quantity(marks=marks, unjudged=unjudged)
        if len(values) > 1:
            interval = median_interval(list(values.values()))
            return Quantity(interval.median, interval.low, interval.high, marks, unjudged=unjudged)
        ((repeat, value),) = values.items()
        parts = [
            float(row[column])
            for row in self._windows.get(point, [])
            if row["repeat"] == repeat and column in row and row[column] == row[column]
        ]
        part_of_a_sum = column in STEPS and STEPS[column].rule is total
        if len(parts) < 2 or part_of_a_sum:
            return Quantity(value, marks=marks, unjudged=unjudged)
        # Merged percentiles may lie just outside those of the windows.
        ends = (min(*parts, value), max(*parts, value))
        return Quantity(value, *ends, marks, unjudged=unjudged)

    def contrast(self, one: Point, other: Point, column: str) -> Quantity:
        """One server's figure by the other's: paired by repeat where there are several.

        Unknown where the two cannot be compared. Where less than half of the repeats are unfit, the
        others decide.
        """
        if apart := self.apart(one, other):
            return Quantity(unjudged=(apart,))
        theirs = {row["repeat"]: row for row in self._usable(other)}
        pairs = [
            (row, theirs[row["repeat"]]) for row in self._usable(one) if row["repeat"] in theirs
        ]
        if len(pairs) < 2:
            ratio = self.at(one, column).by(self.at(other, column))
            both = [*self._usable(one), *self._usable(other)]
            return replace(ratio, unjudged=_unfit(both)) if ratio.unjudged else ratio
        marks = _union(self.marks(one), self.marks(other))
        told, unjudged = _deciding(pairs, least=2)
        if len(told) < len(pairs):
            marks = tuple(mark for mark in marks if mark not in UNFIT)
        figures = [[float(row[column]) for row in pair] for pair in told]
        interval = ratio_interval(*np.array(figures).T)
        return Quantity(interval.median, interval.low, interval.high, marks, unjudged=unjudged)

    def apart(self, one: Point, other: Point) -> str:
        """Why two servers cannot be compared under a workload, in words: they speak different
        protocols, or are sent other messages. Empty where they can.
        """
        return why_apart(*((point.server, *self.spoken(point)) for point in (one, other)))

    def kept_apart(self, servers: Sequence[MeasuredServer]) -> str:
        """The same of two servers, under the first workload of both where there is a reason."""
        reasons = (
            self.apart(*(Point(server.label, workload.name, 0) for server in servers))
            for workload in self.workloads_of(servers)
            if len(servers) == 2
        )
        return next(filter(None, reasons), "")

    def spoken(self, point: Point) -> tuple[str, int]:
        """The protocol and size of a server's messages under a workload, at any step."""
        known = next(server for server in self.servers if server.label == point.server)
        step = next(iter(self._tried.get((point.server, point.workload), [])), 0)
        row = next(iter(self.rows(replace(point, connections=step))), {})
        return str(row.get("protocol") or known.protocol), int(row.get("size_bytes", 0))

    def contrast_of_slopes(
        self, servers: Sequence[MeasuredServer], workload: str, column: str
    ) -> Quantity:
        """How much a column grows with one server, by how much with the other."""
        if apart := self.kept_apart(servers):
            return Quantity(unjudged=(apart,))
        one, other = (self.deciding_slope(server.label, workload, column) for server in servers)
        ratio = one.by(other)
        both = [row for each in servers for row in self._ramp(each.label, workload, column)]
        return replace(ratio, unjudged=_unfit(both)) if ratio.unjudged else ratio

    def slope(self, server: str, workload: str, column: str) -> Quantity:
        """How much a column grows with each connection held, by least squares over the ramp."""
        if (server, workload, column) not in self._slopes:
            rows = self._ramp(server, workload, column)
            self._slopes[server, workload, column] = _slope(rows, column)
        return self._slopes[server, workload, column]

    def deciding_slope(self, server: str, workload: str, column: str) -> Quantity:
        """The same of the steps that decide: where less than half are unfit, of the others."""
        rows = self._ramp(server, workload, column)
        told, _reasons = _deciding([(row,) for row in rows])
        slope = _slope([row for (row,) in told], column)
        return slope if slope.known else replace(slope, unjudged=_unfit(rows))

    def _ramp(self, server: str, workload: str, column: str) -> "list[dict[str, Any]]":
        """The repeats of all steps that measured a column."""
        points = (Point(server, workload, step) for step in self.steps)
        return [
            row for point in points for row in self._usable(point) if row[column] == row[column]
        ]

    def ceiling(self, workload: str, connections: int) -> float:
        """Messages/s that the loader can drive in a closed loop; NaN where that is not known."""
        known = (
            row["ceiling_messages_per_s"]
            for server in self.servers
            for row in self.rows(Point(server.label, workload, connections))
        )
        return next((float(value) for value in known if not math.isnan(value)), math.nan)

    def of_ceiling(self, point: Point) -> Quantity:
        """The server's messages/s as a share of what the loader can drive."""
        known = [row["ceiling_messages_per_s"] for row in self.rows(point)]
        return self.at(point, "messages_per_s").by(exactly(known[0] if known else math.nan))

    def max_connections(self, server: str, workload: str) -> Quantity:
        """The most with every connection served, no failure and p99 within the objective.

        Among the steps, and the numbers that a search tried.
        """
        tried = [Point(server, workload, n) for n in self._tried.get((server, workload), [])]
        held = [point for point in tried if self.holds(point)]
        if not tried:
            return Quantity()
        if not held:
            rows = self.rows(tried[0])
            unjudged = () if fair(rows) else _unfit(rows)
            return Quantity(
                tried[0].connections, marks=self.marks(tried[0]), bound="< ", unjudged=unjudged
            )
        best = held[-1]
        beyond = tried[tried.index(best) + 1 :]
        bounded = beyond and (refusal(self.rows(beyond[0])) or fair(self.rows(beyond[0])))
        doubted = [*beyond[:1], best] if not bounded else []
        unfit = next((point for point in doubted if not fair(self.rows(point))), None)
        return Quantity(
            best.connections,
            marks=tuple(m for m in self.marks(unfit) if m in UNFIT) if unfit else (),
            bound="" if bounded else "≥ ",
            unjudged=_unfit(self.rows(unfit)) if unfit else (),
        )

    def holds(self, point: Point) -> bool:
        """Whether every connection was served, no message failed, and p99 was within the SLO."""
        return not shortfall(self.rows(point), self.slo_p99_ms)

    def open(self, point: Point) -> bool:
        """Whether it cannot be told if a step holds: it was too slow, but all its repeats were
        unfit.
        """
        rows = self.rows(point)
        return not (self.holds(point) or refusal(rows) or fair(rows))

    def found(self) -> list[Found]:
        """What the searches for the most connections found, in the order of the plan."""
        return [
            Found(server, workload, self.max_connections(server, workload), search["why"])
            for search in self.manifest.get("max_connections", ())
            for server, workload in [(search["server"], search["workload"])]
        ]

    def limited(self, point: Point) -> bool:
        """Whether the loader was the bottleneck in a repeat."""
        return any(row["loader_limited"] for row in self.rows(point))

    def marks(self, point: Point) -> tuple[Mark, ...]:
        """How the step's figures must be marked."""
        if point not in self._marks:
            rows = self.rows(point)
            self._marks[point] = tuple(m for m in Mark if any(_bears(row, m) for row in rows))
        return self._marks[point]

    def footnotes(self, points: Iterable[Point]) -> list[tuple[str, str]]:
        """(symbol, text) for each mark that these points bear: which they are, how many, why."""
        known = [point for point in dict.fromkeys(points) if self.rows(point)]
        notes = []
        for each in Mark:
            bearers = [point for point in known if each in self.marks(point)]
            if bearers:
                text = f"{each.meaning}: {self.details(bearers, each)}"
                notes.append((each.symbol, wording.sentence(text)))
        return notes

    def details(self, points: Iterable[Point], mark: Mark) -> str:
        """Which steps bear a mark and how they came to it, by server and workload."""
        return _by_place((point, self._detail(point, mark)) for point in points)

    def unanswered(self) -> str:
        """Of which steps over 1 % of the due messages were lost, by server and workload; empty for
        none.
        """
        return _by_place(
            (point, f"{wording.count(point.connections)} ({lost})")
            for point in self.points(mapped=True)
            if (lost := unanswered(self.rows(point), MOST_LOST))
        )

    def _detail(self, point: Point, mark: Mark) -> str:
        rows = self.rows(point)
        bearing = [row for row in rows if _bears(row, mark)]
        parts = list(filter(None, _particulars(bearing, mark)))
        if len(rows) > 1:
            parts.append(_("in {some} of {all} repeats", some=len(bearing), all=len(rows)))
        step = wording.count(point.connections)
        return f"{step} ({', '.join(parts)})" if parts else step

    def spread_note(self) -> str:
        """What the intervals of this run are."""
        repeats = max(len(rows) for rows in self._rows.values())
        windows = max((len(rows) for rows in self._windows.values()), default=0)
        if repeats > 1:
            return _(
                "Figures are medians of up to {repeats} repeats with their 95 % bootstrap "
                "interval; where only one repeat was made, its range over its windows.",
                repeats=repeats,
            )
        if windows > 1:
            return _(
                "One repeat: figures are the step's own, the range is over its {windows} windows.",
                windows=windows,
            )
        return _("One repeat of one window a step: no interval can be given.")


def causes(row: dict[str, Any]) -> dict[str, int]:
    """Errors of a step by cause, the most frequent first."""
    try:
        counts = json.loads(row["error_causes"] or "{}")
    except ValueError:
        return {}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def connected(row: dict[str, Any]) -> str:
    """How many of a step's connections were held."""
    held, wanted = wording.count(row["connected"]), wording.count(row["connections"])
    return _("{held} of {wanted} connected", held=held, wanted=wanted)


def _slope(rows: "Sequence[dict[str, Any]]", column: str) -> Quantity:
    """How much a column grows with each connection held."""
    _told, unjudged = _deciding([(row,) for row in rows])
    pairs = [(float(row["connected"]), float(row[column])) for row in rows]
    if len({held for held, _value in pairs}) < 2:
        return Quantity(unjudged=unjudged)
    interval = fitted_slope(*np.array(pairs).T)
    return Quantity(interval.median, interval.low, interval.high, unjudged=unjudged)


def _deciding(
    groups: "Sequence[tuple[dict[str, Any], ...]]", least: int = 1
) -> "tuple[Sequence[tuple[dict[str, Any], ...]], tuple[str, ...]]":
    """The repeats that decide: the fit ones where these are more than half and at least so many.

    Else all of them, and the reasons why no verdict may rest on them.
    """
    told = [group for group in groups if all(map(fitness.fit, group))]
    if len(told) >= least and len(told) > len(groups) / 2:
        return told, ()
    return groups, _unfit(row for group in groups for row in group)


def _unfit(rows: "Iterable[dict[str, Any]]") -> tuple[str, ...]:
    """What makes repeats unfit for a verdict, in words."""
    rows = list(rows)
    used = max(
        (x for x in map(fitness.other_processes, rows) if x > fitness.MOST_OTHER_PROCESSES),
        default=0,
    )
    stolen = max((x for x in map(fitness.steal, rows) if x > fitness.MOST_STEAL), default=0)
    reasons = []
    if any(row["loader_limited"] for row in rows):
        reasons.append(_("the loader was the bottleneck"))
    if used:
        share = wording.share(used)
        reasons.append(_("disturbed, other processes used {share} of a CPU", share=share))
    if stolen:
        share = wording.share(stolen)
        reasons.append(_("steal time, the hypervisor gave {share} of a CPU to others", share=share))
    return tuple(reasons)


def why_apart(one: tuple[str, str, int], other: tuple[str, str, int]) -> str:
    """Why two servers, each by (label, protocol, bytes of a reply), cannot be compared; empty where
    they can.
    """
    values = {"one": one[0], "other": other[0]}
    if one[1] != other[1]:
        return _(
            "{one} speaks {its} and {other} {theirs}: their figures stand side by side and are not "
            "compared",
            **values,
            its=_(_PROTOCOLS.get(one[1], one[1])),
            theirs=_(_PROTOCOLS.get(other[1], other[1])),
        )
    if one[2] != other[2]:
        return _(
            "{one} replies with {its} bytes and {other} with {theirs}: their figures stand side by "
            "side and are not compared",
            **values,
            its=wording.count(one[2]),
            theirs=wording.count(other[2]),
        )
    return ""


def _by_place(told: Iterable[tuple[Point, str]]) -> str:
    """What is told of steps, those of one server and workload together."""
    places: dict[str, list[str]] = {}
    for point, text in told:
        places.setdefault(f"{point.server}, {point.workload}", []).append(text)
    return "; ".join(
        _("{place}, at {steps}", place=place, steps=wording.joined(steps))
        for place, steps in places.items()
    )


def unanswered(rows: Sequence[dict[str, Any]], least: float = 0.0) -> str:
    """How many of the due messages were lost, in words; empty where no message was due, none is
    known to have been, or no more than the least part is lost.
    """
    due, lost = (sum(row[name] for row in rows) for name in ("due", "lost"))
    if not due or lost <= least * due:
        return ""
    return _(
        "{lost} of {due} due messages had no correct reply by the end of the load ({share})",
        lost=wording.count(lost),
        due=wording.count(due),
        share=wording.small_share(lost / due),
    )


def _particulars(bearing: Sequence[dict[str, Any]], mark: Mark) -> Iterable[str]:
    """How the repeats that bear a mark came to it."""
    worst = min(bearing, key=lambda row: (row["connected"], -row["starved"]))
    littles_law = local_number(f"{worst['littles_law_ratio']:.2f}")
    if mark is Mark.PARTIAL:
        short = worst["connected"] < worst["connections"]
        errors = [f"{wording.count(n)} × {cause}" for cause, n in causes(worst).items()]
        yield connected(worst) if short else "" if errors else worst["reason"]
        yield from errors
    elif mark is Mark.STARVED:
        yield _("{starved} connections", starved=wording.count(worst["starved"]))
        if not math.isnan(worst["starved_wait_max_ms"]):
            yield _("longest wait {wait}", wait=wording.milliseconds(worst["starved_wait_max_ms"]))
        if _beside_little(worst):
            yield _("Little's law {ratio}", ratio=littles_law)
    elif mark is Mark.LITTLE:
        yield _("{ratio}, none starved", ratio=littles_law)
    elif mark is Mark.UNSETTLED:
        what, waited = worst["unsteady"], local_number(f"{worst['warmup_s']:.1f}")
        yield _("{what} after {seconds} s", what=_(what), seconds=waited)
    elif mark is Mark.ESTIMATED:
        share = min(row["memory_sampled_fraction"] for row in bearing)
        yield _("from {share} of it", share=wording.share(share))
    elif mark is Mark.STOLEN:
        yield wording.share(max(map(fitness.steal, bearing)))
    elif mark is Mark.DISTURBED:
        yield wording.share(max(map(fitness.other_processes, bearing)))
    elif mark is Mark.FAILED:
        yield worst["reason"]


def _bears(row: dict[str, Any], mark: Mark) -> bool:
    if row["status"] == "failed":  # it has no figures, of which the others could say something
        return mark is Mark.FAILED
    bears = {
        Mark.PARTIAL: row["status"] == "partial"
        or row["connected"] < row["connections"]
        or row["lost"] > 0,
        Mark.LIMITED: bool(row["loader_limited"]),
        Mark.STARVED: row["starved"] > 0,
        # Where some starve, that is the reason, and their mark says so.
        Mark.LITTLE: not row["starved"] and _beside_little(row),
        Mark.UNSETTLED: bool(row["unsteady"]),
        Mark.ESTIMATED: row["memory_sampled_fraction"] < 1,
        Mark.STOLEN: fitness.steal(row) > fitness.MOST_STEAL,
        Mark.DISTURBED: fitness.other_processes(row) > fitness.MOST_OTHER_PROCESSES,
    }
    return bool(bears.get(mark))


def _beside_little(row: dict[str, Any]) -> bool:
    """Whether Little's law does not hold; where it was not checked, false."""
    ratio = row["littles_law_ratio"]
    return bool(ratio < LITTLE[0] or ratio > LITTLE[1])


def _grouped(frame: "pd.DataFrame", key: list[str]) -> dict[Point, list[dict[str, Any]]]:
    groups: dict[Point, list[dict[str, Any]]] = {}
    columns = {str(name): values.tolist() for name, values in frame.items()}
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        groups.setdefault(Point(*(row[name] for name in key)), []).append(row)
    return groups


def _command(words: str | Sequence[str]) -> str:
    return words if isinstance(words, str) else " ".join(map(str, words))
