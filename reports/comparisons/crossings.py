"""Between which steps one server overtakes the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Contrast
from c10k.reports.language import _


@dataclass(frozen=True)
class Crossing:
    """At `last` connections the one is clearly better, at `first` the other: the next step at which
    either is. Where between them it happens was not measured.
    """

    last: int
    first: int

    def __str__(self) -> str:
        low, high = wording.count(self.last), wording.count(self.first)
        return _("between {low} and {high} clients", low=low, high=high)


def crossings(contrasts: Iterable[Contrast]) -> list[Crossing]:
    """Where two servers cross by one measure under one workload: their comparisons in the order of
    the steps. Only where each is clearly better somewhere.
    """
    clear = [(each.step, each.winner) for each in contrasts if each.winner]
    return [
        Crossing(last, first)
        for (last, before), (first, after) in pairwise(clear)
        if before != after
    ]
