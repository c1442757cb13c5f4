"""What becomes of a published figure, by the rules of results/published.py.

A figure is confirmed, or off by so many times: in the right direction where the two servers that it
is about differ clearly the way the publication says, contradicted where they clearly do not. Where
its conditions were others, it is not comparable.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Contrast
from c10k.reports.language import N_, _
from c10k.reports.model.quantity import UNFIT, Quantity
from c10k.results.comparison import Outcome
from c10k.results.published import Agreement, Direction, direction, published


class Verdict(Enum):
    """The outcome of a published figure."""

    CONFIRMED = N_("confirmed")
    RIGHT_DIRECTION = N_("right direction")
    CONTRADICTED = N_("contradicted")
    IN_PART = N_("confirmed in part")
    NO_DIFFERENCE = N_("no difference that matters")
    OFF = N_("off")
    UNDECIDED = N_("undecided")
    INDICATIVE = N_("indicative")
    NOT_COMPARABLE = N_("not comparable")
    NOT_MEASURED = N_("not measured")


@dataclass(frozen=True)
class Judgement:
    """A verdict, how many times the figure is off, and in words why it is not comparable."""

    verdict: Verdict
    off: float = math.nan
    at_least: bool = False
    why: str = ""

    def __str__(self) -> str:
        if not self.why:
            return self.brief
        return _("{verdict}: {why}", verdict=self.brief, why=self.why)

    @property
    def brief(self) -> str:
        """The same without the reason."""
        words = _(self.verdict.value)
        if math.isnan(self.off):
            return words
        times = wording.ratio(self.off)
        off = _("off by {times}", times=times)
        if self.at_least:
            off = _("off by at least {times}", times=times)
        return off if self.verdict is Verdict.OFF else f"{words}, {off}"


NOT_MEASURED = Judgement(Verdict.NOT_MEASURED)


def judge(
    claimed: float,
    measured: Quantity,
    claimed_ratio: float = math.nan,
    contrast: Contrast | None = None,
    why: str = "",
    confirming: tuple[float, float] | None = None,
) -> Judgement:
    """The judgement of a published figure above 0.

    `measured` has bounds alone where its value is NaN and its interval is not. The ratios are those
    of the two kinds of server, by which the direction is judged, where there are both. `why` says
    in words what of the conditions differs; `confirming` is the range that confirms it, if not that
    of any figure.
    """
    bounds = not measured.known and measured.ranged
    if not (measured.known or bounds) or not claimed > 0:
        return Judgement(Verdict.NOT_MEASURED, why=measured.why)
    if why:
        return Judgement(Verdict.NOT_COMPARABLE, why=why)
    if unfit := [flag.phrase for flag in measured.flags if flag in UNFIT]:
        return Judgement(Verdict.UNDECIDED, why=", ".join(unfit))
    found = published(claimed, measured.value, measured.low, measured.high, confirming)
    if found.agreement is Agreement.OFF:
        return Judgement(_direction(claimed_ratio, contrast), found.off, bounds)
    verdicts = {
        Agreement.CONFIRMED: Verdict.CONFIRMED,
        Agreement.UNDECIDED: Verdict.UNDECIDED,
        Agreement.INDICATIVE: Verdict.INDICATIVE,
    }
    return Judgement(verdicts[found.agreement])


def within(limit: float, measured: Quantity, *, most: bool) -> Judgement:
    """The judgement of a published bound, at most or at least so much: confirmed where the whole
    interval keeps it, contradicted where none of it does.
    """
    if not measured.known:
        return Judgement(Verdict.NOT_MEASURED, why=measured.why)
    if unfit := [flag.phrase for flag in measured.flags if flag in UNFIT]:
        return Judgement(Verdict.UNDECIDED, why=", ".join(unfit))
    if not measured.ranged:
        return Judgement(Verdict.INDICATIVE)
    ends = measured.low, measured.high
    kept = {end <= limit if most else end >= limit for end in ends}
    if len(kept) > 1:
        return Judgement(Verdict.UNDECIDED)
    return Judgement(Verdict.CONFIRMED if kept == {True} else Verdict.CONTRADICTED)


def _direction(claimed_ratio: float, contrast: Contrast | None) -> Verdict:
    if contrast is None or contrast.why or not claimed_ratio > 0:
        return Verdict.OFF
    verdicts = {
        Direction.RIGHT: Verdict.RIGHT_DIRECTION,
        Direction.CONTRADICTED: Verdict.CONTRADICTED,
        Direction.UNDECIDED: Verdict.OFF,
    }
    return verdicts[direction(claimed_ratio, contrast.comparison)]


def favours(contrasts: Collection[Contrast], side: int) -> Judgement:
    """What becomes of a claim that one side (0 or 1) is better: confirmed where it is clearly so in
    one comparison at least and clearly worse in none, contradicted the other way round.
    """
    known = [each for each in contrasts if each.known]
    better = {each.better for each in known}
    if {0, 1} <= better:
        return Judgement(Verdict.IN_PART)
    if side in better:
        return Judgement(Verdict.CONFIRMED)
    if 1 - side in better:
        return Judgement(Verdict.CONTRADICTED)
    if why := next((each.why.partition("; ")[0] for each in contrasts if each.why), ""):
        return Judgement(Verdict.UNDECIDED, why=why)
    outcomes = {each.outcome for each in known}
    if not known:
        return NOT_MEASURED
    if outcomes == {Outcome.INDICATIVE}:
        return Judgement(Verdict.INDICATIVE)
    return Judgement(
        Verdict.NO_DIFFERENCE if outcomes == {Outcome.EQUIVALENT} else Verdict.UNDECIDED
    )
