"""The options of a process: limits, CPUs and interpreter, which its program does not read."""

import contextlib
import functools
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Collection
from typing import Final

from ..framework.options import ServerOption, named
from ..framework.quantities import size_bytes

LIMITS: Final = {
    name.removeprefix("RLIMIT_").lower(): number
    for name, number in vars(resource).items()
    if name.startswith("RLIMIT_")
}
MOST_CPUS: Final = 8192  # that Linux can be built for (CONFIG_NR_CPUS)
EXIT_AS_PYTHON_3: Final = "import sys; sys.exit(11 * sys.version_info[0])"  # with status 33


def parse_limits(text: str) -> dict[str, int]:
    """Read as:4g+nofile:100. Raises ValueError."""
    limits = {}
    for part in text.split("+"):
        name, _, amount = part.lower().partition(":")
        if not (name.isalpha() and amount):
            raise ValueError(f"a limit is NAME:VALUE, such as as:4g or nofile:100; got {part!r}")
        if name not in LIMITS:
            raise ValueError(f"there is no limit {name!r}; there are {', '.join(sorted(LIMITS))}")
        limits[name] = size_bytes(amount)
    return limits


def parse_cpus(text: str) -> tuple[int, ...]:
    """Read 1, 0-1 or 0+2. Raises ValueError.

    The server may run on another host: `missing_cpus` says which are not here.
    """
    cpus: set[int] = set()
    for part in text.split("+"):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise ValueError(f"CPUs are written 1, 0-1 or 0+2; got {text!r}")
        if last >= MOST_CPUS:
            raise ValueError(f"no machine has a CPU {last}")
        cpus |= set(range(first, last + 1))
    return tuple(sorted(cpus))


def missing_cpus(cpus: Collection[int]) -> str:
    """Say what the last CPU is, if some of these do not exist here."""
    last_here = (os.cpu_count() or 1) - 1
    return f"the last CPU is {last_here}" if max(cpus, default=0) > last_here else ""


def parse_python(text: str) -> str:
    """Read the name or path of an interpreter. Raises ValueError where it is another program.

    One that is not there is no error here: `missing` says so.
    """
    found = shutil.which(text)
    if found and not _is_python(found):
        raise ValueError("it is not an interpreter of Python 3, such as python3.13 or a path")
    return text


LIMIT: Final = ServerOption(
    "limit",
    parse_limits,
    "a resource limit, NAME:VALUE as in setrlimit(2): as:4g, nofile:100 (join with +)",
)
CPUS: Final = ServerOption(
    "cpus", parse_cpus, "the CPUs that it may run on: 1 or 0-1 or 0+2 (as the run splits them)"
)
PYTHON: Final = ServerOption(
    "python",
    parse_python,
    "another interpreter, python3.13 or a path (the one that runs c10k)",
)
# Every server has these, whatever program it is.
PROCESS_OPTIONS: Final = named(LIMIT, CPUS)


@functools.cache
def _is_python(program: str) -> bool:
    """Whether a program ends as Python 3 does; whatever it is, it is killed after 10 s."""
    command, null = [program, "-c", EXIT_AS_PYTHON_3], subprocess.DEVNULL
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        ran = subprocess.run(command, stdin=null, stdout=null, stderr=null, timeout=10, check=False)
        return ran.returncode == 33
    return False
