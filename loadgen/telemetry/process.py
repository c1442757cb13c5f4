"""The memory, CPU time and descriptors of a process and its descendants."""

import os
import random
import resource
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from math import inf, nan
from pathlib import Path
from typing import NamedTuple, TypeVar

from c10k.loadgen.telemetry.mappings import MemoryBreakdown, breakdown
from c10k.loadgen.telemetry.proc import read, sizes

GONE = (FileNotFoundError, ProcessLookupError)  # before a file was opened; before it was read
SAMPLED_PROCESSES = 32  # reading mappings takes 1 ms per process, 0.5 s at 10,000 threads
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2  # the time for which the threads of a process were scheduled

T = TypeVar("T")


class ProcessGoneError(ProcessLookupError):
    """The observed process has ended, or is a zombie that waits for its parent to notice."""


class TreeUsage(NamedTuple):
    """What one process uses now, or the sum over a tree of them."""

    rss_bytes: int
    vms_bytes: int
    page_tables_bytes: int
    threads: int
    processes: int
    descriptors: float  # NaN where another user's process hides them


class Spent(NamedTuple):
    """What one process, or a tree of them, has spent since it began."""

    user_s: float  # CPU time, in ticks of 10 ms, with that of children that ended
    system_s: float
    ended_s: float  # user and system of the children that ended and were waited for
    minor_faults: float
    major_faults: float


class Footprint(NamedTuple):
    """Exact memory of a tree in bytes; NaN where another user's process hides it.

    Where `memory_sampled_fraction` is less than 1, that part of the RSS was read, and the rest
    estimated from it.
    """

    resident_bytes: float  # what the processes share counted once; of one process its RSS
    rss_bytes: float
    pss_bytes: float  # shared pages divided among those who share them, also outside the tree
    uss_bytes: float  # what would be free if the process ended
    memory_sampled_fraction: float


class _Rollup(NamedTuple):
    """Of one process, bytes of /proc/PID/smaps_rollup (proc_pid_smaps(5))."""

    rss: float
    pss: float
    unique: float
    own: float  # anonymous memory, divided among the processes of a fork, which alone can share it
    mapped: float  # files, and memory shared on purpose
    counted: int  # RSS as the kernel counts it, without a walk of the pages


