"""The CPU time of other processes, which the observed ones and the loader lack."""

import os
from collections.abc import Container
from contextlib import suppress

from c10k.loadgen.telemetry.proc import read


def spent_by_other_processes(members: Container[int]) -> float:
    """CPU time in s of every visible process but `members`, to 10 ms per process.

    It includes the children that each has waited for, so that it does not fall as they end. Takes
    20 us per process. The sums of /proc/stat would not do: they leave out soft interrupts, which
    most kernels charge to the process that was interrupted.
    """
    ticks = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 (a Path takes 10 times as long)
        if name.isdigit() and int(name) not in members:
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                # utime, stime, cutime, cstime: proc_pid_stat(5), whose third follows the name.
                fields = read(f"/proc/{name}/stat").rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
