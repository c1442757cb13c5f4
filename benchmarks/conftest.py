"""Measures each benchmark in turn with its floor; the ratio of the two is its result."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from c10k.results.statistics import ratio_interval


@dataclass(frozen=True)
class Work:
    """One round of work: `run` does it, `cpu_s` reads the CPU clock of the process that does it."""

    run: Callable[[], None]
    cpu_s: Callable[[], float] = time.process_time

    def round(self) -> tuple[float, float]:
        """Do one round; its duration and its CPU time, in seconds."""
        cpu, began = self.cpu_s(), time.perf_counter()
        self.run()
        return time.perf_counter() - began, self.cpu_s() - cpu


@pytest.fixture(scope="session")
def work():
    return Work


@pytest.fixture(scope="session", autouse=True)
def server_cpus():
    """The CPUs for servers. With two or more, this process keeps to the first."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, usable[:1])
    yield usable[1:] or usable
    os.sched_setaffinity(0, usable)


@pytest.fixture
def beside_floor(benchmark):
    """Benchmark `work`, with a round of `floor` before each of its rounds.

    Rounds are short, so that the machine is the same in a round and its floor. extra_info gets the
    median of the rounds' ratios with its confidence interval as `times_floor`, for `time` and for
    `cpu`; `compared` names which of the two vary little enough for a baseline.
    """

    def measure(work, floor, *, rounds, compared):
        below, above = [], []
        benchmark.pedantic(
            lambda: above.append(work.round()),
            setup=lambda: below.append(floor.round()),
            rounds=rounds,
            warmup_rounds=max(rounds // 10, 2),
        )
        columns = zip(*above[-rounds:], strict=True), zip(*below[-rounds:], strict=True)
        # A Work that does not measure CPU time has one column.
        for name, *taken in zip(("time", "cpu"), *columns, strict=False):
            above_s, below_s = map(np.array, taken)
            benchmark.extra_info[name] = {
                "times_floor": ratio_interval(above_s, below_s, paired=True)._asdict(),
                "work_us_per_round": 1e6 * np.median(above_s),
                "floor_us_per_round": 1e6 * np.median(below_s),
            }
        benchmark.extra_info["compared"] = compared

    return measure
