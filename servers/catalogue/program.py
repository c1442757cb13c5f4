"""Programs: whether a server can run on this machine, and the command that runs it."""

import contextlib
import importlib.util
import random
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..framework.handler import Handler
from ..framework.options import ServerOption

FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Endpoint:
    """Where a server is to listen, and whether it logs each message.

    Port 0 is any free one; files that the server needs are written to `directory`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    directory: Path = Path("DIR")
    verbose: bool = False

    def arguments(self) -> list[str]:
        """Return the arguments that say it to a server of this folder."""
        return ["--host", self.host, "--port", str(self.port), *["--verbose"] * self.verbose]


@dataclass(frozen=True)
class Launch:
    """A command that serves. Without an `address` it prints where it listens.

    `prepare` must be called before it runs: it builds the program or writes its configuration, and
    raises ServerStartError. The command runs in `directory`, or where c10k runs. `certificate` is
    that of a server of TLS which does not say its own.
    """

    command: Sequence[str]
    address: tuple[str, int] | None = None
    prepare: Callable[[], None] | None = None
    directory: Path | None = None
    certificate: Path | None = None


class Program(Protocol):
    """Makes a server's command; `options` are those of its SPEC that are its own to read."""

    def missing(self, options: Mapping[str, str]) -> str:
        """What must be installed for it to run here, and how; empty if it can run."""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """Return the command; do nothing yet."""


@dataclass(frozen=True)
class PythonProgram:
    """A module of this folder. `needs` is the package that it imports besides the standard library,
    which the extra of that name installs."""

    module: str
    needs: str = ""

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        interpreter = options.get("python")
        if interpreter is not None:
            found = shutil.which(interpreter)
            return "" if found else f"there is no interpreter {interpreter!r}: install it"
        if options.get("loop") == "rloop" and options.get("tls") == "on":
            return "rloop has no TLS: take loop=uvloop"
        for package in (self.needs, options.get("loop", "asyncio")):
            if package and importlib.util.find_spec(package) is None:
                return f"pip install 'c10k-bench[{package}]'"
        return ""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        own = dict(options)
        program = [own.pop("python", sys.executable), str(FOLDER), self.module]
        return Launch([*program, *endpoint.arguments(), *arguments(own)])


@dataclass(frozen=True)
class ScriptProgram:
    """A file of this folder, and its interpreter on PATH, which a Debian package installs."""

    interpreter: str
    script: str
    package: str

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        return "" if shutil.which(self.interpreter) else f"sudo apt install {self.package}"

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        script = str(FOLDER / self.script)
        return Launch([self.interpreter, script, *endpoint.arguments(), *arguments(options)])


def arguments(options: Mapping[str, str]) -> list[str]:
    """Options as a command line takes them: gil_hog=1ms:2ms is --gil-hog 1ms:2ms."""
    return [
        part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)
    ]


def plain(option: ServerOption, text: str) -> str:
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
    """Return a free port, for a program that cannot choose one and say which.

    It is below the ephemeral ports of Linux (net.ipv4.ip_local_port_range), so that no client's end
    takes it before the server does. Raises OSError if it finds none in a hundred tries.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.sample(range(10_000, 32_768), 100):
        with contextlib.suppress(OSError), socket.create_server((host, port), family=family):
            return port
    raise OSError(f"no free port on {host} among a hundred")