class ProcessTree:
    """A process and its descendants; with itself=False its descendants alone, as of a supervisor
    that adopts orphans.

    Its methods raise ProcessGoneError once the process itself has ended, or the last descendant
    without it; `read`, `spent` and `footprint` also while it is a zombie, and `read` when its
    number has become another's. Descendants come and go; what one that ended has spent stays in
    the sums if its parent waited for it, but a parent that ignores SIGCHLD takes it out.
    """

    def __init__(self, pid: int, *, itself: bool = True) -> None:
        self.pid = pid
        self._itself = itself
        # Replaced, never changed: threads share the tree.
        self.members: tuple[int, ...] = (pid,) if itself else tuple(_children(pid))
        self._started: int | None = None

    def rescan(self) -> None:
        """Find all descendants, by asking every process of the host for its parent.

        Takes 20 us per process, and 5 ms beside 10,000 threads, which the kernel has to step over.
        """
        children: defaultdict[int, list[int]] = defaultdict(list)
        there = set()
        names = os.listdir("/proc")  # noqa: PTH208 (a Path takes 10 times as long)
        for name in filter(str.isdigit, names):
            with suppress(*GONE, PermissionError):
                there.add(pid := int(name))
                children[_parent(read(f"/proc/{name}/stat"))].append(pid)
        if self.pid not in there:
            raise self._gone()
        found = [*children[self.pid]]
        for pid in found:  # which grows
            found += children[pid]
        self.members = (*self._root, *found)

    def read(self) -> TreeUsage:
        """The usage now. Takes 0.3 ms per process, however many threads it has.

        It finds new children of the main threads; those of other threads need a rescan.
        """
        usages: dict[int, TreeUsage] = {}
        found = list(self.members) if self._itself else [*self.members, *_children(self.pid)]
        for pid in found:  # grows as children are found
            if pid in usages:
                continue
            try:
                # Of the main thread, in which times and faults are its own, all else the process's.
                stat = _Stat.read(f"/proc/{pid}/task/{pid}/stat")
                if self._is_member(pid, stat, usages):
                    usages[pid] = _usage(pid, stat)
                    found += _children(pid)
            except GONE:
                continue
        if not usages or not usages.keys() >= {*self._root}:
            raise self._gone()
        self.members = tuple(usages)
        return TreeUsage(*map(sum, zip(*usages.values(), strict=True)))

    def spent(self) -> Spent:
        """What the members have spent. Takes 0.1 ms per process, and 0.3 us per thread.

        The kernel sums up the threads without a pause: at 10,000 nothing else runs on this CPU
        for 3 ms, and on some kernels the process can start no thread meanwhile.
        """
        each = [*self._of_each(self._spent)]
        if not self._itself:
            each += self._of_each(_spent_by_ended, [self.pid])
        return Spent(*map(sum, zip(*each, strict=True)))

    def cpu_s(self) -> float:
        """CPU time of all threads, ended ones too, to the nanosecond; without `ended_s`.

        Takes 0.2 ms at 10,000 threads if the kernel has their times cached, else 2 ms.
        """
        return sum(self._of_each(_cpu_s))

    def footprint(self, within_s: float = inf) -> Footprint:
        """The exact memory, from /proc/PID/smaps_rollup.

        The kernel walks every page under the lock that a new mapping (and so a new thread) needs:
        18 ms at 10,000 threads, 0.3 ms per process, longer while the lock's holder waits for a CPU.
        After `within_s` the processes not read are estimated by their RSS from those that were, the
        first and a random choice (the ratio estimate of W. G. Cochran, Sampling Techniques).
        """
        deadline = time.monotonic() + within_s
        left = deque(self._some())
        rollups: list[_Rollup] = []
        while left and (not rollups or time.monotonic() < deadline):
            rollups += self._of_each(_rollup, [left.popleft()])
        if not any(each.counted for each in rollups):  # none is left but zombies
            raise self._gone()
        rss, pss, unique, own, mapped, counted = zip(*rollups, strict=True)
        share = sum(counted) / (sum(counted) + sum(self._of_each(_resident, left)))
        # The processes of a server map the same files. Other programs may map them too, so that the
        # PSS of a server depends on what else runs.
        return Footprint(
            resident_bytes=sum(own) / share + max(mapped),
            rss_bytes=sum(rss) / share,
            pss_bytes=sum(pss) / share,
            uss_bytes=sum(unique) / share,
            memory_sampled_fraction=share,
        )

    def breakdown(self) -> MemoryBreakdown:
        """The memory breakdown; of many processes, estimated by RSS from some of them."""
        some = self._some()[: 1 + SAMPLED_PROCESSES]
        sampled, parts = sum(self._of_each(_resident, some)), [*self._of_each(breakdown, some)]
        if not (sampled and parts):
            raise self._gone()
        share = sampled / sum(self._of_each(_resident))
        stacks, heaps = zip(*parts, strict=True)
        return MemoryBreakdown(sum(stacks) / share, sum(heaps) / share)

    @property
    def _root(self) -> tuple[int, ...]:
        return (self.pid,) if self._itself else ()

    def _some(self) -> list[int]:
        """The first member, and then the others in a random order."""
        first, others = self.members[:1], self.members[1:]
        return [*first, *random.sample(others, len(others))]

    def _spent(self, pid: int) -> Spent:
        stat = _Stat.read(f"/proc/{pid}/stat")
        if pid == self.pid and not stat.alive:
            raise ProcessLookupError(f"process {pid} is a zombie")
        return stat.spent

    def _of_each(
        self, measure: Callable[[int], T], pids: Iterable[int] | None = None
    ) -> Iterator[T]:
        measured = pids is not None  # else some must be
        for pid in self.members if pids is None else pids:
            try:
                yield measure(pid)
                measured = True
            except GONE as error:
                if pid == self.pid:
                    raise self._gone() from error
        if not measured:
            raise self._gone()

    def _is_member(self, pid: int, stat: "_Stat", seen: dict[int, TreeUsage]) -> bool:
        """Whether the number still means the same process; parents are seen before children."""
        if pid != self.pid:
            return stat.parent in seen or (stat.parent == self.pid and not self._itself)
        self._started = self._started or stat.started
        return stat.started == self._started and stat.alive

    def _gone(self) -> ProcessGoneError:
        return ProcessGoneError(f"process {self.pid} has ended")


