"""The machine's limits on the number of connections, and how to raise them."""

import math
import os
import resource
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c10k.loadgen.address import CONNECTIONS_PER_SOURCE, SOURCES
from c10k.loadgen.descriptors import raise_soft_descriptor_limit as raise_soft_descriptor_limit
from c10k.loadgen.telemetry.proc import read, sizes

# Open files of the loader or a server apart from connections: libraries, log, epoll, pipes.
SPARE_DESCRIPTORS: Final = 64
SPARE_PROCESSES: Final = 64
# A thread maps its stack and the guard page below it.
MAPS_PER_THREAD: Final = 2
SPARE_MAPS: Final = 1024
# MemAvailable per forked process, at 500 connections: 1,150 to 1,400 KiB with `forking` (1,000 for
# its own pages, the rest for page tables and the kernel), 370 to 500 KiB with Apache.
KIB_PER_PROCESS: Final = 1200
SPARE_KIB: Final = 512 * 1024
# A million connections to asyncio_workers took 9.2 KiB each of MemAvailable, processes and all: the
# server 1.8 and the kernel, for both ends, 6.4 (docs/million.md).
KIB_PER_CONNECTION: Final = 10
# Of the kernel's TCP memory a million of them took 33,500 pages at 13,000 messages/s, idle 250.
TCP_PAGES_PER_CONNECTION: Final = 0.05
# The kernel spreads connections over a server's workers at random: the fullest has its share and
# at most so many times the root of it more (the standard deviation of a Poisson distribution).
FULLEST_WORKER_SD: Final = 5

LoaderLimits = Callable[[int], "Iterable[Limit]"]
"""The limits of what drives the load on so many connections."""


@dataclass(frozen=True)
class Limit:
    """A limit, the value that a number of connections needs, and how to raise it."""

    name: str
    value: int
    needed: int
    remedy: str

    @property
    def suffices(self) -> bool:
        """Whether that many connections fit."""
        return self.value >= self.needed

    def __str__(self) -> str:
        return f"{self.name} is {self.value:,}, needed are {self.needed:,}; {self.remedy}"


LimitsFor = Callable[[int, int, int], Iterable[Limit]]
"""The limits on so many connections, with so many threads and processes of a server for each."""


def loader_limits(connections: int) -> Iterator[Limit]:
    """The limits of a process of this host that opens this many connections."""
    yield _descriptor_limit(connections)
    yield from port_limits(connections)


