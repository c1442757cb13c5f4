"""A publication's figures beside those of a run: who answers which, and what becomes of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from c10k.reports import wording
from c10k.reports.comparisons.pairs import MEASURES, SLOPE, Comparisons, Contrast
from c10k.reports.comparisons.published import Judgement, judge
from c10k.reports.language import _
from c10k.reports.model.capacity import max_connections
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import NOTHING, Quantity
from c10k.reports.model.servers import MeasuredServer, MeasuredWorkload
from c10k.results.claimed_units import printed_value
from c10k.results.claims import Claim


def called(claim: Claim) -> str:
    """What text calls a publication."""
    return _(claim.called) if claim.called else _("the publication")


def noun(claim: Claim) -> str:
    """The same beside a figure."""
    return _(claim.noun) if claim.noun else _("published")


def sourced(claim: Claim) -> str:
    """Where a claim was published, in which words, and on what it was measured there."""
    quote = _("“{quote}”", quote=claim.quote) if claim.quote else ""
    setting = _("There: {setting}", setting=claim.setting) if claim.setting else ""
    if quote and not claim.quote.endswith((".", "!", "?")):
        quote += "."
    source = f"{claim.source.rstrip('.')}."  # as it writes itself: uvloop has no capital
    return " ".join(filter(None, (source, quote, setting and wording.sentence(setting))))


@dataclass(frozen=True)
class PrintedPair:
    """The figures of a measure as they were printed, of both servers or of the first alone."""

    measure: str
    figures: Sequence[str]

    def text(self, place: int) -> str:
        """That of the first or second server; empty where there is none."""
        return self.figures[place] if place < len(self.figures) else ""

    def value(self, place: int) -> float:
        """The same in the unit of the measure; NaN where there is none."""
        return printed_value(self.text(place), self.measure)

    @property
    def ratio(self) -> float:
        """The first by the second; NaN where one is missing."""
        return self.value(0) / (self.value(1) or math.nan)


@dataclass(frozen=True)
class Publication:
    """A claim with tables, and what of a run answers it."""

    measured: Measured
    comparisons: Comparisons
    claim: Claim

    @property
    def source(self) -> str:
        """What its tables say of it; nothing where the page begins with what it is."""
        above = self.claim is self.measured.publication and self.claim.called
        return "" if above else sourced(self.claim)

    @cached_property
    def servers(self) -> Mapping[str, MeasuredServer | None]:
        """The server of the run that stands for each of the publication's, if one does."""
        return {name: self.measured.standing_for(name) for name in self.claim.servers}

    def workload(self, name: str, *, plain: bool = False) -> MeasuredWorkload | None:
        """The workload of that name, or the first with an "open" or a "closed" loop, a `plain` one;
        of "usual" the most relaxed.
        """
        every = self.measured.workloads
        if name == "usual":
            return self.measured.usual
        if name in ("open", "closed"):
            return self.measured.workload(name, [each for each in every if each.plain or not plain])
        return next((each for each in every if each.name == name), None)

    def label(self, name: str) -> str:
        """That server's label; empty where none does."""
        server = self.servers.get(name)
        return server.label if server else ""

    def quantity(self, point: Point, measure: str) -> Quantity:
        """A measure of a server, at a step or over its ramp; `max_connections` as its bounds."""
        if not (measure and point.server):
            return NOTHING
        if measure != "max_connections":
            return self.measured.figure(point, measure)
        most = max_connections(self.measured, point.server, point.workload)
        steps = wording.joined(list(map(wording.count, most.undecided)))
        why = _("undecided at {steps}", steps=steps) if steps else ""
        return Quantity(low=most.held, high=most.missed, why=why)

    @cached_property
    def pair(self) -> list[MeasuredServer]:
        """The two of the run; empty unless there are two, and they can be compared."""
        return self.measured.pair_of(self.claim)

    def contrast(self, measure: str, workload: str, clients: int) -> Contrast | None:
        """The comparison of the pair by which the direction of a measure is judged, if it has one:
        of what grows with the connections, that over the whole ramp.
        """
        column = measure.removesuffix(PER_CONNECTION).removeprefix("added_")
        over_ramp = column != measure
        known = (each for each in MEASURES if (each.column, each.over_ramp) == (column, over_ramp))
        if found := next(known, None):
            step = SLOPE if over_ramp else clients
            return self.comparisons.of(self.pair, workload, step, found)
        return None

    def contrasts(self, workload: str) -> list[Contrast]:
        """All comparisons of the pair under a workload."""
        return self.comparisons.of_pair(self.pair, workload) if self.pair else []

    def unlike(self, measure: str, workload: str) -> str:
        """How the conditions of a workload differ from the published ones, in words."""
        loops = {each.name: each.loop for each in self.measured.workloads}
        return _(self.claim.unlike(measure, workload, loops.get(workload, "")))

    def judged(
        self,
        printed: PrintedPair,
        place: int,
        point: Point,
        found: Quantity,
        why: str = "",
    ) -> Judgement:
        """What becomes of the figure of one server; `why` says what else differs."""
        measure = printed.measure
        contrast = self.contrast(measure, point.workload, point.connections)
        why = why or self.unlike(measure, point.workload)
        return judge(printed.value(place), found, printed.ratio, contrast, why)
