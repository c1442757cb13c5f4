"""The command line of every Python server, and the socket on which it listens."""

from __future__ import annotations

import argparse
import gc
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from .gil_hog import start_hog
from .handler import Handler
from .log import Log
from .options import OPTIONS
from .tls import server_context

if TYPE_CHECKING:
    import ssl


class CommandLine:
    """The arguments of a server: an address, --verbose, and its options of options.py.

    Where one is wrong, the process ends with status 2. With tls=on, `tls` is the context of each
    connection, which is of `ssl_module`; else it is None.
    """

    def __init__(self, name: str, doc: str | None, ssl_module: str = "ssl") -> None:
        parser = argparse.ArgumentParser(
            f"servers.{name}", description=doc, formatter_class=argparse.RawTextHelpFormatter
        )
        parser.add_argument("--host", default="127.0.0.1", help="address to bind (127.0.0.1)")
        parser.add_argument(
            "--port", type=int, default=0, help="port to bind, 0 for a free one (0)"
        )
        parser.add_argument("--verbose", action="store_true", help="log connections and messages")
        for option in OPTIONS[name].values():
            parser.add_argument(
                option.flag,
                type=_saying_why(option.read),
                default=option.default,
                metavar="VALUE",
                help=option.described.replace("%", "%%"),
            )

        self.name = name
        self.options = parser.parse_args()
        self.log = Log(name, self.options.verbose)
        # Without one, each message is sent back at once.
        self.handler: Handler | None = getattr(self.options, "handler", None)
        self.tls: ssl.SSLContext | None = None
        self._certificate = ""
        if getattr(self.options, "tls", "off") == "on":
            self._secure(ssl_module)

    def _secure(self, ssl_module: str) -> None:
        try:
            self.tls, self._certificate = server_context(self.options.host, ssl_module)
        except OSError as error:
            sys.exit(f"{self.name}: cannot serve TLS: {error}")

    def listen(self, *, port: int | None = None, share_port: bool = False) -> socket.socket:
        """Bind and listen, or exit with a line that says why not."""
        if getattr(self.options, "unix", "off") == "on":
            return self._listen_on_unix_socket()
        address = (self.options.host, self.options.port if port is None else port)
        try:
            listener = socket.create_server(
                address,
                family=socket.AF_INET6 if ":" in self.options.host else socket.AF_INET,
                backlog=self.options.backlog,
                reuse_port=share_port,
            )
        except (OSError, OverflowError) as error:
            sys.exit(f"{self.name}: cannot listen: {error}")
        # Accepted connections inherit it. asyncio sets it only where the protocol is not left to 0.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _listen_on_unix_socket(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("")  # the kernel chooses an abstract name (unix(7)): there is no file
        listener.listen(self.options.backlog)
        return listener

    def listen_together(self, number: int) -> list[socket.socket]:
        """Open so many sockets on one port, over which the kernel spreads the connections."""
        # SO_REUSEPORT would join another server of this user; a plain bind finds the port taken.
        with self.listen() as alone:
            port = alone.getsockname()[1]
        return [self.listen(port=port, share_port=True) for _ in range(number)]

    def announce(self, listener: socket.socket) -> None:
        """Say where it listens, and begin to serve: for a server of one process."""
        self.say_where(listener)
        self.begin_work()

    def say_where(self, listener: socket.socket) -> None:
        """Print the address as a line of JSON: whoever started the server waits for it."""
        if listener.family == socket.AF_UNIX:
            host, port = f"unix:@{listener.getsockname()[1:].decode()}", 0
        else:
            host, port = listener.getsockname()[:2]
        said: dict[str, int | str] = {"port": port, "pid": os.getpid()}
        if host != "127.0.0.1":
            said["host"] = host
        if self._certificate:
            said["certificate"] = self._certificate
        print(json.dumps(said), flush=True)

    def begin_work(self) -> None:
        """Do what options ask of each process that serves: to be called in it."""
        if getattr(self.options, "gc", "on") == "off":
            gc.disable()
        if self.options.gil_hog:
            start_hog(*self.options.gil_hog)


def cpus() -> int:
    """How many CPUs this process may run on."""
    return len(os.sched_getaffinity(0))


def _saying_why(read: Callable[[str], object]) -> Callable[[str], object]:
    """Have argparse print the reader's own words, not only that a value is invalid."""

    def read_argument(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument
