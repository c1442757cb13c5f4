"""The options of the Python servers: what each is called, how it is read, what it is by default.

An option is declared here, once. The server's command line, the list of `c10k servers` and the
check of a SPEC before anything starts all read this. So do the entries of servers in other
languages, whose programs take the same options.

The file keeps to what Python 3.8 has, and imports no server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .gil_hog import parse_hog
from .handler import parse_handler
from .quantities import count, size_bytes


@dataclass(frozen=True)
class ServerOption:
    """An option: key=value in a SPEC, --key value on a command line.

    `read` turns a text into the value, or raises ValueError with one line. `default` is written as
    a person writes it; without one, `help` says what happens instead.
    """

    name: str
    read: Callable[[str], Any]
    help: str
    default: str | None = None

    @property
    def flag(self) -> str:
        """Its name on a command line: gil_hog is --gil-hog there."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def described(self) -> str:
        """What it means, with the default."""
        return self.help if self.default is None else f"{self.help} ({self.default})"

    def by_default(self, default: str | None, help: str = "") -> ServerOption:  # noqa: A002 - its field
        """The same option of a server that has another default, and perhaps another unit."""
        return replace(self, default=default, help=help or self.help)


def between(read: Callable[[str], int], least: str, most: str) -> Callable[[str], int]:
    """Read a quantity within bounds, which are written as a person writes them."""

    def read_within(text: str) -> int:
        number = read(text)
        if not read(least) <= number <= read(most):
            raise ValueError(f"must be from {least} to {most}")
        return number

    return read_within


def one_of(*choices: str) -> Callable[[str], str]:
    """Read one of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def named(*options: ServerOption) -> Mapping[str, ServerOption]:
    """Map options by name; of two with the same name, the last one counts."""
    return {option.name: option for option in options}


def defaults(options: Mapping[str, ServerOption]) -> dict[str, str]:
    """Return the defaults of the options that have one, as a person writes them."""
    return {o.name: o.default for o in options.values() if o.default is not None}


# At most so many processes or threads: a typing error must not fill the machine with them.
task_count = between(count, "1", "20000")

BACKLOG = ServerOption(
    "backlog",
    between(count, "0", "2147483647"),
    "connections that may wait for accept, at most net.core.somaxconn",
    "65535",
)
BUFFER = ServerOption("buffer", between(size_bytes, "1", "1g"), "bytes per read", "1024")
GC = ServerOption(
    "gc",
    one_of("on", "off"),
    "on, or off: without Python's cyclic garbage collector",
    "on",
)
GIL_HOG = ServerOption(
    "gil_hog",
    parse_hog,
    "HOLD:RELEASE, a thread that holds the GIL for so long, then releases it: 10ms:5ms",
)
HANDLER = ServerOption(
    "handler", parse_handler, "work per read: none, sleep:5ms or cpu:5ms", "none"
)
LOOP = ServerOption(
    "loop", one_of("asyncio", "uvloop", "rloop"), "asyncio, uvloop or rloop", "asyncio"
)
POOL = ServerOption("pool", one_of("on", "off"), "on, or off for a new buffer per read", "on")
SIZE = ServerOption(
    "size", between(size_bytes, "1", "1024g"), "bytes of the file, 64m or 1g", "16m"
)
STACK = ServerOption(
    "stack",
    between(size_bytes, "32k", "64g"),  # Python refuses less
    "bytes of stack per thread, 256k or 8m (ulimit -s)",
)
THREADS = ServerOption("threads", task_count, "event loops, each in a thread (as many as CPUs)")
UNIX = ServerOption(
    "unix",
    one_of("on", "off"),
    "on: a Unix socket with an abstract name instead of TCP (Linux)",
    "off",
)
TLS = ServerOption(
    "tls",
    one_of("on", "off"),
    "on: TLS, with a certificate made for this process",
    "off",
)
WORKERS = ServerOption("workers", task_count, "processes (as many as CPUs)")

_COMMON = (BACKLOG, GIL_HOG)
_ECHO = (HANDLER, BUFFER, UNIX, *_COMMON)
_SECURE = (HANDLER, BUFFER, UNIX, TLS, *_COMMON)
# asyncio decides how much its protocols read at once.
_PROTOCOL = (LOOP, HANDLER, UNIX, *_COMMON)
# The kernel spreads connections over several listeners of TCP, but not of Unix sockets.
_SPREAD = (HANDLER, *_COMMON)

OPTIONS: Mapping[str, Mapping[str, ServerOption]] = {
    "threaded": named(STACK, *_SECURE),
    "threadpool": named(WORKERS.by_default("64", "threads"), *_SECURE),
    "forking": named(*_SECURE),
    "prefork": named(WORKERS.by_default("64", "processes"), *_SECURE),
    "event_loop": named(*_ECHO),
    "event_loop_threads": named(THREADS, BUFFER, *_SPREAD),
    "asyncio_streams": named(LOOP, *_SECURE),
    "asyncio_protocol": named(*_PROTOCOL, TLS),
    # Over TLS asyncio reads into buffers of its own.
    "asyncio_buffered": named(POOL, BUFFER.by_default("4096", "bytes per buffer"), *_PROTOCOL),
    "asyncio_workers": named(WORKERS, LOOP, GC, *_SPREAD, TLS),
    "gevent": named(*_SECURE),
    "trio": named(*_SECURE),
    "splice": named(BUFFER, *_COMMON),  # no byte passes through that a handler could work on
    "websockets_threaded": named(STACK, *_ECHO),
    "websockets_asyncio": named(*_PROTOCOL),
    "picows": named(LOOP, HANDLER, *_COMMON),  # which asks a socket for options of TCP
    "files": named(SIZE, BUFFER.by_default("65536"), *_COMMON),
    "files_sendfile": named(SIZE, *_COMMON),
}
