"""Event loop: an echo server on asyncio's streams, one thread with a coroutine per connection.

One thread runs asyncio's event loop and a coroutine for each connection. The coroutine reads like
blocking code, but `await` returns to the loop, which continues it when bytes have come. The reader
keeps bytes that came before the coroutine asked for them; `drain()` waits for a client that reads
too slowly. A connection costs a task with its coroutine, a transport, a reader and a writer. A
message costs several calls in Python between the loop and the coroutine. A coroutine that blocks or
computes delays all clients. Choose this model for many connections that mostly wait, where the code
should still read from top to bottom.

python -m servers.asyncio_streams --port 9000
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial

from .framework import asynchronous
from .framework.command_line import CommandLine
from .framework.log import name_of


async def converse(
    command_line: CommandLine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send everything back until the peer has sent its last byte."""
    log, handler, buffer = command_line.log, command_line.handler, command_line.options.buffer
    peer = name_of(writer.get_extra_info("peername"))
    log.connected(peer)
    try:
        while data := await reader.read(buffer):
            if handler:
                await handler.handle_async(asyncio.sleep)
            writer.write(data)
            await writer.drain()  # waits only for a peer that writes without reading
            if log.verbose:
                log.echoed(peer, data)
    except (OSError, MemoryError) as error:
        log.broken(peer, error)
    else:
        log.ended(peer)
    finally:
        writer.close()


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a listening socket, with a coroutine per connection."""
    return await asyncio.start_server(
        partial(converse, command_line), sock=listener, ssl=command_line.tls
    )


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_streams", __doc__)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
