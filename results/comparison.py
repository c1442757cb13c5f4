"""Whether two servers differ: a ratio with its interval, and an outcome.

What is replicated is the repeat, a ramp on a fresh server process; windows of one process share its
fate. A comparison has the log-ratio of each repeat that measured both servers. With three to five
repeats its own spread is a poor guide to its error, and the spread of all together a wrong one:
measures and steps differ in theirs. So each variance is moderated, drawn towards what is usual in
its group by as much as the variances within groups agree (Smyth 2004, Linear models and empirical
Bayes methods, doi 10.2202/1544-6115.1027). The comparisons shown together are one family: of those
called clear at most 5 % are expected to be false (Benjamini & Hochberg 1995, Controlling the false
discovery rate). `benchmarks/inference.py` measures these rates; docs/method.md has them.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil, exp, fsum, inf, isfinite, isnan, log, nan, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from c10k.results.distributions import (
    digamma,
    quantile,
    trigamma,
    trigamma_inverse,
    two_sided,
)

CONFIDENCE: Final = 0.95
FALSE_CLEAR: Final = 0.05
"""The part of the outcomes `clear` that may be false (the false discovery rate)."""
LEAST_RATIO: Final = 1.2
"""From which ratio on a difference matters."""
_LEAST: Final = log(LEAST_RATIO)
_MOST_REPEATS: Final = 100
_SMALLEST: Final = 1e-6  # a variance: repeats that agree better than within 0.1 % do so by chance


class Outcome(Enum):
    """What a comparison says."""

    CLEAR = "clear"
    """The ratio is at least 1.2, and significant in its family."""
    EQUIVALENT = "equivalent"
    """The whole interval lies between 1/1.2 and 1.2."""
    UNDECIDED = "undecided"
    """Neither."""
    INDICATIVE = "indicative"
    """There are fewer than two repeats of both."""


@dataclass(frozen=True)
class Pairs:
    """What is to be compared: two servers by one measure at one step."""

    #: the natural logarithm of the ratio in each repeat, shape (repeats,): NaN where one of both is
    #: missing, infinite where one of both is 0, which has no interval
    log_ratios: Sequence[float] | NDArray[np.float64]
    group: Hashable  #: the comparisons whose spreads are alike: a measure, in a workload
    apart: bool = True  #: False where the difference is too small to matter whatever its ratio


@dataclass(frozen=True)
class Comparison:
    """A ratio with its 95 % confidence interval, and the outcome."""

    ratio: float  #: the geometric mean over the repeats; NaN without any
    low: float  #: of the interval; NaN without two repeats, 0 with an infinite log-ratio
    high: float  #: of the interval; NaN without two repeats, infinite with an infinite log-ratio
    repeats: int  #: how many have a log-ratio
    outcome: Outcome  #: what it says
    #: with how many repeats the outcome would probably be clear or equivalent, by their spread:
    #: None where it is that already, where one repeat shows no spread, or 100 would not do
    repeats_needed: int | None = None

    @property
    def more_repeats(self) -> int:
        """How many more than there are that is; 0 where it is not known."""
        return max(self.repeats_needed - self.repeats, 1) if self.repeats_needed else 0


def compare(family: Sequence[Pairs]) -> list[Comparison]:
    """Decide the comparisons that are shown together, and return them in their order.

    They are one family: of those called clear at most 5 % are expected to be false. What else is
    shown with them changes how much evidence each needs.
    """
    repeats = [_measured(pairs.log_ratios) for pairs in family]
    comparisons = [_without_spread(each) for each in repeats]
    spread = [i for i, each in enumerate(repeats) if len(each) > 1 and all(map(isfinite, each))]
    moderated = _moderated([repeats[i] for i in spread], [family[i].group for i in spread])
    estimates = [
        _Estimate(_mean(repeats[i]), variance, df, len(repeats[i]))
        for i, (variance, df) in zip(spread, moderated, strict=True)
    ]
    found = _discoveries([estimate.probability() for estimate in estimates])
    level = FALSE_CLEAR * min(sum(found) + 1, len(found)) / max(len(found), 1)  # of one more
    for i, estimate, different in zip(spread, estimates, found, strict=True):
        comparisons[i] = estimate.comparison(different, level, apart=family[i].apart)
    return comparisons


class _Estimate(NamedTuple):
    """A mean log-ratio, the variance of a repeat's, and how many degrees of freedom that has."""

    mean: float
    variance: float
    df: float
    repeats: int

    def probability(self) -> float:
        """That of a mean as far from 0 as this, were the servers the same."""
        return two_sided(self.mean / sqrt(self.variance / self.repeats), self.df)

    def half_width(self, repeats: int, confidence: float = CONFIDENCE) -> float:
        """Half the interval's width, were there so many repeats of this spread."""
        error = sqrt(self.variance / repeats)
        return quantile(confidence, self.df + repeats - self.repeats) * error

    def comparison(self, different: bool, level: float, *, apart: bool) -> Comparison:
        half = self.half_width(self.repeats)
        matters = abs(self.mean) >= _LEAST
        outcome, needed = Outcome.UNDECIDED, None
        if different and matters and apart:
            outcome = Outcome.CLEAR
        elif abs(self.mean) + half <= _LEAST:
            outcome = Outcome.EQUIVALENT
        elif not matters:
            needed = self.repeats_needed(_LEAST - abs(self.mean), CONFIDENCE)
        elif apart:
            needed = self.repeats_needed(abs(self.mean), 1 - level)
        low, high = _exp(self.mean - half), _exp(self.mean + half)
        return Comparison(_exp(self.mean), low, high, self.repeats, outcome, needed)

    def repeats_needed(self, room: float, confidence: float) -> int | None:
        """From how many repeats on half of the interval's width would be less than `room`."""
        normal = NormalDist().inv_cdf((1 + confidence) / 2)  # Student's t is more
        fewest = self.variance * (normal / max(room, _SMALLEST)) ** 2
        first = max(self.repeats + 1, ceil(min(fewest, _MOST_REPEATS + 1)))
        more = range(first, _MOST_REPEATS + 1)
        return next((n for n in more if self.half_width(n, confidence) < room), None)


