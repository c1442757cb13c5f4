"""Event loop: an echo server on asyncio whose connections share a pool of read buffers.

One thread runs asyncio's event loop, which calls the methods of a connection's protocol object. A
BufferedProtocol also gives the loop the buffer to read into. Here the buffers are those of a pool,
and a connection holds one only from a read to the last byte of the reply: a few buffers serve
thousands of connections, and a read allocates none. That costs the work of taking and returning
them, and the care that no buffer returns while its bytes are unsent. `--pool off` allocates a
buffer per read, which is what the pool is to be compared with. Choose this model where reads are
large and frequent enough that allocating shows.

python -m servers.asyncio_buffered --port 9000
"""

from __future__ import annotations

import asyncio
import socket

from .framework import asynchronous
from .framework.command_line import CommandLine
from .framework.protocol import EchoProtocol


class Pool:
    """The buffers that no connection holds; it makes another when there is none."""

    def __init__(self, command_line: CommandLine) -> None:
        self._size: int = command_line.options.buffer
        self._keeps: bool = command_line.options.pool == "on"
        self._log = command_line.log
        self._free: list[memoryview] = []
        self._made = 0

    def take(self) -> memoryview:
        """Return a buffer, whatever is in it. Raises MemoryError."""
        if self._free:
            return self._free.pop()  # the last one used is still in a CPU's cache
        self._made += 1
        if self._log.verbose:
            self._log(f"buffer {self._made} made")
        return memoryview(bytearray(self._size))

    def give(self, buffer: memoryview) -> None:
        """Take back a buffer that nobody reads any more."""
        if self._keeps:
            self._free.append(buffer)


class Echo(EchoProtocol, asyncio.BufferedProtocol):
    """A connection that reads into a buffer of the pool."""

    def __init__(self, command_line: CommandLine, pool: Pool) -> None:
        super().__init__(command_line)
        self._pool = pool
        self._buffer: memoryview | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol."""
        super().connection_made(transport)
        # The transport leaves what it could not write in the buffer. With a limit of 0 bytes it
        # calls pause_writing() then, and resume_writing() once the buffer is free.
        self.transport.set_write_buffer_limits(0)

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio.BufferedProtocol."""
        if self._buffer is None:
            self._buffer = self._pool.take()
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        assert self._buffer is not None
        self.answer(self._buffer[:nbytes])

    def send(self, data: bytes | memoryview) -> None:
        """Send it back. If all of it was written, the buffer is free."""
        super().send(data)
        if self.writable:
            self._release()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        self._release()
        super().resume_writing()

    def eof_received(self) -> None:
        """See asyncio.BufferedProtocol. The transport closes by itself."""
        self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        self._release()
        super().connection_lost(exc)

    def _release(self) -> None:
        buffer, self._buffer = self._buffer, None
        if buffer is not None:
            self._pool.give(buffer)


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a listening socket, with an Echo per connection, which share a pool."""
    pool = Pool(command_line)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Echo(command_line, pool), sock=listener)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_buffered", __doc__)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
