"""Event loop: a WebSocket echo server on asyncio and the package websockets, a task per connection.

One thread runs asyncio's event loop and a coroutine for each connection, as in `asyncio_streams`,
but the coroutine awaits messages, not bytes: the package reads the handshake and the frames and
queues the messages, up to 16 of them. A connection costs a task with its coroutine, a transport,
a queue, and the protocol object with its parser. A message costs parsing, unmasking and building a
frame, in Python but for the unmasking, and several calls between the loop and the coroutine. A
coroutine that blocks or computes delays all clients. Choose this model for many connections that
mostly wait: it is the usual way to serve WebSocket in Python.

Neither compression nor pings to silent clients are on: what is measured is the model.

python -m servers.websockets_asyncio --port 9000
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from .framework import asynchronous
from .framework.command_line import CommandLine
from .framework.log import name_of
from .framework.websocket import LARGEST_MESSAGE, LibraryLog


async def converse(command_line: CommandLine, connection: ServerConnection) -> None:
    """Send every message back until the peer ends the connection."""
    log, handler = command_line.log, command_line.handler
    peer = name_of(connection.remote_address)
    log.connected(peer)
    try:
        while True:
            message = await connection.recv()
            if handler:
                await handler.handle_async(asyncio.sleep)
            await connection.send(message)
            if log.verbose:
                log.echoed(peer, message.encode() if isinstance(message, str) else message)
    except ConnectionClosed as error:
        cause = error.__cause__
        # An end of file is an end, even if no close frame has come before it.
        if isinstance(error, ConnectionClosedOK) or not (error.sent or isinstance(cause, OSError)):
            log.ended(peer)
        else:
            log.broken(peer, cause or error)


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a listening socket, with a coroutine per connection."""
    server = await serve(
        partial(converse, command_line),
        sock=listener,
        compression=None,
        open_timeout=None,  # the client has its own
        ping_interval=None,
        max_size=LARGEST_MESSAGE,
    )
    return server.server


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("websockets_asyncio", __doc__)
    LibraryLog("websockets", command_line.log)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
