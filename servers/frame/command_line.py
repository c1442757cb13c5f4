"""The command line of every Python server, and the socket on which it listens."""

import argparse
import json
import os
import socket
import sys

from servers.frame import gil_hog
from servers.frame.handler import Handler, parse_handler
from servers.frame.log import Log

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows


class CommandLine(argparse.ArgumentParser):
    """The arguments that all have; a server adds its own before it calls parse()."""

    options: argparse.Namespace
    handler: Handler | None  # None does nothing to a message but send it back
    log: Log

    def __init__(self, name: str, doc: str | None) -> None:
        super().__init__(
            f"servers.{name}", description=doc, formatter_class=argparse.RawTextHelpFormatter
        )
        self.name = name
        add = self.add_argument
        add("--host", default="127.0.0.1", help="address to bind (%(default)s)")
        add("--port", type=int, default=0, help="0, the default, takes a free one")
        add("--buffer", type=int, default=1024, help="bytes a read (%(default)s)")
        add("--backlog", type=int, default=BACKLOG, help="default: the most that is allowed")
        add("--handler", default="none", help="work a read: none, sleep:5ms or cpu:5ms")
        add("--gil-hog", metavar="HOLD:RELEASE", help="a thread that holds the GIL: 10ms:5ms")
        add("--verbose", action="store_true", help="log connections and messages")

    def parse(self) -> argparse.Namespace:
        """Read the arguments; exit with status 2 where one is wrong."""
        self.options = self.parse_args()
        if self.options.buffer < 1:
            self.error("--buffer must be at least 1")
        self.log = Log(self.name, self.options.verbose)
        try:
            self.handler = parse_handler(self.options.handler)
            self._hog = gil_hog.parse_hog(self.options.gil_hog) if self.options.gil_hog else None
        except ValueError as error:
            self.error(str(error))
        return self.options

    def listen(self, *, port: int | None = None, share_port: bool = False) -> socket.socket:
        """Bind and listen, or exit with a line that says why not.

        With `share_port` several sockets may listen on one port, and the kernel spreads the
        connections over them.
        """
        address = (self.options.host, self.options.port if port is None else port)
        try:
            return socket.create_server(
                address,
                family=socket.AF_INET6 if ":" in self.options.host else socket.AF_INET,
                backlog=self.options.backlog,
                reuse_port=share_port,
            )
        except (OSError, OverflowError) as error:
            sys.exit(f"{self.name}: cannot listen: {error}")

    def announce(self, listener: socket.socket) -> None:
        """Say where it listens, once it does."""
        host, port = listener.getsockname()[:2]
        said = {"port": port, "pid": os.getpid()}
        if host != "127.0.0.1":
            said["host"] = host
        print(json.dumps(said), flush=True)
        self.begin_work()

    def begin_work(self) -> None:
        """Start what runs beside the server: in each process that serves."""
        if self._hog:
            self._hog.start()
