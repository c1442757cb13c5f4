"""Two servers against each other: a ratio with its interval and its outcome.

All comparisons that a report shows are one family (results/comparison.py): of the two servers that
it compares, and of those that a publication does, under each workload at each step; of the two
sides of each technique; and of each published ratio that is a single figure. Two servers the other
way round are the same comparison: twice in the family, it would be evidence of its own spread.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from c10k.reports import wording
from c10k.reports.language import N_, _
from c10k.reports.model.derived import MEASURES as COLUMNS
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import Quantity
from c10k.reports.model.servers import MeasuredServer, MeasuredWorkload, why_apart
from c10k.reports.wording import Unit
from c10k.results.claims import ClaimedFigure
from c10k.results.comparison import Comparison, Outcome, Pairs, compare

APART_MS: Final = 0.05  # the kernel's default timer slack: by so much a wake-up may be late

SLOPE: Final = 0
"""The step of what is compared over the whole ramp: memory per connection."""


@dataclass(frozen=True)
class Measure:
    """What servers are compared by: its column, its noun, and how a value is written.

    Values that differ by less than `apart` count as the same. What is taken `over_ramp` is how
    much it grows with each connection. None where neither more nor less is known to be better.
    """

    column: str
    noun: str
    unit: Unit
    higher_is_better: bool | None = False
    apart: float = 0.0
    over_ramp: bool = False


_RATE: Final = Unit(lambda value: _("{value} messages/s", value=wording.rate(value)))

MEMORY: Final = Measure(
    "resident_bytes", N_("memory per connection"), wording.BYTES, over_ramp=True
)
CPU: Final = Measure("cpu_us_per_message", N_("CPU per message"), wording.US)
THROUGHPUT: Final = Measure("messages_per_s", N_("throughput"), _RATE, higher_is_better=True)
P50: Final = Measure("response_p50_ms", N_("median response time"), wording.MS, apart=APART_MS)
P99: Final = Measure("response_p99_ms", N_("p99 response time"), wording.MS, apart=APART_MS)
RESIDENT: Final = Measure("resident_bytes", N_("memory"), wording.BYTES)

MEASURES: Final = (MEMORY, CPU, THROUGHPUT, P50, P99)
TECHNIQUE_MEASURES: Final = (THROUGHPUT, CPU, RESIDENT)


def answering(measure: str) -> Measure:
    """What a published ratio is judged by: one of MEASURES, or any other column of the steps."""
    column = measure.removesuffix(PER_CONNECTION)
    for each in MEASURES:
        if (each.column, each.over_ramp) == (column, column != measure):
            return each
    unit = wording.unit(column)
    apart = APART_MS if unit is wording.MS else 0.0
    return Measure(column, column, unit, None, apart, over_ramp=column != measure)


@dataclass(frozen=True)
class Contrast:
    """Two servers by one measure, the first by the second.

    `why` says in words why there is no outcome, where one cannot be given.
    """

    one: str
    other: str
    workload: str
    step: int
    measure: Measure
    values: tuple[Quantity, Quantity]
    comparison: Comparison
    why: str = ""

    @property
    def outcome(self) -> Outcome:
        """Clear, equivalent, undecided or indicative."""
        return Outcome.UNDECIDED if self.why else self.comparison.outcome

    @property
    def known(self) -> bool:
        """Whether there is a ratio to show."""
        return not self.why and 0 < self.comparison.ratio < math.inf

    @property
    def ratio(self) -> Quantity:
        """The ratio with its interval; unknown where there is none to show."""
        found = self.comparison
        return Quantity(found.ratio, found.low, found.high) if self.known else Quantity()

    @property
    def mirrored(self) -> "Contrast":
        """The second by the first."""
        found = self.comparison
        low, high = _inverse(found.high), _inverse(found.low)
        turned = replace(found, ratio=_inverse(found.ratio), low=low, high=high)
        values = (self.values[1], self.values[0])
        return replace(self, one=self.other, other=self.one, values=values, comparison=turned)

    @property
    def larger(self) -> int | None:
        """Which of the two is clearly larger (0 or 1), if one is."""
        if self.outcome is not Outcome.CLEAR:
            return None
        return 0 if self.comparison.ratio > 1 else 1

    @property
    def better(self) -> int | None:
        """Which of the two is clearly better (0 or 1), if one is."""
        if self.larger is None or self.measure.higher_is_better is None:
            return None
        return self.larger if self.measure.higher_is_better else 1 - self.larger

    @property
    def winner(self) -> str:
        """The label of the one that is clearly better; empty where none is."""
        return "" if self.better is None else (self.one, self.other)[self.better]

    @property
    def times(self) -> float:
        """How many times the larger figure is the smaller, from 1 on."""
        return max(self.comparison.ratio, 1 / self.comparison.ratio) if self.known else math.inf

    def __str__(self) -> str:
        """The outcome in words."""
        if self.why:
            return _("not compared: {why}", why=self.why)
        if math.isnan(self.comparison.ratio):
            return _("not measured for both")
        if not self.known:
            return _("undecided, as one was 0 in a repeat")
        words = _(self.outcome.value)
        if self.outcome is Outcome.UNDECIDED and (more := self.comparison.more_repeats):
            return f"{words}, {wording.more_repeats(more)}"
        return words


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: a step of a run, SLOPE for its ramp. `name` is what words
    call it.
    """

    measured: Measured
    point: Point
    name: str

    def repeats(self, measure: Measure) -> dict[int, float]:
        """What was measured, by repeat."""
        if measure.over_ramp:
            return self.measured.slopes(self.point.server, self.point.workload, measure.column)
        return self.measured.values(self.point, measure.column)

    def value(self, measure: Measure) -> Quantity:
        """The figure."""
        if measure.over_ramp:
            return self.measured.slope(self.point.server, self.point.workload, measure.column)
        return self.measured.at(self.point, measure.column)


