"""The conversation with one client over a blocking socket, whoever has the patience for it."""

import os
import signal
import socket

from servers.frame.handler import Handler
from servers.frame.log import Log


def echo(
    connection: socket.socket, peer: str, buffer: int, handler: Handler | None, log: Log
) -> None:
    """Send everything back until the peer has sent its last byte."""
    with connection:
        try:
            log.connected(peer)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(buffer):
                if handler:
                    handler.handle()
                connection.sendall(data)
                if log.verbose:
                    log.echoed(peer, data)
        except (OSError, MemoryError) as error:
            log.broken(peer, error)
        else:
            log.ended(peer)


def end_at_once_on_signals() -> None:
    """Leave on SIGTERM and SIGINT: threads in recv() cannot be joined, and the kernel closes their
    sockets."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)


def _end(_number: int, _frame: object) -> None:
    os._exit(0)
