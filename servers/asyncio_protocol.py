"""Event loop: an echo server on asyncio's protocols, one thread that calls each connection back.

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
    return await loop.create_server(lambda: Echo(command_line), sock=listener)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_protocol", __doc__)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
