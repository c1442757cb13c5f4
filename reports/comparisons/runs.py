"""Two runs against each other: a verdict on every server at every step that both measured.

The verdicts of two runs are one family (results/comparison.py). They hold for the spread between
the repeats of a run. No rule can tell a change of the server from what differed all through a
run, such as a machine that was slower that hour.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.conditions import unlike
from c10k.reports.comparisons.pairs import (
    SLOPE,
    Contrast,
    Measure,
    Side,
    Sides,
    measures,
    of_sides,
)
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured, Point, ReportError
from c10k.reports.model.quantity import Flag
from c10k.results.comparison import Outcome, compare
from c10k.results.slo import refusal


class Verdict(Enum):
    """What is said of a change."""

    REGRESSION = N_("regression")
    IMPROVEMENT = N_("improvement")
    EQUIVALENT = N_("equivalent")
    UNDECIDED = N_("undecided")
    INDICATIVE = N_("indicative")
    NOT_COMPARED = N_("not compared")


CLEAR: Final = (Verdict.REGRESSION, Verdict.IMPROVEMENT)


@dataclass(frozen=True)
class Change(Contrast):
    """A server by one measure: its figure in head, the first, by that in base."""

    @property
    def server(self) -> str:
        """Its label, the same in both runs."""
        return self.one

    @property
    def verdict(self) -> Verdict:
        """The verdict; a clear change is an improvement where head is the better."""
        if self.why or math.isnan(self.comparison.ratio):
            return Verdict.NOT_COMPARED
        if self.outcome is Outcome.CLEAR:
            return Verdict.IMPROVEMENT if self.better == 0 else Verdict.REGRESSION
        return Verdict(self.outcome.value)

    def __str__(self) -> str:
        """The verdict in words."""
        return _(self.verdict.value) if self.verdict in CLEAR else super().__str__()


class RunComparison:
    """Two runs, `head` by `base`. ReportError where they are the same, or share no step.

    `unlike` says what they must have in common and do not, `alone` is how many steps only one of
    them has, and at those of `broken` connections or messages failed in head and not in base.
    """

    def __init__(self, base: Measured, head: Measured) -> None:
        if base.about.created_at == head.about.created_at:
            raise ReportError(_("base and head are the same run"))
        self.base, self.head = base, head
        self.unlike = unlike(base, head)
        own, others = ({*run.points(mapped=True)} for run in (base, head))
        self.alone = len(own ^ others)
        points = [point for point in base.points(mapped=True) if point in others]
        if not points:
            raise ReportError(_("base and head have no server, workload and step in common"))
        self.broken = [
            each for each in points if refusal(head.rows(each)) and not refusal(base.rows(each))
        ]
        every = [(each, *self._sides(*each)) for each in self._wanted(points)]
        found = compare([pairs for _each, pairs, _values, _why in every])
        self.changes = [
            Change(at.server, at.server, at.workload, at.connections, measure, values, result, why)
            for ((at, measure), _pairs, values, why), result in zip(every, found, strict=True)
        ]

    def _wanted(self, points: Sequence[Point]) -> Iterator[tuple[Point, Measure]]:
        """What is compared, by server and workload."""
        workloads = dict.fromkeys((*self.base.workloads, *self.base.map))
        for server, workload in product(self.base.servers, workloads):
            ramp = Point(server.label, workload.name, SLOPE)
            alike = [point for point in points if replace(point, connections=SLOPE) == ramp]
            for measure in measures(workload) if alike else ():
                if not measure.over_ramp:
                    yield from ((point, measure) for point in alike)
                elif any(Side(run, ramp, "").repeats(measure) for run in (self.base, self.head)):
                    yield ramp, measure

    def _sides(self, point: Point, measure: Measure) -> Sides:
        sides = [Side(self.head, point, _("head")), Side(self.base, point, _("base"))]
        if measure.over_ramp:
            ramps = {tuple(_usable(side.measured, point)) for side in sides}
            whys = [_("measured at other steps")] if len(ramps) > 1 else []
        else:
            unfit: dict[str, list[str]] = {}
            for side in sides:
                if why := _unfit(side, measure):
                    unfit.setdefault(why, []).append(side.name)
            whys = [f"{why} ({wording.joined(names)})" for why, names in unfit.items()]
        return of_sides(sides[0], sides[1], measure, whys, paired=False)


def _unfit(side: Side, measure: Measure) -> str:
    """Why a step decides nothing; empty where it may."""
    if not side.measured.usable(side.point):
        return Flag.FAILED.phrase
    return side.measured.unfit([side.point], measure.column)


def _usable(run: Measured, ramp: Point) -> list[int]:
    """The steps of a ramp at which something was measured."""
    steps = (Point(ramp.server, ramp.workload, step) for step in run.steps)
    return [point.connections for point in steps if run.usable(point)]
