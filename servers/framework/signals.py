"""End on a signal, whatever a server waits for.

Python runs a signal's handler between two bytecodes of the main thread. If the signal comes just
before a blocking system call, that is after the call. So servers wait for signals as well.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable

ENDINGS = (signal.SIGTERM, signal.SIGINT)


def end_at_once_on_signals() -> None:
    """End the process on SIGTERM and SIGINT. The kernel closes the sockets of threads in recv()."""
    for number in ENDINGS:
        signal.signal(number, lambda *_: os._exit(0))


def signalled() -> socket.socket:
    """Return a socket that becomes readable when a signal with a handler comes; for one caller."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    return reader


def waiting_for(listener: socket.socket) -> Callable[[], None]:
    """Return a function that waits for a connection to accept, while signals are handled."""
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
