"""Whether two servers differ: a ratio with its interval, and an outcome.

What is replicated is the repeat, a ramp on a fresh server process; windows of one process share its
fate. A comparison has the log-ratio of each repeat that measured both servers. With three to five
repeats its own spread is a poor guide to its error, and the spread of all together a wrong one:
measures and steps differ in theirs. So each variance is moderated, drawn towards what is usual in
its group by as much as the variances within groups agree (Smyth 2004, Linear models and empirical
Bayes methods, doi 10.2202/1544-6115.1027). The comparisons shown together are one family: of those
called clear at most 5 % are expected to be false (Benjamini & Hochberg 1995), and of the families
of the same servers at most 5 % to have one. `benchmarks/inference.py` measures these rates.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

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
MOST_PRIOR_DF: Final = 4.0
"""What a group may weigh, in degrees of freedom. Few comparisons can look alike by chance: with 8
up to 12 % of the families of the same servers have a clear difference, with 4 up to 9 %."""
_MOST_REPEATS: Final = 100
_NORMAL: Final = 1.96  # what t is at the least
_SMALLEST: Final = 1e-12  # a variance below is that of rounding


class Outcome(Enum):
    """What a comparison says."""

    CLEAR = "clear"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    INDICATIVE = "indicative"
    """There are fewer than two repeats of both."""


@dataclass(frozen=True)
class Pairs:
    """What is to be compared: the log-ratio of each repeat, NaN where one of both is missing.

    Comparisons of a group (a measure, in a workload) have spreads that are alike. `apart` is
    False where the difference is too small to matter whatever its ratio.
    """

    log_ratios: ArrayLike
    group: Hashable
    apart: bool = True


@dataclass(frozen=True)
class Comparison:
    """A ratio (the geometric mean over the repeats) with its 95 % interval, and the outcome.

    Without two repeats `low` and `high` are NaN, without any `ratio` is. `repeats_needed` is with
    how many repeats the outcome would probably be clear or equivalent, by their spread: None where
    it is that already, where one repeat tells no spread, or 100 would not do.
    """

    ratio: float
    low: float
    high: float
    repeats: int
    outcome: Outcome
    repeats_needed: int | None = None


def compare(family: Sequence[Pairs]) -> list[Comparison]:
    """The comparisons that are shown together, in their order."""
    repeats = [_finite(pairs.log_ratios) for pairs in family]
    spread = [index for index, each in enumerate(repeats) if len(each) > 1]
    variances, dfs = _moderated(
        [repeats[index] for index in spread], [family[index].group for index in spread]
    )
    means = [float(np.mean(each)) if len(each) else math.nan for each in repeats]
    errors = [
        math.sqrt(variance / len(repeats[index]))
        for index, variance in zip(spread, variances, strict=True)
    ]
    probabilities = [
        two_sided(means[index] / error, df)
        for index, error, df in zip(spread, errors, dfs, strict=True)
    ]
    found = _discoveries(probabilities)
    comparisons = [
        Comparison(_exp(mean), math.nan, math.nan, len(each), Outcome.INDICATIVE)
        for mean, each in zip(means, repeats, strict=True)
    ]
    for place, index in enumerate(spread):
        mean, n = means[index], len(repeats[index])
        half = quantile(CONFIDENCE, dfs[place]) * errors[place]
        outcome = _outcome(mean, half, found=found[place] and family[index].apart)
        needed = None
        if outcome is Outcome.UNDECIDED:
            needed = _needed(mean, variances[place], dfs[place] - (n - 1), n)
        comparisons[index] = Comparison(
            _exp(mean), _exp(mean - half), _exp(mean + half), n, outcome, needed
        )
    return comparisons


def _outcome(mean: float, half: float, *, found: bool) -> Outcome:
    least = math.log(LEAST_RATIO)
    if found and abs(mean) >= least:
        return Outcome.CLEAR
    return Outcome.EQUIVALENT if abs(mean) + half <= least else Outcome.UNDECIDED


def _moderated(
    repeats: Sequence[NDArray[np.float64]], groups: Sequence[Hashable]
) -> tuple[list[float], list[float]]:
    """The variance of each, and its degrees of freedom.

    Smyth, section 6.2: where log variances vary by more than chance, they say little of each other.
    """
    own = [max(float(np.var(each, ddof=1)), _SMALLEST) for each in repeats]
    dfs = [len(each) - 1 for each in repeats]
    usual = [
        math.log(variance) - digamma(df / 2) + math.log(df / 2)
        for variance, df in zip(own, dfs, strict=True)
    ]
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    centres = {
        group: sum(usual[index] for index in indices) / len(indices)
        for group, indices in members.items()
    }
    freedom = len(own) - len(members)
    if freedom < 1:  # a group of one has nothing to be drawn to
        return own, [float(df) for df in dfs]
    squares = sum((usual[i] - centres[group]) ** 2 for i, group in enumerate(groups))
    excess = squares / freedom - sum(trigamma(df / 2) for df in dfs) / len(dfs)
    prior_df = MOST_PRIOR_DF
    if excess > 0:
        prior_df = min(2 * trigamma_inverse(excess), MOST_PRIOR_DF)
    scale = digamma(prior_df / 2) - math.log(prior_df / 2)
    variances, degrees = [], []
    for variance, df, group in zip(own, dfs, groups, strict=True):
        weight = prior_df if len(members[group]) > 1 else 0.0
        prior = math.exp(centres[group] + scale)
        variances.append((weight * prior + df * variance) / (weight + df))
        degrees.append(weight + df)
    return variances, degrees


def _discoveries(probabilities: Sequence[float]) -> list[bool]:
    """Which are significant, at a false discovery rate of FALSE_CLEAR."""
    ordered = sorted(probabilities)
    bounds = [FALSE_CLEAR * rank / len(ordered) for rank in range(1, len(ordered) + 1)]
    passed = [p for p, bound in zip(ordered, bounds, strict=True) if p <= bound]
    most = max(passed, default=-math.inf)
    return [p <= most for p in probabilities]


def _needed(mean: float, variance: float, prior_df: float, repeats: int) -> int | None:
    least = math.log(LEAST_RATIO)
    room = abs(mean) if abs(mean) >= least else least - abs(mean)
    fewest = math.ceil((_NORMAL * math.sqrt(variance) / max(room, _SMALLEST)) ** 2)
    for n in range(max(repeats + 1, fewest), _MOST_REPEATS + 1):
        if quantile(CONFIDENCE, prior_df + n - 1) * math.sqrt(variance / n) < room:
            return n
    return None


def _finite(log_ratios: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(log_ratios, dtype=np.float64)
    return values[np.isfinite(values)]


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))