class _Stat(NamedTuple):
    """The fields of /proc/PID/stat (proc(5)) that are of use here."""

    alive: bool
    parent: int
    threads: int
    started: int
    vms_bytes: int
    spent: Spent
    spent_by_ended: Spent  # the part of the children that ended and were waited for

    @classmethod
    def read(cls, path: str) -> "_Stat":
        # The name before the last bracket may hold anything, spaces and brackets too.
        state, *fields = read(path).rpartition(")")[2].split()
        number = dict(enumerate(map(int, fields), start=4))  # by their numbers in proc(5)
        user_s, system_s, ended_user_s, ended_system_s = (
            number[place] / TICKS_PER_S for place in (14, 15, 16, 17)
        )
        ended_s = ended_user_s + ended_system_s
        minor, major = number[10] + number[11], number[12] + number[13]
        return cls(
            alive=state not in "ZX",
            parent=number[4],
            threads=number[20],
            started=number[22],
            vms_bytes=number[23],
            spent=Spent(user_s + ended_user_s, system_s + ended_system_s, ended_s, minor, major),
            spent_by_ended=Spent(ended_user_s, ended_system_s, ended_s, number[11], number[13]),
        )


def _parent(stat: str) -> int:
    """The parent of a process, the fourth field of its /proc/PID/stat."""
    return int(stat.rpartition(")")[2].split(None, 2)[1])


def _spent_by_ended(pid: int) -> Spent:
    return _Stat.read(f"/proc/{pid}/stat").spent_by_ended


def _usage(pid: int, stat: _Stat) -> TreeUsage:
    memory = sizes(read(f"/proc/{pid}/status"))
    return TreeUsage(
        rss_bytes=memory.get("VmRSS", 0),  # a zombie has no memory
        vms_bytes=stat.vms_bytes,
        page_tables_bytes=memory.get("VmPTE", 0),
        threads=stat.threads if stat.alive else 0,
        processes=int(stat.alive),
        descriptors=_descriptors(pid) if stat.alive else 0,
    )


def _children(pid: int) -> list[int]:
    """The children of the main thread, where the kernel lists them (CONFIG_PROC_CHILDREN)."""
    try:
        return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]
    except GONE:
        return []


def _descriptors(pid: int) -> float:
    directory = Path(f"/proc/{pid}/fd")
    try:
        # Linux 6.2 and later give the number as the size; before, the names must be counted.
        return directory.stat().st_size or sum(1 for _ in directory.iterdir())
    except PermissionError:
        return nan


def _cpu_s(pid: int) -> float:
    # clock_getcpuclockid(3), which Python does not offer, is this expression.
    try:
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    except OSError as error:  # EINVAL
        raise ProcessLookupError(f"process {pid} has ended") from error


def _rollup(pid: int) -> _Rollup:
    counted = _resident(pid)
    try:
        memory = sizes(read(f"/proc/{pid}/smaps_rollup"))
    except PermissionError:
        return _Rollup(nan, nan, nan, nan, nan, counted)
    rss = memory.get("Rss", 0)  # a zombie has no memory
    unique = sum(size for name, size in memory.items() if name.startswith("Private_"))
    own = memory.get("Pss_Anon", 0)  # since Linux 5.3
    mapped = rss - memory.get("Anonymous", 0)
    return _Rollup(rss, memory.get("Pss", 0), unique, own, mapped, counted)


def _resident(pid: int) -> int:
    return int(read(f"/proc/{pid}/statm").split()[1]) * resource.getpagesize()