Sides = tuple[Pairs, tuple[Quantity, Quantity], str]
"""What `compare` wants of two sides, their figures, and why they are not compared, if so."""


def of_sides(
    one: Side, other: Side, measure: Measure, whys: Sequence[str], *, paired: bool = True
) -> Sides:
    """Two sides by a measure; `whys` are reasons, among them empty ones, not to compare them.

    Repeats of one run are `paired` by their number: they were measured in turn. Those of separate
    runs are independent, so any pairing that does not look at the values is as good as another,
    and its log-ratios are a valid sample. Here the first goes with the first, and what is left over
    of the longer run is not used.
    """
    first, second = one.repeats(measure), other.repeats(measure)
    values = (one.value(measure), other.value(measure))
    spoken = why_apart(*((side.name, *side.measured.spoken(side.point)) for side in (one, other)))
    unknown = (
        f"{value.why} ({side.name})"
        for value, side in zip(values, (one, other), strict=True)
        if value.why
    )
    why = "; ".join(dict.fromkeys(filter(None, (spoken, *whys, *unknown))))
    both = sorted(first.keys() & second.keys())
    pairs = (
        [(first[repeat], second[repeat]) for repeat in both]
        if paired
        else list(zip(first.values(), second.values(), strict=False))
    )
    # What cannot be shown is no part of the family.
    logs = [] if why else [_log(a) - _log(b) for a, b in pairs]
    group = measure if measure.over_ramp else (one.point.workload, measure)
    apart = not abs(values[0].value - values[1].value) < measure.apart
    return Pairs(logs, group, apart), values, why


_Key = tuple[str, str, str, int, Measure]


