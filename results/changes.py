"""At which runs a figure changed, in series of runs over time.

A change is sought by ranks: were the runs of a series all alike, every order of its values would be
as probable as any other, whatever their distribution, and an outlier has but one rank. The series
and many intervals of it (Kovács, Bühlmann, Li & Munk 2023, Seeded binary segmentation, doi
10.1093/biomet/asac052: so that a change is found that is later undone) are each split in two at
every run. The statistic is the largest difference of the mean ranks on both sides, each in its
standard errors (of Wilcoxon 1945; its largest over the splits as in Pettitt 1979, doi
10.2307/2346729). Its probability is how often as large a one is found in random orders. The place
of a change is that of least squares, without outliers.

The series shown together are one family. Each has its share of the level (Bonferroni), so that the
chance of any false change among them is held. A series that has a change is split there, and each
part has its share of the series' level. `benchmarks/history.py` measures how often that is wrong;
docs/regression.md has it.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from math import ceil, comb, exp, floor, inf, log2, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALSE_ALARMS: Final = 0.02
"""The chance that any change of the series shown together is false.

Less than the usual 5 %, because a history is looked at again after every run."""
LEAST: Final = 3
"""So many runs, at least, lie on either side of a change."""
LEAST_RUNS: Final = 10
"""Of fewer, no order is so improbable that it could be called a change."""
CONFIDENCE: Final = 0.95
CLIP: Final = 1.5
_NORMAL: Final = 1.4826  # standard deviations in a median absolute deviation of normal variables
# More where the first do not decide: enough for a change in one of 2,000 series.
_PERMUTATIONS: Final = (2_000, 100_000)
_UNDECIDED: Final = 0.05  # a probability from which on more of them would change nothing
_AT_ONCE: Final = 500  # random orders
_ROUNDING: Final = 1e-9


class Change(NamedTuple):
    """A change, and the ratio of what comes after it to what comes before.

    Before and after go to the next change, or to the end. The interval does not know that the place
    was chosen because the values differ there.
    """

    at: int  #: the index of the first value after it
    ratio: float
    low: float  #: of its 95 % interval; 0 where so few values have none
    high: float  #: of its 95 % interval; infinite where so few values have none


def find_changes(family: Sequence[Sequence[float]]) -> list[list[Change]]:
    """The changes of each of the series that are shown together, in their order.

    A series has the values of its runs in their order in time, each above 0, shape (runs,). Fewer
    than 10 runs have no changes.
    """
    logs = [np.log(np.asarray(values, np.float64)) for values in family]
    level = _level(list(map(len, logs)))
    return [_with_ratios(each, _places(each, level)) for each in logs]


def runs_needed(lengths: Sequence[int]) -> int:
    """The fewest runs in which a change can be found, however large, in series that are shown
    together and have so many runs: of fewer, no order is improbable enough.
    """
    level = _level(lengths)
    return next(n for n in count(LEAST_RUNS, 2) if 2 / comb(n, n // 2) <= level)


def _level(lengths: Sequence[int]) -> float:
    """Each series' share of the level; those that are too short in any case have none."""
    return FALSE_ALARMS / max(sum(length >= LEAST_RUNS for length in lengths), 1)


def _places(logs: Floats, level: float) -> list[int]:
    at, probability = _split(logs)
    if probability > level:
        return []
    before, after = logs[:at], logs[at:]
    share = level / len(logs)
    later = _places(after, share * len(after))
    return [*_places(before, share * len(before)), at, *(at + each for each in later)]


class _Split(NamedTuple):
    """The likeliest change of a series, and the probability of one as large by chance."""

    at: int
    probability: float


def _split(logs: Floats) -> _Split:
    if len(logs) < 2 * LEAST:
        return _Split(0, 1.0)
    contrasts, splits = _contrasts(len(logs))
    ranks = _ranks(logs)
    found = np.abs(ranks @ contrasts)
    begin, at, end = splits[int(found.argmax())]
    # By the values, as ranks draw the place of a large change towards the middle.
    alike = [number for number, (b, _, e) in enumerate(splits) if (b, e) == (begin, end)]
    closest = np.abs(_clipped(logs, begin, at, end) @ contrasts[:, alike]).argmax()
    place = splits[alike[int(closest)]][1]
    return _Split(place, _probability(float(found.max()), np.sort(ranks)))


