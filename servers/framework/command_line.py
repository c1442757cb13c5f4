"""The command line of every Python server, and the socket on which it listens."""

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable

from . import gil_hog, quantities
from .handler import Handler, parse_handler
from .log import Log

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows
LOOPS = ("asyncio", "uvloop", "rloop")


class CommandLine(argparse.ArgumentParser):
    """The arguments that all have; a server adds its own before it calls parse().

    `buffer` is how many bytes a read asks for by default, None where a server cannot set that.
    `handles` is whether there is a message that a handler could work on.
    """

    options: argparse.Namespace
    handler: Handler | None  # None does nothing to a message but send it back
    log: Log

    def __init__(
        self, name: str, doc: str | None, *, buffer: int | None = 1024, handles: bool = True
    ) -> None:
        super().__init__(
            f"servers.{name}", description=doc, formatter_class=argparse.RawTextHelpFormatter
        )
        self.name = name
        add = self.add_argument
        add("--host", default="127.0.0.1", help="address to bind (%(default)s)")
        add("--port", type=int, default=0, help="0, the default, takes a free one")
        add("--backlog", type=int, default=BACKLOG, help="default: the most that is allowed")
        if buffer is not None:
            add("--buffer", type=byte_count, default=buffer, help="bytes a read (%(default)s)")
        if handles:
            add("--handler", default="none", help="work a read: none, sleep:5ms or cpu:5ms")
        add("--gil-hog", metavar="HOLD:RELEASE", help="a thread that holds the GIL: 10ms:5ms")
        add("--verbose", action="store_true", help="log connections and messages")

    def add_loop(self) -> None:
        """Let the event loop be chosen."""
        self.add_argument("--loop", choices=LOOPS, default="asyncio", help="(%(default)s)")

    def add_count(self, option: str, default: int, what: str) -> None:
        """Let the number of something be chosen, 1 or more."""
        self.add_argument(option, type=count, default=default, help=f"{what} (%(default)s)")

    def parse(self) -> argparse.Namespace:
        """Read the arguments; exit with status 2 where one is wrong."""
        self.options = self.parse_args()
        self.log = Log(self.name, self.options.verbose)
        try:
            self.handler = parse_handler(getattr(self.options, "handler", "none"))
            self._hog = gil_hog.parse_hog(self.options.gil_hog) if self.options.gil_hog else None
        except ValueError as error:
            self.error(str(error))
        return self.options

    def listen(self, *, port: int | None = None, share_port: bool = False) -> socket.socket:
        """Bind and listen, or exit with a line that says why not."""
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
        # What is accepted inherits it. asyncio sets it only where the protocol is not left to 0.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def listen_together(self, number: int) -> list[socket.socket]:
        """So many sockets on one port, over which the kernel spreads the connections."""
        # SO_REUSEPORT would join another server of this user, where this finds the port taken.
        with self.listen() as alone:
            port = alone.getsockname()[1]
        return [self.listen(port=port, share_port=True) for _ in range(number)]

    def announce(self, listener: socket.socket) -> None:
        """Say where it listens, once it does, and begin: where one process is the whole server."""
        self.say_where(listener)
        self.begin_work()

    def say_where(self, listener: socket.socket) -> None:
        """Say where it listens, once it does."""
        host, port = listener.getsockname()[:2]
        said = {"port": port, "pid": os.getpid()}
        if host != "127.0.0.1":
            said["host"] = host
        print(json.dumps(said), flush=True)

    def begin_work(self) -> None:
        """Start what runs beside the server: in each process that serves."""
        if self._hog:
            self._hog.start()


def cpus() -> int:
    """How many CPUs this process may run on."""
    return len(os.sched_getaffinity(0))


def count(text: str) -> int:
    """Read a number of things. Raises ArgumentTypeError where there is none."""
    return _some(quantities.count, text)


def byte_count(text: str) -> int:
    """Read 65536, 64k, 1m or 1g. Raises as count() does."""
    return _some(quantities.size_bytes, text)


def _some(read: Callable[[str], int], text: str) -> int:
    try:
        number = read(text)
    except ValueError as error:  # of which argparse would not say why
        raise argparse.ArgumentTypeError(str(error)) from None
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
