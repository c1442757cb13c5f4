"""What was used in a window: the difference of two exact readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

from c10k.loadgen.telemetry.host import HostCounters, HostMemory
from c10k.loadgen.telemetry.process import Spent
from c10k.loadgen.telemetry.tasks import TaskTimes, elapsed


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tree and its host have spent until one end of a window.

    All are of one instant but `spent`, `tasks` and `other_processes_s`, which take long with many
    threads: those are read just before a window begins and just after it ends.
    """

    at_s: float  # time.monotonic()
    cpu_s: float  # exact; of children that ended only to 10 ms
    counters: HostCounters
    memory: HostMemory
    spent: Spent
    tasks: Mapping[int, TaskTimes]
    other_processes_s: float  # CPU time of all other processes, the loader's too
    others_at_s: float  # when that was read
    tasks_at_s: float  # the middle of reading the tasks
    lock_waits: float  # at an end, the mean number of tasks that were waiting for a lock


def usage(begin: Reading, end: Reading, window_s: float = nan) -> dict[str, float]:
    """What was used between two readings, by the columns of a window.

    The window of the load lasted `window_s`, if that is known: the readings come just before and
    after it, a millisecond here and a round trip from another host, and CPU time and waits are
    scaled to it.

    `cpu_cores` is CPUs used: 1.5 is one and a half kept busy. `other_processes_cpu_s` includes the
    loader, and is a lower bound: the visible processes' sum or, within a container, the host's. The
    figures of tasks and other processes are scaled to the time between the instants: reading 10,000
    tasks adds a second to theirs.
    """
    lasted_s = end.at_s - begin.at_s
    part = 1.0 if isnan(window_s) else window_s / lasted_s
    cpu_s = (end.cpu_s - begin.cpu_s) * part
    user = _user_part(begin.spent, end.spent)
    tasks = elapsed(begin.tasks, end.tasks)
    share = part * lasted_s / (end.tasks_at_s - begin.tasks_at_s)
    others_share = part * lasted_s / (end.others_at_s - begin.others_at_s)
    other_processes_s = (end.other_processes_s - begin.other_processes_s) * others_share
    unseen_too_s = (end.counters.busy_s - begin.counters.busy_s) * part - cpu_s
    return {
        "cpu_s": cpu_s,
        "cpu_user_s": cpu_s * user,
        "cpu_system_s": cpu_s * (1 - user),
        "cpu_cores": (end.cpu_s - begin.cpu_s) / lasted_s,
        "cpu_efficiency": tasks.efficiency,
        "runqueue_wait_s": tasks.waiting_ns / 1e9 * share,
        "lock_wait_s": end.lock_waits * lasted_s * part,
        "context_switches": tasks.timeslices * share,
        "minor_faults": end.spent.minor_faults - begin.spent.minor_faults,
        "major_faults": end.spent.major_faults - begin.spent.major_faults,
        "listen_overflows": end.counters.listen_overflows - begin.counters.listen_overflows,
        "listen_drops": end.counters.listen_drops - begin.counters.listen_drops,
        "retransmits": end.counters.retransmits - begin.counters.retransmits,
        "steal_s": (end.counters.steal_s - begin.counters.steal_s) * part,
        "other_processes_cpu_s": max(other_processes_s, unseen_too_s),
    }


def _user_part(begin: Spent, end: Spent) -> float:
    """The user part of the CPU time, by its ticks; by all ticks so far where a window saw none."""
    for user, system in (
        (end.user_s - begin.user_s, end.system_s - begin.system_s),
        (end.user_s, end.system_s),
    ):
        if user + system > 0:
            return user / (user + system)
    return nan
