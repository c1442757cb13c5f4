"""What two servers measured, held against each other.

They differ clearly when their ratio is at least CLEAR, its interval leaves out 1, and the
difference exceeds what can be told apart. A figure that the loader limited decides nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reports.chapter.claims import Claim
from reports.chapter.verdict import CLEAR
from reports.measured import Mark, Quantity
from reports.wording import Unit

APART_MS: Final = 0.05  # the kernel's default timer slack: by so much a wake-up may be late


@dataclass(frozen=True)
class Subject:
    """Something that servers are compared by. `noun` names it, `fact` tells a value of it within a
    sentence, `more` says that a `{server}` has more of it; values that differ by less than `apart`
    cannot be told apart.
    """

    noun: str
    unit: Unit
    title: str = ""
    fact: Callable[[str], str] = str
    more: str = ""
    higher_is_better: bool = False
    claim: Claim | None = None
    apart: float = 0.0


@dataclass(frozen=True)
class Contrast:
    """What two servers (or one) measured of a subject, and the first by the second."""

    subject: Subject
    values: tuple[Quantity, ...]
    ratio: Quantity

    @property
    def limited(self) -> bool:
        """Whether the loader limited one of the two."""
        return Mark.LIMITED in self.ratio.marks

    @property
    def decided(self) -> bool:
        """Whether a verdict may be given: both measured more than nothing, and neither limited by
        the loader.
        """
        return 0 < self.ratio.value < math.inf and not self.limited

    @property
    def larger(self) -> int | None:
        """Which of the two is clearly larger, if one is."""
        ratio = self.ratio
        if not self.decided or ratio.low <= 1 <= ratio.high:  # False where there is no interval
            return None
        one, other = self.values
        if 1 / CLEAR < ratio.value < CLEAR or abs(one.value - other.value) < self.subject.apart:
            return None
        return 0 if ratio.value > 1 else 1

    @property
    def better(self) -> int | None:
        """Which of the two is clearly better, if one is."""
        if self.larger is None or self.subject.higher_is_better:
            return self.larger
        return 1 - self.larger