def _without_spread(repeats: Sequence[float]) -> Comparison:
    if len(repeats) < 2:
        ratio = _exp(repeats[0]) if repeats else nan
        return Comparison(ratio, nan, nan, len(repeats), Outcome.INDICATIVE)
    ratio = _exp(sum(repeats) / len(repeats))
    return Comparison(ratio, 0.0, inf, len(repeats), Outcome.UNDECIDED)


def _moderated(
    repeats: Sequence[Sequence[float]], groups: Sequence[Hashable]
) -> list[tuple[float, float]]:
    """The variance of each, and its degrees of freedom.

    Smyth, section 6.2, for log variances, with what his prior takes for known: how much they vary
    beyond chance is the estimate and its standard error, and what is usual is the mean of the
    others in the group, whose own error counts as well. Without both, up to 15 % of the families of
    the same servers have a clear difference where groups are of two, and 7 % where they are of six.
    """
    own = [(max(_variance(each), _SMALLEST), float(len(each) - 1)) for each in repeats]
    logs = [log(variance) - digamma(df / 2) + log(df / 2) for variance, df in own]
    members: dict[Hashable, list[float]] = {}
    for group, each in zip(groups, logs, strict=True):
        members.setdefault(group, []).append(each)
    freedom = len(own) - len(members)
    if freedom < 1:  # each is alone in its group
        return own
    totals = {group: fsum(each) for group, each in members.items()}
    squares = fsum(
        (e - totals[g] / len(members[g])) ** 2 for g, e in zip(groups, logs, strict=True)
    )
    chance = _mean([trigamma(df / 2) for _, df in own])
    excess = max(squares / freedom * (1 + sqrt(2 / freedom)) - chance, 0.0)
    moderated = []
    for (variance, df), group, each in zip(own, groups, logs, strict=True):
        prior_df = prior = 0.0
        if others := len(members[group]) - 1:
            prior_df = 2 * trigamma_inverse(excess + (excess + chance) / others)
            usual = (totals[group] - each) / others
            prior = exp(usual + digamma(prior_df / 2) - log(prior_df / 2))
        moderated.append(((prior_df * prior + df * variance) / (prior_df + df), prior_df + df))
    return moderated


def _discoveries(probabilities: Sequence[float]) -> list[bool]:
    """Which are significant, at a false discovery rate of FALSE_CLEAR."""
    ordered = sorted(probabilities)
    bounds = [FALSE_CLEAR * rank / len(ordered) for rank in range(1, len(ordered) + 1)]
    passed = [p for p, bound in zip(ordered, bounds, strict=True) if p <= bound]
    most = max(passed, default=-inf)
    return [p <= most for p in probabilities]


def _measured(log_ratios: ArrayLike) -> list[float]:
    return [each for each in np.asarray(log_ratios, dtype=np.float64).tolist() if not isnan(each)]


# Sums are exact, so that the order of repeats and comparisons cannot turn an outcome.
def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return fsum((each - mean) ** 2 for each in values) / (len(values) - 1)


def _exp(value: float) -> float:
    return inf if value > 700 else exp(value)
