"""Echo on a blocking socket: what a thread, a process or a greenlet does for its one client."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from .command_line import CommandLine


def echo(
    connection: socket.socket,
    peer: str,
    command_line: CommandLine,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Send everything back until the peer has sent its last byte."""
    log, handler, buffer = command_line.log, command_line.handler, command_line.options.buffer
    with contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        try:
            log.connected(peer)
            if command_line.tls:
                connection = command_line.tls.wrap_socket(connection, server_side=True)
                stack.enter_context(connection)
            while data := connection.recv(buffer):
                if handler:
                    handler.handle(sleep)
                connection.sendall(data)
                if log.verbose:
                    log.echoed(peer, data)
        except (OSError, MemoryError) as error:
            log.broken(peer, error)
        else:
            log.ended(peer)
