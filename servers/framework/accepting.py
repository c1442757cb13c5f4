"""Accept connections on a blocking socket, and go on when descriptors or memory run out."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

from .log import Log, name_of
from .signals import waiting_for

SHORTAGE_PAUSE_S = 0.1  # before the next accept when descriptors, memory or threads ran out


def accepted(
    listener: socket.socket,
    log: Log,
    *,
    wait: Callable[[], object] = lambda: None,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[tuple[socket.socket, str]]:
    """Yield each connection with its peer's name, for ever.

    `wait` is called before each accept. After a shortage (EMFILE, ENFILE, ENOMEM, ENOBUFS) it
    sleeps and tries again: the connections wait in the queue.
    """
    while True:
        try:
            wait()
            connection, address = listener.accept()
        except ConnectionAbortedError:
            continue  # the client left before its turn
        except (OSError, MemoryError) as error:
            log.shortage(error)
            sleep(SHORTAGE_PAUSE_S)
            continue
        yield connection, name_of(address)


def accepted_alone(listener: socket.socket, log: Log) -> Iterator[tuple[socket.socket, str]]:
    """Yield connections in a process that alone accepts, and handles signals meanwhile."""
    return accepted(listener, log, wait=waiting_for(listener))


def turn_away(connection: socket.socket, log: Log, error: BaseException) -> None:
    """Close a connection that got no thread or process, and pause before the next one."""
    log.shortage(error)
    connection.close()
    time.sleep(SHORTAGE_PAUSE_S)
