"""By what rule the chapter's figures are judged.

A figure of the chapter holds where what was measured lies within WITHIN of it, its interval
counted in its favour. Else it is off by so many times, and the direction decides: right, where the
chapter's two kinds of server differ clearly and the same way as it says; contradicted, where they
clearly do not. What is unfit for a verdict (results/fitness.py) is not judged; what a bound leaves
open was not measured here.
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from c10k.reports import wording
from c10k.reports.language import N_, _
from c10k.reports.measured import Quantity

WITHIN: Final = 1.5
CLEAR: Final = 1.2  # two servers differ clearly from so many times on


class Verdict(Enum):
    """What becomes of a claim."""

    HOLDS = N_("holds")
    DIRECTION = N_("right direction")
    CONTRADICTED = N_("contradicted")
    OFF = N_("no direction to judge")
    NOT_JUDGED = N_("not judged")
    NOT_MEASURED = N_("not measured here")


@dataclass(frozen=True)
class Judgement:
    """A verdict, and how many times the figure is off (1 or more; NaN where it was not measured).

    `at_least` where a bound was measured: it is off by that or more. `why` it was not judged.
    """

    verdict: Verdict
    off: float = math.nan
    at_least: bool = False
    why: str = ""

    def __str__(self) -> str:
        words = _(self.verdict.value)
        if self.verdict is Verdict.NOT_JUDGED:
            return _("not judged: {why}", why=self.why)
        if self.verdict in (Verdict.HOLDS, Verdict.NOT_MEASURED):
            return words
        times = wording.ratio(self.off)
        off = _("off by {times}", times=times)
        if self.at_least:
            off = _("off by at least {times}", times=times)
        return off if self.verdict is Verdict.OFF else f"{words}, {off}"


NOT_MEASURED: Final = Judgement(Verdict.NOT_MEASURED)


def judge(
    claimed: float, measured: Quantity, claimed_ratio: float, measured_ratio: Quantity
) -> Judgement:
    """The judgement of a figure above 0.

    The ratios are those of the chapter's two kinds of server, by which the direction is judged; NaN
    or unknown where there is but one.
    """
    low, high = _range(measured)
    if not high > 0:
        return NOT_MEASURED
    if measured.unjudged:
        return Judgement(Verdict.NOT_JUDGED, why="; ".join(measured.unjudged))
    if high >= claimed / WITHIN and low <= claimed * WITHIN:
        # A bound that only touches what the chapter says leaves open whether it is that.
        open_ended = low == 0 or (high == math.inf and low < claimed / WITHIN)
        return NOT_MEASURED if open_ended else Judgement(Verdict.HOLDS)
    off = low / claimed if low > claimed else claimed / high
    if not measured.bound and measured.value > 0:
        off = max(measured.value / claimed, claimed / measured.value)
    return Judgement(direction(claimed_ratio, measured_ratio), off, bool(measured.bound))


def _range(measured: Quantity) -> tuple[float, float]:
    """Where the value lies, as far as is known."""
    if measured.bound in ("≥ ", "> "):
        return measured.value, math.inf
    if measured.bound in ("≤ ", "< "):
        return 0.0, measured.value
    if math.isnan(measured.low):
        return measured.value, measured.value
    return measured.low, measured.high


def direction(claimed: float, measured: Quantity) -> Verdict:
    """Whether two kinds of server, by their ratios, differ as claimed: DIRECTION, CONTRADICTED, or
    OFF where that cannot be told.
    """
    if not claimed > 0 or not measured.known or measured.unjudged:
        return Verdict.OFF
    low, high = _range(measured)
    if claimed < 1:
        low, high, value = _inverse(high), _inverse(low), _inverse(measured.value)
    else:
        value = measured.value
    if low > 1 and value >= CLEAR:
        return Verdict.DIRECTION
    return Verdict.CONTRADICTED if high < CLEAR else Verdict.OFF


def _inverse(value: float) -> float:
    return 1 / value if value else math.inf
