"""Ending on a signal, in whatever a server waits for.

Python runs the handler of a signal between two steps of the main thread. One that comes just before
a system call that waits would have to wait for that call's end: so servers wait for signals too.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable

ENDINGS = (signal.SIGTERM, signal.SIGINT)


def end_at_once_on_signals() -> None:
    """Leave on SIGTERM and SIGINT: threads in recv() cannot be joined, and the kernel closes their
    sockets."""
    for number in ENDINGS:
        signal.signal(number, lambda *_: os._exit(0))


def signalled() -> socket.socket:
    """A socket that can be read when there has been a signal with a handler; for one caller."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    return reader


def waiting_for(listener: socket.socket) -> Callable[[], None]:
    """What waits until there is a connection to accept, and has signals handled at once."""
    signals = signalled()
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(signals, select.POLLIN)

    def wait() -> None:
        while True:
            ready = dict(poll.poll())
            if signals.fileno() in ready:
                signals.recv(4096)
            if listener.fileno() in ready:
                return

    return wait