def _clipped(logs: Floats, begin: int, at: int, end: int) -> Floats:
    """Without outliers: what lies outside of both levels by more than CLIP spreads counts as so far
    outside (Huber 1964, doi 10.1214/aoms/1177703732).
    """
    sides = (logs[begin:at], logs[at:end])
    levels = [float(np.median(side)) for side in sides]
    residuals = np.concatenate([np.abs(s - level) for s, level in zip(sides, levels, strict=True)])
    reach = CLIP * _NORMAL * float(np.median(residuals))
    return np.clip(logs, min(levels) - reach, max(levels) + reach)


def _probability(found: float, ranks: Floats) -> float:
    probability = 1.0
    for permutations in _PERMUTATIONS:
        if probability <= _UNDECIDED or permutations == _PERMUTATIONS[0]:
            by_chance = _by_chance(tuple(ranks.tolist()), permutations)
            exceeding = np.count_nonzero(by_chance > found - _ROUNDING)
            probability = (1 + exceeding) / (1 + permutations)
    return probability


@lru_cache(64)
def _by_chance(ranks: tuple[float, ...], permutations: int) -> Floats:
    """The statistic of so many random orders of the ranks, the same ones every time."""
    random, (contrasts, _splits) = np.random.default_rng(permutations), _contrasts(len(ranks))
    found = []
    for begin in range(0, permutations, _AT_ONCE):
        rows = np.tile(ranks, (min(_AT_ONCE, permutations - begin), 1))
        found.append(np.abs(random.permuted(rows, axis=1) @ contrasts).max(axis=1))
    return np.concatenate(found)


@lru_cache(64)
def _contrasts(length: int) -> tuple[Floats, list[tuple[int, int, int]]]:
    """What values are multiplied by for the difference of means at each split of each interval, in
    standard errors of a variance of 1: a row per value, a column per split; and of each split the
    interval's begin, where that is split, and its end.
    """
    columns, splits = [], []
    for begin, end in _intervals(length):
        for at in range(begin + LEAST, end - LEAST + 1):
            before, after = at - begin, end - at
            column = np.zeros(length)
            column[begin:at], column[at:end] = -1 / before, 1 / after
            columns.append(column * sqrt(before * after / (end - begin)))
            splits.append((begin, at, end))
    return np.array(columns).T, splits


def _intervals(length: int) -> list[tuple[int, int]]:
    """The whole, and intervals of a half, a quarter … that overlap by half; mirrored, the same."""
    found = set()
    for layer in range(int(log2(length / (2 * LEAST))) + 1):
        size, count = ceil(length / 2**layer), 2 ** (layer + 1) - 1
        for number in range(count):
            begin = (length - size) * number // max(count - 1, 1)
            found |= {(begin, begin + size), (length - size - begin, length - begin)}
    return sorted(found)


def _ranks(values: Floats) -> Floats:
    """From 1 less their mean; of equal values the mean of theirs."""
    ordered = np.sort(values)
    below, to_here = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray((below + to_here - len(values)) / 2, np.float64)


def _with_ratios(logs: Floats, places: Sequence[int]) -> list[Change]:
    ends = [0, *places, len(logs)]
    return [
        Change(at, *_ratio(logs[begin:at], logs[at:end]))
        for begin, at, end in zip(ends, ends[1:], ends[2:], strict=False)
    ]


def _ratio(before: Floats, after: Floats) -> tuple[float, float, float]:
    """The ratio and its interval: the median difference of all pairs, and those between which the
    ranks do not exclude it (Hodges & Lehmann 1963, doi 10.1214/aoms/1177704172; Hollander, Wolfe &
    Chicken 2014, Nonparametric Statistical Methods, section 4.3, by the normal approximation).
    """
    differences = np.sort(np.subtract.outer(after, before), axis=None)
    pairs, normal = len(differences), NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    error = sqrt(pairs * (len(before) + len(after) + 1) / 12)
    outside = floor(pairs / 2 - normal * error + 0.5)
    if outside < 1:
        return exp(np.median(differences)), 0.0, inf
    return exp(np.median(differences)), exp(differences[outside - 1]), exp(differences[-outside])