class Comparisons:
    """All comparisons of a run's report, in their order there; of this `pair` of servers alone, if
    one is given.
    """

    def __init__(self, measured: Measured, pair: Sequence[MeasuredServer] | None = None) -> None:
        self.measured = measured
        published = map(measured.pair_of, measured.claims)
        pairs = [measured.compared, *published] if pair is None else [pair]
        keys = [key for pair in pairs for key in self._of_pair(pair)]
        if pair is None:
            keys += [*self._of_techniques(), *self._of_ratios()]
        wanted: dict[_Key, None] = {}
        for key in keys:
            if _mirror(key) not in wanted:
                wanted[key] = None
        every = [self._sides(*each) for each in wanted]
        found = compare([pairs for pairs, _values, _why in every])
        self._found = {
            key: Contrast(*key, values, comparison, why)
            for key, (_pairs, values, why), comparison in zip(wanted, every, found, strict=True)
        }

    def __iter__(self) -> Iterator[Contrast]:
        return iter(self._found.values())

    def of(
        self, sides: Sequence[MeasuredServer], workload: str, step: int, measure: Measure
    ) -> Contrast | None:
        """One of them; None where the report does not make it, or there are no two sides."""
        if not sides:
            return None
        one, other = (server.label for server in sides)
        return self._get((one, other, workload, step, measure))

    def of_ratio(self, figure: ClaimedFigure) -> Contrast | None:
        """That of a published ratio; None where the run does not have both of its servers."""
        return self._get(_key(figure))

    def of_pair(self, sides: Sequence[MeasuredServer], workload: str) -> list[Contrast]:
        """Those of two servers under a workload, where more or less of the measure is better."""
        labels = [server.label for server in sides]
        found = (each for each in self if each.workload == workload)
        alike = [each for each in found if sorted((each.one, each.other)) == sorted(labels)]
        known = [each for each in alike if each.measure.higher_is_better is not None]
        return [each if each.one == labels[0] else each.mirrored for each in known]

    def _get(self, key: _Key) -> Contrast | None:
        if key in self._found:
            return self._found[key]
        other = self._found.get(_mirror(key))
        return other.mirrored if other else None

    def _of_pair(self, pair: Sequence[MeasuredServer]) -> Iterator[_Key]:
        measured = self.measured
        if not pair:
            return
        one, other = (server.label for server in pair)
        for workload in (*measured.workloads_of(pair), *measured.map):
            for measure in measures(workload):
                for step in [SLOPE] if measure.over_ramp else measured.steps:
                    points = (Point(label, workload.name, step) for label in (one, other))
                    if measure.over_ramp or all(map(measured.rows, points)):
                        yield one, other, workload.name, step, measure

    def _of_techniques(self) -> Iterator[_Key]:
        for technique in self.measured.techniques:
            sides = (technique.with_it, technique.without_it)
            for workload in technique.workloads:
                for step in self.measured.steps:
                    if all(self.measured.rows(Point(label, workload, step)) for label in sides):
                        for measure in TECHNIQUE_MEASURES:
                            yield *sides, workload, step, measure

    def _of_ratios(self) -> Iterator[_Key]:
        known = {server.label for server in self.measured.servers}
        for figure in (figure for claim in self.measured.claims for figure in claim.figures):
            column = figure.measure.removesuffix(PER_CONNECTION)
            if figure.over and {figure.server, figure.over} <= known and column in COLUMNS:
                yield _key(figure)

    def _sides(self, one: str, other: str, workload: str, step: int, measure: Measure) -> Sides:
        points = [Point(label, workload, step) for label in (one, other)]
        first, second = (Side(self.measured, point, point.server) for point in points)
        if measure.over_ramp:
            steps = self.measured.steps
            points = [Point(label, workload, each) for label in (one, other) for each in steps]
        unfit = self.measured.unfit(points, measure.column)
        return of_sides(first, second, measure, [unfit])


def _key(figure: ClaimedFigure) -> _Key:
    measure = answering(figure.measure)
    step = SLOPE if measure.over_ramp else figure.clients
    return figure.server, figure.over, figure.workload, step, measure


def _mirror(key: _Key) -> _Key:
    one, other, workload, step, measure = key
    return other, one, workload, step, measure


def _inverse(value: float) -> float:
    return 1 / value if value else math.inf


def _log(value: float) -> float:
    """The logarithm, which of 0 is infinite, and of what is below not known."""
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan


def measures(workload: MeasuredWorkload) -> list[Measure]:
    """What is compared under a workload; in an open loop what is offered is what comes back."""
    return [each for each in MEASURES if not (each is THROUGHPUT and workload.loop == "open")]
