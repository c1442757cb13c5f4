"""Telemetry of a server on another host, with the methods of Telemetry."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Literal, Self

from c10k.host.clock import EXCHANGES, ClockOffset, Exchange
from c10k.loadgen.telemetry import HostCounters, HostMemory, Sample
from c10k.loadgen.telemetry.process import Spent, TreeUsage
from c10k.loadgen.telemetry.tasks import TaskTimes
from c10k.loadgen.telemetry.window import Reading
from c10k.remote.connection import Connection
from c10k.remote.server import RemoteServer


def clock_of(connection: Connection) -> ClockOffset:
    """The clock of the agent's host."""
    return ClockOffset.of(_exchange(connection) for _ in range(EXCHANGES))


def _exchange(connection: Connection) -> Exchange:
    asked_ns = time.monotonic_ns()
    there_ns = int(connection.ask(0, "now_ns"))
    return Exchange(asked_ns, there_ns, there_ns, time.monotonic_ns())


class RemoteTree:
    """The observed processes."""

    def __init__(self, ask: Callable[[str], Any]) -> None:
        self._ask = ask

    def read(self) -> TreeUsage:
        """The usage now; see ProcessTree. Raises ProcessGoneError."""
        return TreeUsage(*self._ask("tree.read"))

    def cpu_s(self) -> float:
        """CPU time of all threads; see ProcessTree. Raises ProcessGoneError."""
        return float(self._ask("tree.cpu_s"))


class RemoteTelemetry:
    """What an agent observes of a server. Each sample is sent as soon as it is taken.

    Times are those of this host's clock. Readings include what the CPUs of this host did, unless
    both hosts are the `same_machine`: whoever takes CPU time from the loader disturbs, too.
    """

    annotate: Callable[[], Mapping[str, float]] | None = None

    def __init__(
        self,
        connection: Connection,
        server: RemoteServer,
        interval_s: float,
        *,
        same_machine: bool,
    ) -> None:
        self._connection = connection
        self._server = server
        self._same_machine = same_machine
        self._number = connection.number()
        self._interval_s = interval_s
        self._phase = "open"
        self._samples: deque[Sample] = deque()
        self._latest: Sample | None = None
        self.tree = RemoteTree(self._ask)

    def __enter__(self) -> Self:
        # Anew for each trial: clocks drift apart by some ms an hour.
        self._to_here_s = -clock_of(self._connection).offset_ns / 1e9
        self._connection.observe(self._number, self._take)
        observed = self._number, self._server.number, self._interval_s
        self._connection.ask(0, "observe", *observed)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._connection.lost:
            self._connection.ask(0, "forget", self._number)

    @property
    def interval_s(self) -> float:
        """Between samples."""
        return self._interval_s

    @interval_s.setter
    def interval_s(self, seconds: float) -> None:
        self._interval_s = seconds
        self._ask("set_interval", seconds)

    @property
    def phase(self) -> str:
        """What the trial is doing: open, warmup, window or close."""
        return self._phase

    @phase.setter
    def phase(self, phase: str) -> None:
        if phase != self._phase:
            self._phase = phase
            self._ask("set_phase", phase)

    def latest(self) -> Sample | None:
        """The last sample; None before the first."""
        return self._latest

    def drain(self) -> list[dict[str, float | str]]:
        """The samples since the last drain, by column."""
        return [asdict(self._samples.popleft()) for _ in range(len(self._samples))]

    def memory(self) -> HostMemory:
        """The kernel memory of the server's host."""
        return HostMemory(**self._ask("memory"))

    def rescan(self) -> None:
        """Find all processes of the tree. Raises ProcessGoneError."""
        self._ask("rescan")

    def prepare(self) -> None:
        """Read the times of all threads for a first time."""
        self._ask("prepare")

    def reading(self, edge: Literal["begin", "end"], *, give_way: bool = True) -> Reading:
        """An exact reading for one end of a window. Raises ProcessGoneError.

        Its tasks are a single one, which sums up what passed for all of them.
        """
        before = HostCounters.read()
        read = self._ask("reading", edge, give_way=give_way)
        here = HostCounters.read() if edge == "begin" else before  # whichever is at the window
        counters = HostCounters(**read["counters"])
        if not self._same_machine:
            counters = replace(
                counters,
                busy_s=counters.busy_s + here.busy_s,
                steal_s=counters.steal_s + here.steal_s,
            )
            read["other_processes_s"] += here.busy_s
        return Reading(
            at_s=read["at_s"] + self._to_here_s,
            cpu_s=read["cpu_s"],
            counters=counters,
            memory=HostMemory(**read["memory"]),
            spent=Spent(*read["spent"]),
            tasks={int(task): TaskTimes(*times) for task, times in read["tasks"].items()},
            other_processes_s=read["other_processes_s"],
            others_at_s=read["others_at_s"] + self._to_here_s,
            tasks_at_s=read["tasks_at_s"] + self._to_here_s,
            lock_waits=read["lock_waits"],
        )

    def levels(self) -> dict[str, float]:
        """What the tree holds now, by column. Raises ProcessGoneError."""
        levels: dict[str, float] = self._ask("levels")
        return levels

    def _take(self, sample: dict[str, Any]) -> None:
        """Take a sample, in the thread that receives it."""
        sample["t_s"] += self._to_here_s
        self._latest = Sample(**{**sample, **(self.annotate() if self.annotate else {})})
        self._samples.append(self._latest)

    def _ask(self, name: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 (what it returns)
        return self._connection.ask(self._number, name, *args, **kwargs)
