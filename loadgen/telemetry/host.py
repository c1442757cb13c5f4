"""The host's kernel memory, which no process is charged for, and its counters."""

import os
import re
from dataclasses import dataclass
from math import nan
from typing import Self

from c10k.loadgen.telemetry.proc import read, sizes


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Kernel memory of the whole host in bytes; NaN where the kernel does not report it."""

    kernel_stack_bytes: float  # every thread has one
    page_tables_bytes: float
    slab_bytes: float  # sockets, inodes, tasks
    slab_reclaimable_bytes: float  # the part of slab that the kernel may drop: inodes and names
    tcp_memory_bytes: float  # socket buffers

    @classmethod
    def read(cls) -> Self:
        """Read /proc/meminfo and the TCP line of /proc/net/sockstat (pages)."""
        memory = sizes(_read("/proc/meminfo"))
        tcp_pages = _number(r"^TCP:.* mem (\d+)", _read("/proc/net/sockstat"))
        return cls(
            kernel_stack_bytes=memory.get("KernelStack", nan),
            page_tables_bytes=memory.get("PageTables", nan),
            slab_bytes=memory.get("Slab", nan),
            slab_reclaimable_bytes=memory.get("SReclaimable", nan),
            tcp_memory_bytes=tcp_pages * os.sysconf("SC_PAGE_SIZE"),
        )


def kernel_growth(before: HostMemory, now: HostMemory) -> dict[str, float]:
    """How much kernel memory grew, in bytes by column; `kernel_delta_bytes` is the sum.

    It is the whole host's, so it holds both ends of every connection, and what other programs took.
    """
    stack = now.kernel_stack_bytes - before.kernel_stack_bytes
    tables = now.page_tables_bytes - before.page_tables_bytes
    slab = now.slab_bytes - before.slab_bytes
    tcp = now.tcp_memory_bytes - before.tcp_memory_bytes
    return {
        "kernel_delta_bytes": stack + tables + slab + tcp,
        "kernel_stack_delta_bytes": stack,
        "slab_delta_bytes": slab,
        "tcp_memory_delta_bytes": tcp,
    }


@dataclass(frozen=True, slots=True)
class HostCounters:
    """Counters of the host since it booted; NaN where the kernel does not report them."""

    listen_overflows: float  # connections that found an accept queue full
    listen_drops: float  # connections that a listening socket dropped, for any reason
    retransmits: float  # TCP segments sent again, each after a wait of 200 ms to seconds
    steal_s: float  # steal time: CPU time that the hypervisor gave away, over all CPUs
    busy_s: float  # CPU time of all processes, kernel threads too, without interrupts

    @classmethod
    def read(cls) -> Self:
        """Read TcpExt of /proc/net/netstat, Tcp of /proc/net/snmp and the first of /proc/stat."""
        tcp, extended = _read("/proc/net/snmp"), _read("/proc/net/netstat")
        # cpu  user nice system idle iowait irq softirq steal
        first, _, _ = _read("/proc/stat").partition("\n")
        ticks = [float(field) for field in first.split()[1:9]] or [nan] * 8
        per_s = os.sysconf("SC_CLK_TCK")
        return cls(
            listen_overflows=_counter(extended, "TcpExt", "ListenOverflows"),
            listen_drops=_counter(extended, "TcpExt", "ListenDrops"),
            retransmits=_counter(tcp, "Tcp", "RetransSegs"),
            steal_s=ticks[7] / per_s,
            busy_s=sum(ticks[:3]) / per_s,
        )


def _read(path: str) -> str:
    """A file's text; none where the kernel has no such file."""
    try:
        return read(path)
    except FileNotFoundError:
        return ""


def _number(pattern: str, text: str) -> float:
    match = re.search(pattern, text, re.MULTILINE)
    return float(match[1]) if match else nan


def _counter(text: str, protocol: str, name: str) -> float:
    """A figure of a file that has a line of names and a line of values for each protocol."""
    rows = (line.split() for line in text.splitlines() if line.startswith(f"{protocol}:"))
    return float(dict(zip(*rows, strict=True)).get(name, nan))
