"""What two servers measured, held against each other.

They differ clearly when their ratio is at least CLEAR, its interval leaves out 1, and the
difference exceeds what can be told apart. What is unfit for a verdict (results/fitness.py), and
what cannot be compared, decides nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from c10k.reports.chapter.claims import Claim
from c10k.reports.chapter.verdict import CLEAR
from c10k.reports.measured import Quantity
from c10k.reports.wording import Unit

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
    def unjudged(self) -> str:
        """Why no verdict may be given, in words; empty where one may."""
        return "; ".join(self.ratio.unjudged)

    @property
    def decided(self) -> bool:
        """Whether a verdict is given: both measured more than nothing, and both fit for one."""
        return 0 < self.ratio.value < math.inf and not self.unjudged

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
