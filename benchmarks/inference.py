"""How often the rules of inference are wrong: comparisons of which the truth is known.

    python -m benchmarks.inference

Repeats are drawn from log-normal distributions: processes differ by one spread, the windows of a
process by another, and the spreads of the comparisons themselves from what is usual of their
measure. Prints how often two servers that are the same differ clearly, and how often a true
difference is found. Takes about two minutes.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from c10k.results.comparison import Outcome, Pairs, compare

SEED: Final = 10_000
SAME: Final = 3_000  # families without a difference: 5 % of them is known to within 0.8 %
DIFFERENT: Final = 300  # families with true differences, of which there are many in each
MEASURES: Final = 7
STEPS: Final = 6
WINDOWS: Final = 2
WITHIN: Final = 0.05  # the spread of the windows of one process
TRUE_RATIO: Final = 1.5
SLOW_RATIO: Final = 3
WRONG: Final = "false clear | families with one | interval misses"
UNEQUAL: Final = 0.5  # the spread of the logarithm of the spreads, within a measure


def family(
    random: np.random.Generator,
    repeats: int,
    between: float,
    unequal: float,
    log_ratios: NDArray[np.float64],
    slow: float = 0,
) -> list[Pairs]:
    """A measured comparison for each true log-ratio; a row is a measure, a column a step.

    A share of `slow` of the processes has figures SLOW_RATIO times as large.
    """
    spread = between * np.exp(random.normal(0, unequal, log_ratios.shape))

    def measured() -> NDArray[np.float64]:
        process = random.normal(0, 1, (repeats, *log_ratios.shape)) * spread
        if slow:
            process += math.log(SLOW_RATIO) * (random.random(process.shape) < slow)
        return process + random.normal(0, WITHIN / math.sqrt(WINDOWS), process.shape)

    drawn = measured() - measured() + log_ratios
    return [Pairs(drawn[:, measure, step], measure) for measure, step in np.ndindex(spread.shape)]


def rates(
    random: np.random.Generator,
    repeats: int,
    between: float,
    unequal: float,
    true_share: float = 0,
    shape: tuple[int, int] = (MEASURES, STEPS),
    slow: float = 0,
) -> dict[str, float]:
    """Of many families: the share of the same servers' comparisons that are clear, of families with
    such a one, of intervals that miss the true ratio, and of the true differences found.
    """
    count = math.prod(shape)
    false, families, missed, found = [], [], [], []
    for _ in range(DIFFERENT if true_share else SAME):
        true = random.permutation(count) < round(true_share * count)
        log_ratios = np.where(true, math.log(TRUE_RATIO), 0.0).reshape(shape)
        outcomes = compare(family(random, repeats, between, unequal, log_ratios, slow))
        clear = np.array([each.outcome is Outcome.CLEAR for each in outcomes])
        low, high = np.array([(each.low, each.high) for each in outcomes]).T
        truth = np.exp(log_ratios).ravel()
        missed.append(((truth < low) | (high < truth)).mean())
        false.append(clear[~true].mean())
        families.append(clear[~true].any())
        found.append(clear[true].mean() if true.any() else math.nan)
    return {
        "false": float(np.mean(false)),
        "families": float(np.mean(families)),
        "missed": float(np.mean(missed)),
        "found": float(np.mean(found)),
    }


def spreads() -> Iterator[str]:
    """The rates for each number of repeats and spread, as a Markdown table."""
    random = np.random.default_rng(SEED)
    yield f"| repeats | spread | unequal | {WRONG} | 1.5× found | of few |"
    yield "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    for repeats in (3, 5):
        for between in (0.1, 0.2):
            for unequal in (0.0, UNEQUAL):
                same = rates(random, repeats, between, unequal)
                half = rates(random, repeats, between, unequal, 0.5)
                few = rates(random, repeats, between, unequal, 0.1)
                yield (
                    f"| {repeats} | {between:.0%} | {'yes' if unequal else 'no'} | {wrong(same)} "
                    f"| {half['found']:.0%} | {few['found']:.0%} |"
                )


def shapes() -> Iterator[str]:
    """The rates for each shape of a family."""
    random = np.random.default_rng(SEED)
    yield f"| measures × steps | {WRONG} |"
    yield "| ---: | ---: | ---: | ---: |"
    for shape in ((1, 1), (1, 3), (4, 2), (1, 8), (8, 12)):
        same = rates(random, 5, 0.2, UNEQUAL, shape=shape)
        yield f"| {shape[0]} × {shape[1]} | {wrong(same)} |"


def states() -> Iterator[str]:
    """The rates where a process is in one of two states, which no log-normal distribution is."""
    random = np.random.default_rng(SEED)
    yield f"| repeats | processes {SLOW_RATIO}× as slow | {WRONG} |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for repeats in (3, 5):
        for slow in (0.2, 0.5):
            same = rates(random, repeats, 0.1, 0, slow=slow)
            yield f"| {repeats} | {slow:.0%} | {wrong(same)} |"


def wrong(same: dict[str, float]) -> str:
    """Cells: how often the same servers differ clearly, and how often an interval misses 1."""
    return f"{same['false']:.2%} | {same['families']:.1%} | {same['missed']:.1%}"


def main() -> None:
    """Print the tables."""
    for lines in (spreads(), shapes(), states()):
        for line in lines:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
