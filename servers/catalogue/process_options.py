"""What the options of a SPEC may be: each is read here, and refused before anything starts."""

import functools
import os
import re
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Final

from ..framework.command_line import LOOPS
from ..framework.gil_hog import parse_hog
from ..framework.handler import Handler, parse_handler
from ..framework.quantities import count, size_bytes

LIMITS: Final = {
    name.removeprefix("RLIMIT_").lower(): number
    for name, number in vars(resource).items()
    if name.startswith("RLIMIT_")
}
VERSION: Final = "import sys; print('Python', *sys.version_info[:2])"
VERSION_TIMEOUT_S: Final = 10.0


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
    """Read 1, 0-1 or 0+2. Raises ValueError."""
    last_here = (os.cpu_count() or 1) - 1
    cpus: set[int] = set()
    for part in text.split("+"):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise ValueError(f"CPUs are written 1, 0-1 or 0+2; got {text!r}")
        if last > last_here:
            raise ValueError(f"the last CPU of this machine is {last_here}")
        cpus |= set(range(first, last + 1))
    return tuple(sorted(cpus))


def parse_python(text: str) -> str:
    """Read the name or path of an interpreter; one that is not there is for others to miss."""
    found = shutil.which(text)
    if found and not _is_python(found):
        raise ValueError("it is not an interpreter of Python 3, such as python3.13 or a path")
    return text


def _between(parse: Callable[[str], int], least: str, most: str) -> Callable[[str], int]:
    """Read a quantity between two, which are written as a person writes them."""

    def read(text: str) -> int:
        number = parse(text)
        if not parse(least) <= number <= parse(most):
            raise ValueError(f"it is from {least} to {most}")
        return number

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return text

    return read


# By name: an option means the same to every server that has it. A slip of the pen shall not fill
# the machine with processes.
READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "backlog": _between(count, "0", "2147483647"),
    "buffer": _between(size_bytes, "1", "1g"),
    "connections": _between(count, "2", "10m"),  # of nginx, whose listener is one
    "cpus": parse_cpus,
    "gil_hog": parse_hog,
    "handler": parse_handler,
    "limit": parse_limits,
    "loop": _one_of(*LOOPS),
    "pool": _one_of("on", "off"),
    "python": parse_python,
    "size": _between(size_bytes, "1", "1024g"),
    "stack": _between(size_bytes, "32k", "64g"),  # less is refused by Python
    "start": _between(count, "1", "20000"),
    "threads": _between(count, "1", "20000"),
    "workers": _between(count, "1", "20000"),
}


def plain(key: str, text: str) -> str:
    """A value as a server in any language reads it, however a person wrote it. Raises ValueError
    where it cannot be one of that option."""
    value = READERS[key](text) if key in READERS else text
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Handler):
        kind, work_s = ("sleep", value.sleep_s) if value.sleep_s else ("cpu", value.cpu_s)
        return f"{kind}:{work_s * 1e6:.3f}us"
    return text


@functools.cache
def _is_python(program: str) -> bool:
    """Whether a program says that it is Python 3; whatever it is, it is not let run for long."""
    try:
        with subprocess.Popen(
            [program, "-c", VERSION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as tried:
            patience = threading.Timer(VERSION_TIMEOUT_S, tried.kill)
            patience.start()
            assert tried.stdout
            said = tried.stdout.readline(32)
            patience.cancel()
            tried.kill()
    except OSError:
        return False
    return said.startswith(b"Python 3 ")
