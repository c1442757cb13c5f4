"""The topics of a summary, from which all its forms are written: servers by some measures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median_high
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons import pairs
from c10k.reports.comparisons.pairs import Comparisons, Contrast, Measure
from c10k.reports.comparisons.publication import Publication
from c10k.reports.language import N_, _, local_number
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import Quantity
from c10k.reports.model.servers import MeasuredServer, MeasuredWorkload
from c10k.reports.tables.table import Cell, cell
from c10k.results.comparison import Comparison, Outcome
from c10k.results.fitness import unserved

UNSERVED: Final = Measure("starved", N_("clients without a reply"), wording.COUNT)
"""Shown in place of response time and throughput where clients starve: they say little there."""


@dataclass(frozen=True)
class Topic:
    """One server, or two, by one measure under one workload at one step: a card of the page."""

    measured: Measured
    comparisons: Comparisons
    servers: Sequence[MeasuredServer]
    step: int
    measure: Measure
    workload: MeasuredWorkload

    @property
    def points(self) -> list[Point]:
        """The step of each server."""
        return [Point(server.label, self.workload.name, self.step) for server in self.servers]

    @property
    def starving(self) -> str:
        """How many clients are UNSERVED, and how long they wait; empty in other topics."""
        at, p50 = self.measured.at, pairs.P50.column
        starved = filter(self.measured.starvation, self.points if self.measure is UNSERVED else ())
        return "; ".join(f"{at(point, p50).why} ({point.server})" for point in starved)

    @property
    def values(self) -> list[Quantity]:
        """That of each server."""
        found, name, column = self.measured, self.workload.name, self.measure.column
        if self.measure.over_ramp:
            return [found.slope(server.label, name, column) for server in self.servers]
        values = [found.at(point, column) for point in self.points]
        if self.measure is not UNSERVED:
            return values
        few = [median_high(map(unserved, found.deciding(point))) for point in self.points]
        starved = zip(map(found.starvation, self.points), few, strict=True)
        return [Quantity(each.unserved if each else count) for each, count in starved]

    @property
    def contrast(self) -> Contrast | None:
        """Of two that are compared."""
        measure = pairs.CPU if self.measure is UNSERVED else self.measure
        at = pairs.SLOPE if measure.over_ramp else self.step
        found = self.comparisons.of(self.measured.compared, self.workload.name, at, measure)
        if found and self.measure is UNSERVED:
            return replace(found, measure=UNSERVED, comparison=self._unserved())
        return found

    def _unserved(self) -> Comparison:
        """Clear where some of one server's are in every repeat, of the other's none in any."""
        rows = map(self.measured.deciding, self.points)
        one, other = (list(map(unserved, repeats)) for repeats in rows)
        clear = not (any(one) and any(other)) and (all(one) or all(other))
        repeats = min(len(one), len(other))
        outcome = Outcome.CLEAR if clear else Outcome.UNDECIDED
        outcome = outcome if repeats > 1 else Outcome.INDICATIVE
        return Comparison(max(*one, 1) / max(*other, 1), math.nan, math.nan, repeats, outcome)

    @property
    def tail_opposes(self) -> bool:
        """Whether the server that is clearly better in the median is clearly worse in the p99."""
        at = self.comparisons.of(self.measured.compared, self.workload.name, self.step, pairs.P99)
        both = (self.contrast, at) if self.measure is pairs.P50 else ()
        return {each.better for each in both if each} == {0, 1}

    @property
    def title(self) -> str:
        """What is compared, and under which load."""
        noun, load = _(self.measure.noun), self.workload.phrase
        return noun if self.measure.over_ramp else _("{measure} {load}", measure=noun, load=load)

    @property
    def result(self) -> tuple[str, str]:
        """A big figure, and the words beside it."""
        names = [server.noun for server in self.servers]
        if self.starving:
            return wording.count(max(value.value for value in self.values)), self.starving
        if len(names) == 1:
            return self.bars[0][1].text, _("with {server}", server=names[0])
        if not self.contrast:
            return wording.MISSING, _("not compared")
        ratio = cell(self.contrast.ratio, wording.RATIO)
        words = _("{one} ÷ {other}", one=names[0], other=names[1])
        return ratio.text, f"{words}, {ratio.interval}" if ratio.interval else words

    @property
    def outcome(self) -> str:
        """Of the comparison, in words."""
        if self.contrast and self.contrast.winner:
            return _("clear, {server} better", server=self.contrast.winner)
        return str(self.contrast or "")

    @property
    def bars(self) -> list[tuple[MeasuredServer, Cell, float]]:
        """Each server's value, and its part of the largest."""
        most = max((value.value for value in self.values if value.value > 0), default=1.0)
        cells = [cell(value, self.measure.unit, caveats=False) for value in self.values]
        parts = [value.value / most if value.known else 0.0 for value in self.values]
        return list(zip(self.servers, cells, parts, strict=True))

    @property
    def claim(self) -> str:
        """The publication's figures of the two, where its conditions are alike."""
        publication = Publication(self.measured, self.comparisons, self.measured.publication)
        claim, column = publication.claim, self.measure.column
        if publication.pair != self.servers or publication.unlike(column, self.workload.name):
            return ""
        if self.measure.over_ramp:
            figures = claim.of_servers(column + PER_CONNECTION)
        else:
            row = claim.over_clients(column).get(self.step)
            figures = row.figures if row else ()
        both = len(figures) == 2 and all(figures)
        return wording.joined(list(map(local_number, figures))) if both else ""


def find_topics(measured: Measured, comparisons: Comparisons) -> list[Topic]:
    """Of the two servers that are compared, else the first two or the only one, at the largest step
    that all of them got through; none without such a step, or in a run of techniques.
    """
    servers = measured.compared or measured.servers[:2]
    common = measured.workloads_of(servers)
    others = [each for each in common if not each.working]
    paced, closed = (measured.workload(loop, others) for loop in ("open", "closed"))
    loads = [load for load in (paced, closed) if load] or common[:1]
    for step in measured.steps[::-1] if loads and not measured.of_techniques else ():
        without_reply = partial(Topic, measured, comparisons, servers, step, UNSERVED)
        through = [load for load in common if all(map(measured.usable, without_reply(load).points))]
        if all(load in through for load in loads):
            work = [load for load in through if load not in others][:1]
            starving = [load for load in (*loads, *work) if without_reply(load).starving]
            served = [load for load in (*work, *loads) if load not in starving]
            wanted = [(measure, loads[0]) for measure in (pairs.MEMORY, pairs.CPU)]
            wanted += [(pairs.P50, load) for load in served[:1]]
            wanted += [(pairs.THROUGHPUT, load) for load in served if load == closed]
            wanted += [(UNSERVED, load) for load in starving]
            topics = [Topic(measured, comparisons, servers, step, *each) for each in wanted]
            return [topic for topic in topics if any(value.known for value in topic.values)]
    return []
