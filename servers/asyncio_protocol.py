"""Event loop: an echo server on asyncio's protocols, one thread that calls each connection back.

One thread runs asyncio's event loop, which calls the methods of a connection's protocol object:
connection_made(), data_received(), connection_lost(). There is neither a coroutine nor a task, and
no buffer between the loop and the protocol. So a connection costs a transport and the protocol, and
a message costs fewer calls than with streams. In return the code is a state machine: what must be
known between two callbacks is in attributes, and a client that reads too slowly is the protocol's
to hold back. A callback that blocks or computes delays all clients. Choose this model for a
protocol library, or where streams cost too much.

python -m servers.asyncio_protocol --port 9000
"""

from __future__ import annotations

import asyncio
import socket

from .framework import asynchronous
from .framework.command_line import CommandLine
from .framework.protocol import EchoProtocol


class Echo(EchoProtocol, asyncio.Protocol):
    """A connection: asyncio calls it with the bytes that it has read, 256 KiB at most."""

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.answer(data)


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a listening socket, with an Echo per connection."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Echo(command_line), sock=listener, ssl=command_line.tls)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_protocol", __doc__)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
