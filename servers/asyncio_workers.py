"""Event loop per process: an echo server of several processes on asyncio.

The parent opens a listening socket per worker, all on one port, and forks the workers. Each runs
asyncio's event loop on its own socket, and the kernel spreads the connections over the sockets
(SO_REUSEPORT). Workers share neither data nor a GIL, so that they use several CPUs at once. A
connection costs as much as on one loop, and each worker costs an interpreter. A connection stays
with its worker, even if another one is idle. The sockets outlive a worker: its successor serves
the clients in its queue. Choose this model to use all CPUs from Python, where clients share no
state or keep it outside the server.

python -m servers.asyncio_workers --port 9000 --workers 4
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable

from .framework import asynchronous
from .framework.children import supervise
from .framework.command_line import CommandLine, cpus
from .framework.protocol import EchoProtocol


class Echo(EchoProtocol, asyncio.Protocol):
    """A connection: asyncio calls it with the bytes that it has read, 256 KiB at most."""

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.answer(data)


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a worker's listening socket, with an Echo per connection."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Echo(command_line), sock=listener, ssl=command_line.tls)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_workers", __doc__)
    options = command_line.options
    workers = options.workers or cpus()
    importlib.import_module(options.loop)  # once, for all of them
    listeners = command_line.listen_together(workers)

    def work(index: int, ready: Callable[[], None]) -> None:
        listener = listeners.pop(index)
        for other in listeners:
            other.close()

        def started() -> None:
            command_line.begin_work()
            ready()

        asynchronous.run(command_line, listener, start, started)

    supervise(workers, work, lambda: command_line.say_where(listeners[0]), command_line.log)


if __name__ == "__main__":
    main()
