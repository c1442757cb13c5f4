"""Become a command, with a CPU set, resource limits and an end tied to that of the parent.

python launch.py [--parent PID] [--cpus 0,1] [--limit nofile=64]... -- COMMAND...
"""

import argparse
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
prctl = ctypes.CDLL(None).prctl


def die_with(parent: int, number: int = signal.SIGTERM) -> None:
    """Have the kernel send a signal here when the parent's thread that started us ends.

    A parent that ended before the request would never be noticed: hence the look at who it is now.
    The request outlives exec(), not fork(): the children of a server are the server's to end.
    """
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("launch: the parent has ended")


def main() -> None:
    """Set everything, then exec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, help="process id to die with")
    parser.add_argument("--cpus", default="", help="CPUs to run on: 0,1")
    parser.add_argument("--limit", action="append", default=[], help="a setrlimit: nofile=64")
    parser.add_argument("command", nargs="+", help="after a --")
    options = parser.parse_args()
    command = options.command

    if options.parent is not None:
        die_with(options.parent)
    try:
        if options.cpus:
            os.sched_setaffinity(0, map(int, options.cpus.split(",")))
        for name, value in (limit.split("=") for limit in options.limit):
            kind = getattr(resource, f"RLIMIT_{name.upper()}")
            resource.setrlimit(kind, (int(value), int(value)))
    except (OSError, ValueError, AttributeError) as error:
        sys.exit(f"launch: cannot set CPUs {options.cpus} or limits {options.limit}: {error}")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"launch: cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
