"""Watching a process tree and its host from a thread while connections drive them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import nan
from typing import Literal, Self

from loadgen.telemetry.host import HostCounters, HostMemory
from loadgen.telemetry.process import Footprint, ProcessGoneError, ProcessTree
from loadgen.telemetry.tasks import TaskTimes, read_tasks
from loadgen.telemetry.window import Reading

# What sampling may take of a CPU, if need be by sampling less often: the kernel has to look at
# every thread, and there may be thousands of processes.
MOST_OF_A_CPU = 0.01


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one time, named as the columns of the samples."""

    t_s: float  # time.monotonic()
    phase: str
    rss_bytes: float
    vms_bytes: float
    page_tables_bytes: float
    threads: float
    processes: float
    descriptors: float
    cpu_user_s: float  # like all times and counts since the process began or the host booted
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
    """Samples of a process tree and its host, and exact readings for the ends of a window.

    A thread samples every `interval_s` between `start` and `stop`. A sample takes 1 ms of CPU, so
    0.5 % of a core at 0.2 s; beside 10,000 threads 4 ms, then every 0.4 s, 1 % of a core. Once
    the process has ended, sampling ends and `alive` becomes False.

    The run sets `phase` (open, settle, window or close), which is copied into every sample, and
    may set `annotate`, which is asked at every sample for `connected` and `messages_per_s`.
    """

    annotate: Callable[[], Mapping[str, float]] | None = None

    def __init__(self, pid: int, interval_s: float = 0.2) -> None:
        self.tree = ProcessTree(pid)
        self.interval_s = interval_s
        self.alive = True
        self._phase = "open"
        self._samples: deque[Sample] = deque()
        self._latest: Sample | None = None
        self._left_in_slab = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    @property
    def phase(self) -> str:
        """What the run is doing: open, settle, window or close."""
        return self._phase

    @phase.setter
    def phase(self, phase: str) -> None:
        if phase in ("open", "close"):  # the threads of the last step end, with what they left
            self._left_in_slab = 0.0
        self._phase = phase

    def start(self) -> Self:
        """Begin sampling."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End sampling; the samples so far can still be drained."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def latest(self) -> Sample | None:
        """The last sample, drained or not; None before the first."""
        return self._latest

    def drain(self) -> list[dict[str, float | str]]:
        """The samples since the last drain, by column."""
        return [asdict(self._samples.popleft()) for _ in range(len(self._samples))]

    def memory(self) -> HostMemory:
        """The host's kernel memory now, less what reading the threads has itself left in Slab."""
        memory = HostMemory.read()
        return replace(memory, slab_bytes=memory.slab_bytes - self._left_in_slab)

    def reading(self, edge: Literal["begin", "end"]) -> Reading:
        """An exact reading for one end of a window. ProcessGoneError when the process has ended.

        What is slow (0.2 s at 10,000 threads, most of it 9 us a thread) comes first at a begin
        and last at an end, so that it lies outside the window and what is of one instant (1 ms
        at 10,000 threads) lies next to it.
        """
        try:
            slow = self._slow() if edge == "begin" else None
            tree = self.tree.read()
            at_s, cpu_s = time.monotonic(), self.tree.cpu_s() + tree.ended_s
            instant = tree, at_s, cpu_s, HostCounters.read(), self.memory()
            return Reading(*instant, *(slow or self._slow()))
        except ProcessGoneError:
            self.alive = False
            raise

    def _slow(self) -> tuple[Footprint, dict[int, TaskTimes]]:
        self.tree.rescan()
        footprint = self.tree.footprint()
        before = HostMemory.read().slab_reclaimable_bytes
        tasks = read_tasks(self.tree.members)
        self._left_in_slab += HostMemory.read().slab_reclaimable_bytes - before
        return footprint, tasks

    def _run(self) -> None:
        try:
            self.tree.rescan()
            pause_s = 0.0
            while not self._stopping.wait(pause_s):
                begun_s = time.thread_time()
                self._latest = self._sample()
                self._samples.append(self._latest)
                took_s = time.thread_time() - begun_s
                pause_s = max(self.interval_s - took_s, took_s / MOST_OF_A_CPU)
        except ProcessGoneError:
            self.alive = False

    def _sample(self) -> Sample:
        t_s = time.monotonic()
        tree = self.tree.read()
        counters = HostCounters.read()
        memory = self.memory()
        return Sample(
            t_s=t_s,
            phase=self.phase,
            rss_bytes=tree.rss_bytes,
            vms_bytes=tree.vms_bytes,
            page_tables_bytes=tree.page_tables_bytes,
            threads=tree.threads,
            processes=tree.processes,
            descriptors=tree.descriptors,
            cpu_user_s=tree.user_s,
            cpu_system_s=tree.system_s,
            minor_faults=tree.minor_faults,
            major_faults=tree.major_faults,
            kernel_stack_bytes=memory.kernel_stack_bytes,
            slab_bytes=memory.slab_bytes,
            tcp_memory_bytes=memory.tcp_memory_bytes,
            page_tables_host_bytes=memory.page_tables_bytes,
            listen_overflows=counters.listen_overflows,
            listen_drops=counters.listen_drops,
            retransmits=counters.retransmits,
            **(self.annotate() if self.annotate else {}),
        )
