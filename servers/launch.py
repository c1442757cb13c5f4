"""Run a command on some CPUs, within resource limits, and let nothing of it outlive its parent.

python launch.py --parent PID [--say-pid] [--cpus 0,1] [--limit nofile=64]... -- COMMAND...

This process is the subreaper (prctl(2)) of all processes that the command starts, so that daemons
are below it, too. When the parent ends, however that comes about, or on SIGTERM, SIGINT or SIGHUP,
it sends SIGTERM to all of them. After GRACE_S, or at another SIGTERM or SIGINT, it kills what is
left. It ends when none is left, as the command ended: with its exit status, or by its signal.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from collections import defaultdict

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
prctl = ctypes.CDLL(None).prctl

GRACE_S = 2.0  # every server here ends sooner
PAUSE_S = 0.1  # between rounds of SIGKILL, for processes forked meanwhile
ORDERS = {signal.SIGTERM, signal.SIGINT}
ENDINGS = {*ORDERS, signal.SIGHUP}  # SIGHUP when the parent ends, once per thread of it
SIGNALS = {*ENDINGS, signal.SIGCHLD}


def die_with(parent: int, number: int) -> None:
    """Ask the kernel for a signal when the parent's thread that started this process ends.

    The kernel does not signal for a parent that has ended before: so check who the parent is now.
    The request survives exec(), not fork().
    """
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("launch: the parent has ended")


def main() -> None:
    """Start the command, and supervise it to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id to end with")
    parser.add_argument(
        "--say-pid", action="store_true", help="print the command's process id as a first line"
    )
    parser.add_argument("--cpus", default="", help="CPUs to run on: 0,1")
    parser.add_argument("--limit", action="append", default=[], help="a resource limit: nofile=64")
    parser.add_argument("command", nargs="+", help="after a --")
    options = parser.parse_args()

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    die_with(options.parent, signal.SIGHUP)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    supervisor = os.getpid()
    try:
        command = os.fork()
    except OSError as error:
        sys.exit(f"launch: cannot start a process: {error.strerror}")
    if command == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        become(options, supervisor)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # so that the command alone holds its output open
        os.dup2(nothing, stream)
    end_as(supervise(command))


def become(options: argparse.Namespace, supervisor: int) -> None:
    """Set limits and CPUs, then exec the command."""
    os.setsid()  # a signal that it sends to its own group must not reach the supervisor
    die_with(supervisor, signal.SIGKILL)
    if options.say_pid:
        os.write(1, b"%d\n" % os.getpid())
    try:
        wanted = f"CPUs {options.cpus}"
        if options.cpus:
            os.sched_setaffinity(0, map(int, options.cpus.split(",")))
        for wanted in options.limit:
            name, value = wanted.split("=")
            kind = getattr(resource, f"RLIMIT_{name.upper()}")
            resource.setrlimit(kind, (int(value), int(value)))
    except (OSError, ValueError, AttributeError) as error:
        sys.exit(f"launch: cannot set {wanted}: {error}")
    try:
        os.execvp(options.command[0], options.command)
    except OSError as error:
        sys.exit(f"launch: cannot run {options.command[0]}: {error.strerror}")


def supervise(command: int) -> int:
    """Wait until no process is left below; return the wait status of the command.

    A command that ends with status 0 and leaves processes behind has become a daemon: the oldest of
    them takes its place. If it ends otherwise, what it leaves behind is ended.
    """
    statuses: dict[int, int] = {}
    while reap(statuses):
        if statuses.get(command):
            end(statuses)
            break
        if command in statuses:
            command = below()[0]
        elif signal.sigwait(SIGNALS) in ENDINGS:
            end(statuses)
            break
        statuses.clear()
    return statuses[command]


def end(statuses: dict[int, int]) -> None:
    """End every process below, and those that are forked meanwhile."""
    send(signal.SIGTERM)
    kill_at = time.monotonic() + GRACE_S
    while reap(statuses):
        wait_s = kill_at - time.monotonic()
        if wait_s <= 0:
            send(signal.SIGKILL)
            wait_s = PAUSE_S
        received = signal.sigtimedwait(SIGNALS, wait_s)
        if received and received.si_signo in ORDERS:
            kill_at = time.monotonic()


def reap(statuses: dict[int, int]) -> bool:
    """Collect the wait statuses of children that have ended; return whether others run."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
            statuses[pid] = status
    return False


def send(number: signal.Signals) -> None:
    """Send a signal to every process below."""
    for pid in below():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def below() -> list[int]:
    """List all processes below this one: its children first, the oldest first."""
    children = defaultdict(list)
    for name in os.listdir("/proc"):  # noqa: PTH208 (a Path costs 10 times)
        if name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 (as above)
                    # The parent and the time of the start: proc_pid_stat(5), from its third field.
                    fields = file.read().rpartition(b")")[2].split()
                children[int(fields[1])].append((int(fields[19]), int(name)))
    found = [os.getpid()]
    for parent in found:  # which grows
        found += [pid for _, pid in sorted(children[parent])]
    return found[1:]


def end_as(status: int) -> None:
    """End as a process with this wait status ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL has no other action
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