def server_limits(
    connections: int, threads_per_connection: int = 0, processes_per_connection: int = 0
) -> Iterator[Limit]:
    """The limits of a server of this host with so many threads or processes per connection."""
    yield _descriptor_limit(connections)
    threads = connections * threads_per_connection
    processes = connections * processes_per_connection
    if threads or processes:
        yield from _task_limits(threads + processes)
    if threads:
        yield Limit(
            "the number of memory maps of a process (vm.max_map_count)",
            int(_read("vm/max_map_count")),
            threads * MAPS_PER_THREAD + SPARE_MAPS,
            "raise it with `sudo sysctl vm.max_map_count=N`",
        )
    if processes:
        yield from _memory_limits((processes * KIB_PER_PROCESS + SPARE_KIB) // 1024)


def host_limits(connections: int) -> Iterator[Limit]:
    """The limits of this host on connections within it, whatever number of processes share them."""
    yield from port_limits(connections, 1 + SOURCES)
    ends = 2 * connections
    opened, _, most = _read("fs/file-nr").split()
    yield Limit(
        "the number of open files of the system (fs.file-max)",
        int(most),
        int(opened) + ends,
        "raise it with `sudo sysctl fs.file-max=N`",
    )
    yield Limit(
        "the number of sockets that a user's programs watch (fs.epoll.max_user_watches)",
        int(_read("fs/epoll/max_user_watches")),
        ends,
        "raise it with `sudo sysctl fs.epoll.max_user_watches=N`",
    )
    yield Limit(
        "the memory of TCP in pages (net.ipv4.tcp_mem)",
        int(_read("net/ipv4/tcp_mem").split()[1]),  # beyond it the kernel saves
        int(connections * TCP_PAGES_PER_CONNECTION),
        'raise it with `sudo sysctl net.ipv4.tcp_mem="N N N"`',
    )
    tracked = Path("/proc/sys/net/netfilter/nf_conntrack_count")
    if tracked.exists() and (count := int(tracked.read_text())):  # of 0 nothing is tracked
        yield Limit(
            "the number of connections that the firewall tracks (net.netfilter.nf_conntrack_max)",
            int(_read("net/netfilter/nf_conntrack_max")),
            count + connections,
            "raise it with `sudo sysctl net.netfilter.nf_conntrack_max=N`",
        )
    yield from _memory_limits((connections * KIB_PER_CONNECTION + SPARE_KIB) // 1024)


def limits_for(
    connections: int,
    threads_per_connection: int = 0,
    processes_per_connection: int = 0,
    loader: LoaderLimits = loader_limits,
) -> Iterable[Limit]:
    """Every limit on this many connections of a server of this host and what loads it, once."""
    server = server_limits(connections, threads_per_connection, processes_per_connection)
    return dict.fromkeys([*loader(connections), *server])


def _descriptor_limit(connections: int) -> Limit:
    return Limit(
        "the hard limit of open files (ulimit -Hn)",
        _most_descriptors(),
        connections + SPARE_DESCRIPTORS,
        "raise it with `sudo prlimit --pid $$ --nofile=N:N`, "
        "or for good in /etc/security/limits.conf",
    )


def port_limits(connections: int, addresses: int = 1) -> Iterator[Limit]:
    """The limit on connections to one target from so many addresses of this host, if it is known.

    The fleet gives each address the same number of connections. If one address has fewer ports than
    that, further addresses do not help.
    """
    if (range_ := Path("/proc/sys/net/ipv4/ip_local_port_range")).exists():
        low, high = (int(port) for port in range_.read_text().split())
        ports = high - low + 1
        yield Limit(
            "the number of ephemeral ports (net.ipv4.ip_local_port_range)",
            ports * addresses if ports >= CONNECTIONS_PER_SOURCE else ports,
            connections,
            'widen it with `sudo sysctl net.ipv4.ip_local_port_range="1024 65535"`',
        )


def loader_processes(connections: int) -> int:
    """How many processes the loader needs for so many connections: the limit of open files holds
    for each process."""
    return math.ceil(connections / max(_most_descriptors() - SPARE_DESCRIPTORS, 1))


def server_workers(connections: int) -> int:
    """How many processes a server needs for so many connections, which the kernel spreads."""
    room = max(_most_descriptors() - SPARE_DESCRIPTORS, 1)
    if connections <= room:
        return 1
    # The share whose fullest worker has just room: share + SD × √share = room.
    root = (math.sqrt(FULLEST_WORKER_SD**2 + 4 * room) - FULLEST_WORKER_SD) / 2
    return math.ceil(connections / root**2)


def _most_descriptors() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return hard if hard != resource.RLIM_INFINITY else 1 << 62


def _task_limits(tasks: int) -> Iterator[Limit]:
    """The limits on threads and processes, which the kernel counts alike, as tasks."""
    # The fourth field is those that run and those there are (proc_loadavg(5)).
    running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    needed = running + tasks + SPARE_PROCESSES
    for name in ("kernel/threads-max", "kernel/pid_max"):
        setting = name.replace("/", ".")
        yield Limit(
            f"the number of tasks of the system ({setting})",
            int(_read(name)),
            needed,
            f"raise it with `sudo sysctl {setting}=N`",
        )
    _, processes = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.geteuid() != 0 and processes != resource.RLIM_INFINITY:  # does not apply to root
        yield Limit(
            "the process limit (ulimit -Hu)",
            processes,
            needed,
            "raise it with `sudo prlimit --pid $$ --nproc=N:N`, "
            "or for good in /etc/security/limits.conf",
        )
    for file, most, used in _cgroup_limits("pids"):
        yield Limit(
            f"the number of tasks of the control group ({file})",
            most,
            used + tasks + SPARE_PROCESSES,
            "raise it there, or with `systemctl set-property … TasksMax=N`",
        )


def _memory_limits(needed_mib: int) -> Iterator[Limit]:
    yield Limit(
        "the available memory (MemAvailable, MB)",
        sizes(read("/proc/meminfo"))["MemAvailable"] // 1024**2,
        needed_mib,
        "end other programs, or add memory",
    )
    for file, most, used in _cgroup_limits("memory"):
        yield Limit(
            f"the memory left to the control group ({file}, MB)",
            (most - used) // 1024**2,
            needed_mib,
            "raise it there, or with `systemctl set-property … MemoryMax=N`",
        )


def shortfalls(
    steps: Iterable[int],
    threads_per_connection: int = 0,
    processes_per_connection: int = 0,
    limits: LimitsFor = limits_for,
) -> dict[int, list[Limit]]:
    """The steps that do not fit, with the limits that are too low for each."""
    each = threads_per_connection, processes_per_connection
    return {step: low for step in steps if (low := _too_low(limits(step, *each)))}


def most_connections(
    wanted: int,
    threads_per_connection: int = 0,
    processes_per_connection: int = 0,
    limits: LimitsFor = limits_for,
) -> tuple[int, list[Limit]]:
    """How many of the wanted connections fit, and which limits prevent one more."""

    def low(number: int) -> list[Limit]:
        return _too_low(limits(number, threads_per_connection, processes_per_connection))

    fitting = bisect(range(1, wanted + 1), 0, key=lambda number: len(low(number)))
    return fitting, low(fitting + 1) if fitting < wanted else []


def _too_low(limits: Iterable[Limit]) -> list[Limit]:
    return [limit for limit in limits if not limit.suffices]


def _read(setting: str) -> str:
    return Path("/proc/sys", setting).read_text()


def _cgroup_limits(controller: str) -> Iterator[tuple[Path, int, int]]:
    """The files that limit this process's control group (version 2) and those above it, each with
    the limit and what is used of it."""
    root = Path("/sys/fs/cgroup")
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            group = root / line.removeprefix("0::/")
            for each in (group, *(above for above in group.parents if above.is_relative_to(root))):
                file = each / f"{controller}.max"
                if file.exists() and (most := file.read_text().strip()) != "max":
                    yield file, int(most), int((each / f"{controller}.current").read_text())
