"""What other processes spend, which they take from the observed ones or from the loader."""

import os
from collections.abc import Container
from contextlib import suppress

from c10k.loadgen.telemetry.proc import read


def spent_by_other_processes(members: Container[int]) -> float:
    """CPU time in s of every process that can be seen but `members`, to 10 ms a process.

    With that of the children that each has waited for, so that it does not fall as they end.
    20 us a process. The sums of /proc/stat would not do: they set apart what is spent in soft
    interrupts, which most kernels charge to a process, the one that was interrupted.
    """
    ticks = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 (a Path costs 10 times)
        if name.isdigit() and int(name) not in members:
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                # utime, stime, cutime, cstime: proc_pid_stat(5), whose third follows the name.
                fields = read(f"/proc/{name}/stat").rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
