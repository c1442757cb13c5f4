"""What it takes to run a server: whether it can run here, and the command that does it."""

import contextlib
import importlib.util
import random
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..framework.handler import Handler
from ..framework.options import Option

FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Endpoint:
    """Where a server is to serve, and how loudly. Port 0 is any free one; `directory` takes files
    that the server needs."""

    host: str = "127.0.0.1"
    port: int = 0
    directory: Path = Path("DIR")
    verbose: bool = False

    def arguments(self) -> list[str]:
        """As the servers written here take it."""
        return ["--host", self.host, "--port", str(self.port), *["--verbose"] * self.verbose]


@dataclass(frozen=True)
class Launch:
    """A command that serves. Without an `address` it says on standard output where it listens.

    `prepare` does what must be done before it is run: builds it, writes its configuration. It
    raises ServerStartError. It is run in `directory`, or where c10k runs.
    """

    command: Sequence[str]
    address: tuple[str, int] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    directory: Path | None = None


class Program(Protocol):
    """Makes a server's command; `options` are those of its SPEC that are its own to read."""

    def missing(self, options: Mapping[str, str]) -> str:
        """What must be installed for it to run here, and how; empty where it can."""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """The command; nothing is done yet."""


@dataclass(frozen=True)
class PythonProgram:
    """A module of this folder. `needs` are packages beside the standard library, which the extra
    of the same name brings; `platform` is the one system that it runs on, if any."""

    module: str
    needs: str = ""
    platform: str = ""

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        if self.platform and sys.platform != self.platform:
            return f"it runs on {self.platform} only"
        interpreter = options.get("python")
        if interpreter is not None:
            found = shutil.which(interpreter)
            return "" if found else f"there is no interpreter {interpreter!r}: install it"
        for package in (self.needs, options.get("loop", "asyncio")):
            if package and importlib.util.find_spec(package) is None:
                return f"pip install 'c10k-bench[{package}]'"
        return ""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        own = {key: value for key, value in options.items() if key != "python"}
        interpreter = options.get("python", sys.executable)
        return Launch(
            [interpreter, str(FOLDER), self.module, *endpoint.arguments(), *arguments(own)]
        )


def arguments(options: Mapping[str, str]) -> list[str]:
    """Options as a command line takes them: gil_hog=1ms:2ms is --gil-hog 1ms:2ms."""
    return [
        part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)
    ]


def plain(option: Option, text: str) -> str:
    """Write a value as a program in any language reads it: 256k as 262144, 1m30s in microseconds.

    Raises ValueError, with one line, where it is no value of the option.
    """
    value = option.read(text)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Handler):
        kind, work_s = ("sleep", value.sleep_s) if value.sleep_s else ("cpu", value.cpu_s)
        return f"{kind}:{work_s * 1e6:.3f}us"
    return text


def free_port(host: str) -> int:
    """A port that nobody has, for a program that cannot take any and tell which.

    Below the ephemeral ports of Linux (net.ipv4.ip_local_port_range): no client's end takes it
    before the server does. Raises OSError where a hundred are taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.sample(range(10_000, 32_768), 100):
        with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
            return port
    raise OSError(f"no free port on {host} among a hundred")
