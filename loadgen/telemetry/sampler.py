"""Sampling a process tree and its host from a thread while connections drive them."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from math import nan
from typing import Literal, Self, TypeVar

from c10k.loadgen.telemetry.host import HostCounters, HostMemory
from c10k.loadgen.telemetry.locks import LockWaits
from c10k.loadgen.telemetry.other_processes import spent_by_other_processes
from c10k.loadgen.telemetry.process import ProcessGoneError, ProcessTree, Spent
from c10k.loadgen.telemetry.tasks import TaskTimes, read_tasks
from c10k.loadgen.telemetry.window import Reading

T = TypeVar("T")

# The share of a CPU that sampling may take. Of thousands of processes, samples are less frequent.
SAMPLING_CPU_SHARE = 0.01
# The share for summing up the threads, during which the fleet's thread cannot run. At 1 %, the
# loader would send 1 % of the messages late, and set the p99 of a server with 10,000 threads.
SUMMING_CPU_SHARE = 0.001
# How long the exact memory may take. Where a thread waits for a CPU with its process's memory
# locked, reading takes 0.1 s per process: 400 of Apache's took a minute.
FOOTPRINT_S = 20.0
# How long a reading gives way. Where the loader is never idle, 0.1 s of CPU would take minutes.
PATIENCE_S = 3.0
# So many, and finding them holds up the load: then that gives way, which takes seconds.
MANY_PROCESSES = 100
NOT_SUMMED = Spent(nan, nan, nan, nan, nan)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample, named as the columns of the samples."""

    t_s: float  # time.monotonic()
    phase: str
    rss_bytes: float
    vms_bytes: float
    page_tables_bytes: float
    threads: float
    processes: float
    descriptors: float
    cpu_user_s: float  # like all times and counts since the process began or the host booted; and
    # NaN, like the next three, where the threads were too many to be summed up at this sample
    cpu_system_s: float
    minor_faults: float
    major_faults: float
    kernel_stack_bytes: float
    slab_bytes: float
    tcp_memory_bytes: float
    page_tables_host_bytes: float
    listen_overflows: float
    listen_drops: float
    retransmits: float
    connected: float = nan
    messages_per_s: float = nan


