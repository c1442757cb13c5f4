"""Measures each benchmark in turn with its floor; the ratio of the two is its result.

Both are rounds: functions that do some work and return its duration and, where that is known, its
CPU time, in seconds.
"""

import math
import os
import time
from statistics import median

import psutil
import pytest

from benchmarks.floor import compile_program
from c10k.servers.process import ServerProcess


@pytest.fixture(scope="session", autouse=True)
def server_cpus():
    """The CPUs for servers. With two or more, this process keeps to the first."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, usable[:1])
    yield usable[1:] or usable
    os.sched_setaffinity(0, usable)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The floor's programs, compiled."""
    into = tmp_path_factory.mktemp("floor")
    return {name: str(compile_program(name, into)) for name in ("echo_server", "load")}


@pytest.fixture(scope="module")
def floor(programs, server_cpus, tmp_path_factory):
    """A bare C echo server."""
    log = tmp_path_factory.mktemp("floor") / "log"
    with ServerProcess("floor", [programs["echo_server"], "0"], log=log, cpus=server_cpus) as floor:
        yield floor


@pytest.fixture
def beside_floor(benchmark):
    """Benchmark `work`, with a round of `floor` before each of its rounds.

    Rounds are short, so that the machine is the same in a round and its floor. extra_info gets the
    median of the rounds' ratios with its confidence interval, of the `time` and of the `cpu` time,
    and as `rss_bytes` the memory of the process `pid` that does the work (by default this one).
    """

    def measure(work, floor, *, rounds=5, pid=None):
        below, above = [], []
        benchmark.pedantic(
            lambda: above.append(work()),
            setup=lambda: below.append(floor()),
            rounds=rounds,
            warmup_rounds=max(rounds // 10, 2),
        )
        columns = zip(*above[-rounds:], strict=True), zip(*below[-rounds:], strict=True)
        for name, *taken in zip(("time", "cpu"), *columns, strict=False):
            benchmark.extra_info[name] = median_ratio(*taken)
        benchmark.extra_info["rss_bytes"] = psutil.Process(pid).memory_info().rss

    return measure


def median_ratio(above, below):
    """The median ratio, between the order statistics that hold it with 95 % (Conover, Practical
    Nonparametric Statistics, 1999, section 3.2: a normal approximation of the binomial).
    """
    ratios = sorted(one / other for one, other in zip(above, below, strict=True) if other > 0)
    if not ratios:
        return {"median": math.nan, "low": math.nan, "high": math.nan}
    beyond = max(0, int((len(ratios) - 1.96 * math.sqrt(len(ratios))) / 2))
    return {"median": median(ratios), "low": ratios[beyond], "high": ratios[-1 - beyond]}


def timed(run, cpu_s=time.process_time):
    """A round that calls `run`; `cpu_s` reads the CPU clock of the process that does the work."""

    def round_of_work():
        cpu, began = cpu_s(), time.perf_counter()
        run()
        return time.perf_counter() - began, cpu_s() - cpu

    return round_of_work
