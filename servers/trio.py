"""Event loop: an echo server on trio, one thread with a task per connection.

One thread runs trio's event loop and a task for each connection. The task reads like blocking code,
but `await` returns to the loop, which continues it when the socket is ready. Tasks live in a
nursery, a block of code that ends only when all its tasks have ended: no task outlives it, an error
reaches the code that opened it, and all can be cancelled at once. A connection costs a task and
a stream. A message costs several calls in Python, and each `await` checks whether its task was
cancelled. A task that blocks or computes delays all clients. Choose this model for many connections
where correct errors and cancellation count more than messages/s.

python -m servers.trio --port 9000
"""

from __future__ import annotations

import signal

import trio

from .framework.accepting import SHORTAGE_PAUSE_S
from .framework.command_line import CommandLine
from .framework.log import name_of


async def converse(plain: trio.SocketStream, peer: str, command_line: CommandLine) -> None:
    """Send everything back until the peer has sent its last byte."""
    log, handler, buffer = command_line.log, command_line.handler, command_line.options.buffer
    log.connected(peer)
    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = plain
    if command_line.tls:
        stream = trio.SSLStream(plain, command_line.tls, server_side=True, https_compatible=True)
    try:
        while data := await stream.receive_some(buffer):
            if handler:
                await handler.handle_async(trio.sleep)
            await stream.send_all(data)
            if log.verbose:
                log.echoed(peer, data)
    except (trio.BrokenResourceError, MemoryError) as error:
        log.broken(peer, error.__cause__ or error)
    else:
        log.ended(peer)
    finally:
        plain.socket.close()


async def serve(command_line: CommandLine) -> None:
    """Start a task per connection until a signal comes."""
    plain = command_line.listen()
    listener = trio.socket.from_stdlib_socket(plain)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancel_on_signals, nursery.cancel_scope)
        command_line.announce(plain)
        while True:
            try:
                connection, address = await listener.accept()
                stream = trio.SocketStream(connection)
            except ConnectionAbortedError:
                continue  # the client left before its turn
            except (OSError, MemoryError) as error:
                command_line.log.shortage(error)
                await trio.sleep(SHORTAGE_PAUSE_S)
                continue
            nursery.start_soon(converse, stream, name_of(address), command_line)


async def cancel_on_signals(scope: trio.CancelScope) -> None:
    """End all tasks on SIGTERM or SIGINT."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for _ in received:
            scope.cancel()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("trio", __doc__)
    trio.run(serve, command_line)


if __name__ == "__main__":
    main()
