"""Each benchmark is measured beside its floor, and the ratio of the two is its result."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Work:
    """One round of something: `run` does it, `cpu_s` reads the CPU clock of whoever it costs."""

    run: Callable[[], None]
    cpu_s: Callable[[], float] = time.process_time

    def round(self) -> tuple[float, float]:
        """Do one round; its time and its CPU time, both in seconds."""
        cpu, began = self.cpu_s(), time.perf_counter()
        self.run()
        return time.perf_counter() - began, self.cpu_s() - cpu


@pytest.fixture(scope="session")
def work():
    return Work


@pytest.fixture
def beside_floor(benchmark):
    """Benchmark `work`, a round of `floor` before each of its rounds.

    The medians of the rounds' ratios go to extra_info, with the medians of both sides for each of
    the `per_round` messages (or steps, ...) that a round handles.
    """

    def measure(work, floor, *, per_round, rounds):
        below, above = [], []
        benchmark.pedantic(
            lambda: above.append(work.round()),
            setup=lambda: below.append(floor.round()),
            rounds=rounds,
            warmup_rounds=max(rounds // 10, 2),
        )
        measured = list(zip(above, below, strict=True))[-rounds:]
        for at, name in enumerate(("", "cpu_")):
            benchmark.extra_info[f"{name}ratio_to_floor"] = statistics.median(
                one[at] / other[at] for one, other in measured
            )
            for side, index in (("", 0), ("floor_", 1)):
                benchmark.extra_info[f"{side}{name}us_each"] = (
                    1e6 / per_round * statistics.median(pair[index][at] for pair in measured)
                )

    return measure