class Telemetry:
    """Samples of a process tree and its host, and exact readings of what it spent and holds.

    Within `with`, a thread samples every `interval_s`, and gives way to the load; its samples can
    be drained afterwards, too. A sample takes 1 ms of CPU, so 0.5 % of a core at 0.2 s, and twice
    that within a window, where locks are sampled too. Sums over 10,000 threads are in one sample of
    fifteen. Sampling ends with the process.

    The trial sets `phase` (open, warmup, window or close), which is copied into every sample, and
    may set `annotate`, which gives `connected` and `messages_per_s` at every sample.
    With itself=False only the descendants are observed, as in ProcessTree.
    """

    annotate: Callable[[], Mapping[str, float]] | None = None

    def __init__(self, pid: int, interval_s: float = 0.2, *, itself: bool = True) -> None:
        self.tree = ProcessTree(pid, itself=itself)
        self.interval_s = interval_s
        self._phase = "open"
        self._samples: deque[Sample] = deque()
        self._latest: Sample | None = None
        self._locks: LockWaits | None = None  # between the readings at a window's ends
        self._left_in_slab = 0.0
        self._stopping = threading.Event()
        # One samples, one reads for an end.
        self._background = ThreadPoolExecutor(2, "telemetry", initializer=_give_way)

    @property
    def phase(self) -> str:
        """What the trial is doing: open, warmup, window or close."""
        return self._phase

    @phase.setter
    def phase(self, phase: str) -> None:
        if phase in ("open", "close"):  # the threads of the last step end, with what they left
            self._left_in_slab = 0.0
        self._phase = phase

    def __enter__(self) -> Self:
        self._sampling = self._background.submit(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._background.shutdown()
        self._sampling.result()

    def latest(self) -> Sample | None:
        """The last sample, drained or not; None before the first."""
        return self._latest

    def drain(self) -> list[dict[str, float | str]]:
        """The samples since the last drain, by column."""
        return [asdict(self._samples.popleft()) for _ in range(len(self._samples))]

    def keep(self, sample: Sample) -> None:
        """Take a sample, in the thread that samples."""
        self._latest = sample
        self._samples.append(sample)

    def memory(self) -> HostMemory:
        """The host's kernel memory now, less what reading the threads has itself left in Slab."""
        memory = HostMemory.read()
        return replace(memory, slab_bytes=memory.slab_bytes - self._left_in_slab)

    def rescan(self) -> None:
        """Find all processes of the tree; sampling finds those that main threads start later.

        Takes 20 ms of CPU beside 10,000 threads, and 2 s at 10,000 processes, so not between
        windows. Raises ProcessGoneError.
        """
        if len(self.tree.members) < MANY_PROCESSES:
            self.tree.rescan()
        else:
            self._in_background(self.tree.rescan)

    def prepare(self) -> None:
        """Read the times of all threads for a first time, in the background: a second takes half as
        long, as the kernel keeps what it has made for the first.
        """
        self._background.submit(self._tasks, in_background=False)

    def reading(self, edge: Literal["begin", "end"], *, give_way: bool = True) -> Reading:
        """An exact reading for one end of a window. Raises ProcessGoneError.

        The slow part (0.1 s of CPU at 10,000 threads, 0.7 s at 10,000 processes) comes before the
        window begins or after it ends, and the fast part (1 ms, and 10 ms) at its very ends. Before
        a window it may `give_way` to the load, which takes up to ten times as long: an open loop
        would else send late.
        """
        if edge == "begin":
            tasks, tasks_at_s = self._tasks(in_background=give_way)
            spent = self.tree.spent()
            self._locks = LockWaits(tasks)
            other_processes_s, others_at_s = self._others(), time.monotonic()
        at_s, cpu_s = time.monotonic(), self.tree.cpu_s()
        counters, memory, locks = HostCounters.read(), self.memory(), self._locks
        if edge == "end":
            self._locks = None
            other_processes_s, others_at_s = self._others(), time.monotonic()
            spent = self.tree.spent()
            tasks, tasks_at_s = self._tasks(in_background=False)
        return Reading(
            at_s=at_s,
            cpu_s=cpu_s + spent.ended_s,
            counters=counters,
            memory=memory,
            spent=spent,
            tasks=tasks,
            other_processes_s=other_processes_s,
            others_at_s=others_at_s,
            tasks_at_s=tasks_at_s,
            lock_waits=locks.mean() if locks else nan,
        )

    def levels(self) -> dict[str, float]:
        """What the tree holds now, by column. Raises ProcessGoneError.

        Takes 4 s of CPU at 10,000 processes, with their memory locked: not between windows.
        """
        usage = self.tree.read()
        footprint = self.tree.footprint(FOOTPRINT_S)  # whose RSS is the exact one
        breakdown = self.tree.breakdown()
        return {**usage._asdict(), **footprint._asdict(), **breakdown._asdict()}

    def _others(self) -> float:
        """The CPU time of other processes, read next to the window: to read the times of threads
        takes CPU time of this process.
        """
        return spent_by_other_processes({self.tree.pid, *self.tree.members})

    def _tasks(self, *, in_background: bool) -> tuple[Mapping[int, TaskTimes], float]:
        """The times of all threads, and when they were read."""

        def read() -> tuple[Mapping[int, TaskTimes], float]:
            begun_s = time.monotonic()
            tasks = read_tasks(self.tree.members)
            return tasks, (begun_s + time.monotonic()) / 2

        before = HostMemory.read().slab_reclaimable_bytes
        timed = self._in_background(read) if in_background else read()
        self._left_in_slab += HostMemory.read().slab_reclaimable_bytes - before
        return timed

    def _in_background(self, measure: Callable[[], T]) -> T:
        """Measure in the background or, where that takes too long, in this thread."""
        try:
            return self._background.submit(measure).result(PATIENCE_S)
        except TimeoutError:
            return measure()

    def _run(self) -> None:
        with suppress(ProcessGoneError):
            self.tree.rescan()
            pause_s = sum_again_s = 0.0
            while not self._stopping.wait(pause_s):
                begun_s = time.thread_time()
                spent = NOT_SUMMED
                if time.monotonic() >= sum_again_s:
                    spent = self.tree.spent()
                    summing_s = time.thread_time() - begun_s
                    sum_again_s = time.monotonic() + summing_s / SUMMING_CPU_SHARE
                self.keep(self._sample(spent))
                if locks := self._locks:
                    locks.sample()
                took_s = time.thread_time() - begun_s
                pause_s = max(self.interval_s - took_s, took_s / SAMPLING_CPU_SHARE)

    def _sample(self, spent: Spent) -> Sample:
        t_s = time.monotonic()
        usage = self.tree.read()
        counters = HostCounters.read()
        memory = self.memory()
        return Sample(
            t_s=t_s,
            phase=self.phase,
            **usage._asdict(),
            cpu_user_s=spent.user_s,
            cpu_system_s=spent.system_s,
            minor_faults=spent.minor_faults,
            major_faults=spent.major_faults,
            kernel_stack_bytes=memory.kernel_stack_bytes,
            slab_bytes=memory.slab_bytes,
            tcp_memory_bytes=memory.tcp_memory_bytes,
            page_tables_host_bytes=memory.page_tables_bytes,
            listen_overflows=counters.listen_overflows,
            listen_drops=counters.listen_drops,
            retransmits=counters.retransmits,
            **(self.annotate() if self.annotate else {}),
        )


def _give_way() -> None:
    """Leave a CPU the moment a thread of the fleet wants it (SCHED_IDLE, sched(7)).

    A thread of normal priority would keep the CPU for its time slice, some milliseconds, and what
    was due meanwhile would be sent late. Where the CPU is never idle, this gets a thousandth of it.
    """
    with suppress(OSError):  # in some sandboxes; the load is then only delayed a little
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
