"""The memory breakdown of a process: stacks of threads, and heaps."""

import re
import resource
from math import nan
from typing import Final, NamedTuple

from c10k.loadgen.telemetry.proc import read

# proc_pid_smaps(5): addresses, permissions, offset, device, inode, name; then its figures.
_MAPPING: Final = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)\n(?:\w+: .*\n)*?Pss: +(\d+) kB", re.M
)


class MemoryBreakdown(NamedTuple):
    """Anonymous memory in bytes; what processes share is divided among them."""

    stack_bytes: float
    heap_bytes: float


def breakdown(pid: int) -> MemoryBreakdown:
    """The breakdown of a process's anonymous memory.

    A thread's stack begins after a guard page, which catches overflows
    (pthread_attr_setguardsize(3)); all other memory without a name is the allocator's. Takes 40 us
    per thread. NaN where it is another user's; FileNotFoundError or ProcessLookupError where it has
    ended.
    """
    try:
        mappings = _MAPPING.findall(read(f"/proc/{pid}/smaps"))
    except PermissionError:
        return MemoryBreakdown(nan, nan)
    stacks = heaps = 0
    guard_ends = ""  # the address at which the guard of a stack ends, if the last mapping was one
    for begins, ends, permissions, inode, name, pss in mappings:
        if inode == "0":
            if name == "[stack]" or (not name and begins == guard_ends):
                stacks += int(pss)
            elif not name or name == "[heap]" or name.startswith("[anon:"):
                heaps += int(pss)
        size = int(ends, 16) - int(begins, 16)
        is_guard = permissions == "---p" and size == resource.getpagesize()
        guard_ends = ends if is_guard else ""
    return MemoryBreakdown(stacks * 1024, heaps * 1024)
