"""How often intervals that are looked at after every pair are wrong, of pairs that are drawn.

    python -m benchmarks.gate.simulation

A call has as many metrics as `c10k ab` has, and all of them share a part of their noise. Base and
head are the same. Prints, for each kind of noise, in how many of 10,000 calls any interval of any
metric ever excluded the true ratio: at most 5 % are promised. Then how many pairs it takes until a
true difference is found. Takes about two minutes.
"""

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from c10k.results.comparison import Outcome
from c10k.results.metrics import METRICS
from c10k.results.sequential import PILOT, counted, interval, spreads, wealth_path
from c10k.results.verdicts import FALSE_VERDICT

Floats = NDArray[np.float64]
Shape = tuple[int, int, int]

SEED: Final = 18
CALLS: Final = 10_000
AT_ONCE: Final = 100
PAIRS: Final = 150
SHARED: Final = 0.5  # of the variance of a metric, what it has in common with the others
ERROR: Final = FALSE_VERDICT / len(METRICS)
POWER_CALLS: Final = 200


def normal(random: np.random.Generator, shape: Shape) -> Floats:
    """Noise of 5 %."""
    return random.normal(0, 0.05, shape)


def heavy(random: np.random.Generator, shape: Shape) -> Floats:
    """Student's t with two degrees of freedom, whose variance is infinite."""
    return 0.05 * random.standard_t(2, shape)


def stalls(random: np.random.Generator, shape: Shape) -> Floats:
    """One window in ten is slower by half."""
    base, head = (0.4 * (random.random(shape) < 0.1) for _ in range(2))
    return random.normal(0, 0.03, shape) + head - base


def drift(random: np.random.Generator, shape: Shape) -> Floats:
    """A machine that gets slower all the time: the second of a pair by 5 %, whichever it is."""
    second = random.choice((-0.05, 0.05), (shape[0], 1, shape[2]))
    return normal(random, shape) + second


def bursts(random: np.random.Generator, shape: Shape) -> Floats:
    """Noise that grows and shrinks ten times over within some thirty pairs."""
    phase = random.uniform(0, 2 * math.pi, (shape[0], 1, 1))
    return normal(random, shape) * 10 ** np.sin(np.arange(shape[2]) / 10 + phase)


NOISE: Final[dict[str, Callable[[np.random.Generator, Shape], Floats]]] = {
    "normal": normal,
    "heavy tails": heavy,
    "stalls": stalls,
    "drift": drift,
    "bursts": bursts,
}


def ever_wrong(log_ratios: Floats) -> NDArray[np.bool_]:
    """Of which calls any metric's interval excludes 1, the truth, at any number of pairs.

    The axes are calls, metrics and pairs.
    """
    found = counted(log_ratios, 0.0, spreads(log_ratios))[..., PILOT:]
    most = np.maximum(wealth_path(found), wealth_path(-found)).max(axis=-1)
    return np.asarray((most >= math.log(2 / ERROR)).any(axis=-1))


def false_alarms() -> Iterator[str]:
    """The share of calls with any interval that was ever wrong, as a Markdown table."""
    yield f"| noise | calls | wrong at any time in up to {PAIRS} pairs |"
    yield "| --- | ---: | ---: |"
    own, common = math.sqrt(1 - SHARED), math.sqrt(SHARED)
    for name, draw in NOISE.items():
        random = np.random.default_rng(SEED)
        wrong = 0
        for _ in range(CALLS // AT_ONCE):
            alone = draw(random, (AT_ONCE, len(METRICS), PAIRS))
            together = draw(random, (AT_ONCE, 1, PAIRS))
            wrong += int(ever_wrong(own * alone + common * together).sum())
        yield f"| {name} | {CALLS:,} | {wrong / CALLS:.2%} |"


def pairs_until_clear(random: np.random.Generator, ratio: float, spread: float) -> float:
    """After how many pairs a metric's verdict is clear, to within a tenth; infinite for never."""
    log_ratios = math.log(ratio) + random.normal(0, spread, 1000)
    tried = 10
    while tried <= len(log_ratios):
        if interval(log_ratios[:tried], ERROR).outcome(0.01) is Outcome.CLEAR:
            return tried
        tried = math.ceil(1.1 * tried)
    return math.inf


def power() -> Iterator[str]:
    """How many pairs it takes to find a true ratio, as a Markdown table."""
    spread_list = (0.01, 0.03, 0.05, 0.1, 0.2)
    yield f"| true ratio | {' | '.join(f'pairs differ by {s:.0%}' for s in spread_list)} |"
    yield "| --- |" + " ---: |" * len(spread_list)
    for ratio in (1.02, 1.05, 1.1, 1.2, 1.5):
        cells = []
        for spread in spread_list:
            random = np.random.default_rng(SEED)
            needed = [pairs_until_clear(random, ratio, spread) for _ in range(POWER_CALLS)]
            typical, most = np.quantile(needed, (0.5, 0.9), method="higher")
            cells.append(f"{_pairs(typical)} ({_pairs(most)})")
        yield f"| {ratio} | {' | '.join(cells)} |"


def _pairs(number: float) -> str:
    return f"{number:.0f}" if number < math.inf else "over 1,000"


def main() -> None:
    """Print the tables."""
    for lines in (false_alarms(), power()):
        for line in lines:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
