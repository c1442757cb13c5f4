"""Does a second worker cost the first anything? CPU per message, shares and throughput, as a table.

`python -m benchmarks.workers [ROUNDS]` drives a C echo server by one worker and by two, in turn,
each worker on a CPU of its own. Each worker has the same load in both cases: as many connections,
in an open loop at a rate far below what it can drive, and in a closed loop. Where there are four
CPUs the server has two of its own, and twice the messages/s can be expected of the closed loop; on
two, server and workers share them, and CPU per message in the open loop tells what throughput
cannot. 4 s a round.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.measure import machine
from c10k.experiment.cycle import Cycle
from c10k.experiment.loader_ceiling import bare_server
from c10k.host.cpus import CpuSplit
from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.workload import Workload
from c10k.workers.options import Workers
from c10k.workers.pool import WorkerPool

ROUNDS = 10
CONNECTIONS = 100  # of each worker
WINDOW_S = 0.7
WARMUP_S = 0.2
LOADS = (Workload("open loop", rate_per_connection=150.0), Workload("closed loop"))


class Round(NamedTuple):
    """What one worker did, and two; and the CPUs that all processes but the shards' threads took
    meanwhile, with two."""

    one: Snapshot
    two: Snapshot
    relay_cores: float

    @property
    def cpu_ratio(self) -> float:
        """CPU per message with two workers by that with one."""
        return _cpu_us(self.two) / _cpu_us(self.one)

    @property
    def rate_ratio(self) -> float:
        """Messages/s of two workers by those of one."""
        return (self.two.messages / self.two.seconds) / (self.one.messages / self.one.seconds)

    @property
    def share_off(self) -> float:
        """How far a worker's share of the messages is from a half."""
        return max(abs(share.messages / self.two.messages - 0.5) for share in self.two.shares)


def main() -> int:
    """The command; its exit status: 1 where two workers need more CPU per message than one."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"{machine()}, {number} rounds\n")
    print(
        "| | CPU per message, one worker | two | two / one | share of each | messages/s, two / one "
        "| relaying |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    worse = False
    for workload, rounds in _measured(number).items():
        ratios = sorted(each.cpu_ratio for each in rounds)
        low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
        off = median(each.share_off for each in rounds)
        worse |= low > 1
        print(
            f"| {workload} | {median(_cpu_us(each.one) for each in rounds):.2f} µs "
            f"| {median(_cpu_us(each.two) for each in rounds):.2f} µs "
            f"| {median(ratios):.2f} ({low:.2f} to {high:.2f}) "
            f"| 50 ± {off * 100:.1f} % | {median(each.rate_ratio for each in rounds):.2f} "
            f"| {median(each.relay_cores for each in rounds) * 100:.1f} % of a CPU |"
        )
    return int(worse)


def _measured(number: int) -> dict[str, list[Round]]:
    cpus = sorted(os.sched_getaffinity(0))
    own = tuple(cpus[:2])
    split = CpuSplit(own, tuple(cpus[2:4]) if len(cpus) >= 4 else own)
    rounds: dict[str, list[Round]] = {load.name: [] for load in LOADS}
    with (
        bare_server(Path(os.devnull), split.server, threads=2) as server,
        WorkerPool(
            Workers(workers=2), split, "127.0.0.1", lambda line: print(line, file=sys.stderr)
        ) as pool,
    ):
        address = server.host, server.port
        for turn in range(number):
            for load in LOADS:
                sides = _sides(pool, address, load, turn)
                rounds[load.name].append(Round(**dict(sides)))
    return rounds


def _sides(
    pool: WorkerPool, address: tuple[str, int], load: Workload, turn: int
) -> Iterator[tuple[str, Snapshot | float]]:
    """One worker, each of the two in its turn, and both; who goes first changes, too."""
    alone = [pool.members[turn // 2 % 2]]
    for members in (alone, None) if turn % 2 else (None, alone):
        with pool.fleet(address, load, members) as fleet:
            cycle = Cycle(fleet)
            cycle.open(CONNECTIONS * len(members or pool.members), 10)
            cycle.warm_up(WARMUP_S, WARMUP_S)
            fleet.snapshot()
            relaying_s, began_s = _relaying_s(), time.monotonic()
            for _ in cycle.window(WINDOW_S):
                pass
            window = fleet.snapshot()
            relayed_s = _relaying_s() - relaying_s - window.cpu_s
            lasted_s = time.monotonic() - began_s
        assert not window.errors, window.errors
        yield ("one" if members else "two"), window
        if not members:
            yield "relay_cores", relayed_s / lasted_s


def _relaying_s() -> float:
    """CPU time of this process, the master and the workers."""
    every = [psutil.Process(), *psutil.Process().children(recursive=True)]
    own = [each for each in every if not {"c10k.loadgen.echo_server"} & {*each.cmdline()}]
    return sum(sum(each.cpu_times()[:2]) for each in own)


def _cpu_us(window: Snapshot) -> float:
    return window.cpu_s * 1e6 / window.messages


if __name__ == "__main__":
    sys.exit(main())
