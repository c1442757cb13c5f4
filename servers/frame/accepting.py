"""Accepting connections one after the other on a blocking socket, whatever runs out meanwhile."""

import socket
import time
from collections.abc import Iterator

from servers.frame.log import Log, name_of

SHORTAGE_PAUSE_S = 0.1  # until the next accept when descriptors, memory or threads ran out


def accepted(listener: socket.socket, log: Log) -> Iterator[tuple[socket.socket, str]]:
    """Yield each connection with its peer's name, for ever.

    A shortage (EMFILE, ENFILE, ENOMEM, ENOBUFS) is waited out: the queue waits for better times.
    """
    while True:
        try:
            connection, address = listener.accept()
        except ConnectionAbortedError:
            continue  # the client left while it waited in the queue
        except (OSError, MemoryError) as error:
            log.shortage(error)
            time.sleep(SHORTAGE_PAUSE_S)
            continue
        yield connection, name_of(address)


def turn_away(connection: socket.socket, log: Log, error: BaseException) -> None:
    """Close a connection that got no thread or process, and wait a moment for better times."""
    log.shortage(error)
    connection.close()
    time.sleep(SHORTAGE_PAUSE_S)
