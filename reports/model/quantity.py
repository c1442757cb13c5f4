"""A figure with its interval, and the flags of the steps that it comes from."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from c10k.reports.language import N_, _


class Flag(Enum):
    """A caveat on a step's figures: a short phrase, and what it means."""

    FAILED = (N_("failed"), N_("nothing usable was measured"))
    PARTIAL = (N_("partial"), N_("some connections or messages failed"))
    STARVED = (N_("starved"), N_("some connections got no reply in a whole window"))
    LOADER_LIMITED = (
        N_("loader-limited"),
        N_("the loader was the bottleneck: the server may do better"),
    )
    DISTURBED = (N_("disturbed"), N_("other processes used more than 20 % of a CPU"))
    STEAL_TIME = (N_("steal time"), N_("the hypervisor gave away more than 5 % of a CPU"))
    UNSTEADY = (N_("unsteady"), N_("still warming up when measurement began"))
    LITTLES_LAW = (
        N_("Little's law"),
        N_("throughput × mean response time differs from the connections by more than 2 %"),
    )
    ESTIMATED = (
        N_("memory estimated"),
        N_("memory of some processes was estimated, as reading all of it took too long"),
    )

    def __init__(self, phrase: str, meaning: str) -> None:
        self._phrase = phrase
        self._meaning = meaning

    @property
    def phrase(self) -> str:
        """The phrase that stands beside a figure, in the language of the report."""
        return _(self._phrase)

    @property
    def meaning(self) -> str:
        """What it means, in the language of the report."""
        return _(self._meaning)


UNFIT: Final = frozenset({Flag.LOADER_LIMITED, Flag.DISTURBED, Flag.STEAL_TIME})
"""The flags of repeats that decide nothing; the rule is in results/fitness.py."""


@dataclass(frozen=True)
class Quantity:
    """A value with its 95 % interval over the repeats; NaN where there is none.

    `why` says in words why there is no value, where something was measured all the same.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    flags: tuple[Flag, ...] = ()
    why: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def ranged(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)

    def as_json(self) -> dict[str, float | None]:
        """It as JSON holds it, null where there is no number."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {name: each if math.isfinite(each) else None for name, each in numbers.items()}


NOTHING: Final = Quantity()
