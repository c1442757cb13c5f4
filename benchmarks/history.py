"""How often `c10k history` is right: series of runs of which the truth is known.

    python -m benchmarks.history

Values are log-normal, or have Student's t with 3 degrees of freedom, with a spread of 5 %; the step
is of 8 %, in the middle third of 60 runs. Prints for each kind of history in how many there was any
alarm, a change within 1 and 3 runs of each true step, and more changes than steps, and how many of
the intervals of changes within 3 runs hold the true ratio. Beside it stand ruptures and
apache-otava, where they are installed, and the best place by least squares, given that there is one
step. Then come pages of many series, and series that are looked at after each run. Takes about ten
minutes.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from c10k.results.changes import LEAST_RUNS, Change, find_changes

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
Detector = Callable[[Floats], list[Change]]

SEED: Final = 10_000
HISTORIES: Final = 1_000
PAGES: Final = 500
LOOKS: Final = 200  # series that are looked at after each run
SERIES: Final = 60  # of a page
RUNS: Final = 60
SPREAD: Final = 0.05
STEP: Final = 1.08
NEAR: Final = (1, 3)  # runs
PENALTY: Final = 4  # of ruptures, which has no test: with 2, 12 % without a step have an alarm


def normal(random: np.random.Generator, runs: int = RUNS) -> Floats:
    """The logarithms of values without a change."""
    return random.normal(0, SPREAD, runs)


def heavy(random: np.random.Generator, runs: int = RUNS) -> Floats:
    """The same with heavy tails, of the same standard deviation."""
    return SPREAD / math.sqrt(3) * random.standard_t(3, runs)


def outlier(random: np.random.Generator, runs: int = RUNS) -> Floats:
    """The same with one run of twice or half the value."""
    logs = normal(random, runs)
    logs[random.integers(runs)] += math.log(2) * random.choice([-1, 1])
    return logs


KINDS: Final[dict[str, tuple[Draw, Callable[[np.random.Generator], list[int]]]]] = {
    "no step": (normal, lambda random: []),
    "no step, heavy tails": (heavy, lambda random: []),
    "no step, an outlier": (outlier, lambda random: []),
    "a step": (normal, lambda random: [int(random.integers(20, 41))]),
    "a step, heavy tails": (heavy, lambda random: [int(random.integers(20, 41))]),
    "a step, an outlier": (outlier, lambda random: [int(random.integers(20, 41))]),
    "a step, undone 20 runs later": (
        normal,
        lambda random: [at := int(random.integers(15, 26)), at + 20],
    ),
}


def history(random: np.random.Generator, kind: str) -> tuple[Floats, list[int]]:
    """The values of a history, and where its level goes up and, after that, down again."""
    draw, places = KINDS[kind]
    logs, steps = draw(random), places(random)
    for number, at in enumerate(steps):
        logs[at:] += math.log(STEP) * (-1) ** number
    return np.exp(logs), steps


def rates(kind: str, detect: Detector) -> dict[str, float]:
    """Of many histories, the shares with any alarm, with every step found nearly, and with more
    changes than steps; and of intervals that hold the true ratio. NaN where there is no step.
    """
    random = np.random.default_rng(SEED)
    found: dict[str, list[bool]] = {name: [] for name in ("any", "1", "3", "more", "holds")}
    for _ in range(HISTORIES):
        values, steps = history(random, kind)
        changes = detect(values)
        found["any"].append(bool(changes))
        if steps:
            found["more"].append(len(changes) > len(steps))
            for near in NEAR:
                matched = [any(abs(c.at - at) <= near for c in changes) for at in steps]
                found[str(near)].append(all(matched))
            found["holds"] += held(changes, steps)
    return {name: float(np.mean(each)) if each else math.nan for name, each in found.items()}


def held(changes: Sequence[Change], steps: Sequence[int]) -> Iterator[bool]:
    """Whether the interval of each change near a step holds the true ratio."""
    for number, at in enumerate(steps):
        truth = STEP if number % 2 == 0 else 1 / STEP
        near = [each for each in changes if abs(each.at - at) <= max(NEAR)]
        yield from (each.low <= truth <= each.high for each in near if each.ratio == each.ratio)


def ours(values: Floats) -> list[Change]:
    """By results/changes.py, of a series alone."""
    return find_changes([values.tolist()])[0]


def least_squares(values: Floats) -> list[Change]:
    """The likeliest place of exactly one step, were the noise log-normal."""
    logs = np.log(values)
    spreads = [logs[:at].var() * at + logs[at:].var() * (RUNS - at) for at in range(1, RUNS)]
    return [_place(int(np.argmin(spreads)) + 1)]


def others() -> dict[str, Detector]:
    """Of the libraries, those that are installed, as they come or as their pages advise."""
    found: dict[str, Detector] = {"least squares, given one step": least_squares}
    try:
        import ruptures

        def pelt(values: Floats) -> list[Change]:
            logs = np.log(values)
            penalty = PENALTY * np.var(np.diff(logs)) / 2 * math.log(RUNS)
            algorithm = ruptures.KernelCPD("linear", min_size=3).fit(logs[:, np.newaxis])
            return [_place(at) for at in algorithm.predict(pen=penalty)[:-1]]

        found[f"ruptures, PELT, penalty {PENALTY} σ² log n"] = pelt
    except ImportError:
        pass
    try:
        from otava.analysis import compute_change_points

        def otava(values: Floats) -> list[Change]:
            return [_place(each.index) for each in compute_change_points(values.tolist())[0]]

        found["apache-otava, as it comes"] = otava
    except ImportError:
        pass
    return found


def _place(at: int) -> Change:
    return Change(at, math.nan, math.nan, math.nan)


def kinds(detect: Detector) -> Iterator[str]:
    """The rates for each kind of history, as a Markdown table."""
    headings = ("any alarm", "within ±1 run", "within ±3 runs", "more than the steps", "holds")
    yield f"| {RUNS} runs | {' | '.join(headings)} |"
    yield f"| --- |{' ---: |' * len(headings)}"
    for kind in KINDS:
        cells = [
            "–" if math.isnan(rate) else f"{rate:.1%}" for rate in rates(kind, detect).values()
        ]
        yield f"| {kind} | {' | '.join(cells)} |"


def pages() -> Iterator[str]:
    """The rates of pages of many series, of which `few` have a step at the same run."""
    random = np.random.default_rng(SEED)
    yield f"| {SERIES} series of {RUNS} runs | steps within ±3 runs | pages with another alarm |"
    yield "| --- | ---: | ---: |"
    for few in (0, 3, SERIES // 2):
        found, false = [], []
        for _ in range(PAGES):
            at = int(random.integers(20, 41))
            family = [np.exp(normal(random)) for _ in range(SERIES)]
            for values in family[:few]:
                values[at:] *= STEP
            changes = find_changes([values.tolist() for values in family])
            found += [any(abs(c.at - at) <= 3 for c in each) for each in changes[:few]]
            false.append(any(changes[few:]))
        share = f"{np.mean(found):.1%}" if few else "–"
        yield f"| {few} with a step | {share} | {np.mean(false):.1%} |"


def looks() -> Iterator[str]:
    """What is seen of a series that is looked at after each run."""
    random = np.random.default_rng(SEED)
    yield f"| looked at after each run | of {LOOKS} series |"
    yield "| --- | ---: |"
    drawn = [np.exp(normal(random)) for _ in range(LOOKS)]
    alarms = [[bool(ours(each[:n])) for each in drawn] for n in range(LEAST_RUNS, RUNS + 1)]
    alarmed = np.any(alarms, axis=0)
    yield f"| no step: an alarm at some time in {RUNS} runs | {np.mean(alarmed):.1%} |"
    for step in (STEP, 1.2, 1.5):
        needed = delays(random, step)
        middle, most = (int(np.quantile(needed, part)) for part in (0.5, 0.95))
        yield (
            f"| a step of {step - 1:.0%} after {RUNS} runs: runs until it is seen, median and 95 % "
            f"| {middle}, {most} |"
        )


def delays(random: np.random.Generator, step: float) -> list[int]:
    """How many runs after a step each of the series shows it first; RUNS where it does not."""
    drawn = [np.exp(normal(random, 2 * RUNS)) for _ in range(LOOKS)]
    needed = [RUNS] * LOOKS
    for after in range(RUNS - 1, 0, -1):
        for number, values in enumerate(drawn):
            looked_at = np.concatenate([values[:RUNS], step * values[RUNS : RUNS + after]])
            if any(abs(each.at - RUNS) <= max(NEAR) for each in ours(looked_at)):
                needed[number] = after
    return needed


def main() -> None:
    """Print the tables."""
    for name, detect in {"c10k history": ours, **others()}.items():
        print(f"{name}:\n")
        for line in kinds(detect):
            print(line, flush=True)
        print()
    for lines in (pages(), looks()):
        for line in lines:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
