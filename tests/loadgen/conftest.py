"""Servers of the tests' own, which behave, or misbehave, exactly as told."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

Handler = Callable[[socket.socket], None]
Serve = Callable[[Handler], tuple[str, int]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that give every connection to a handler in a thread of its own."""
    listeners: list[socket.socket] = []

    def start(handler: Handler) -> tuple[str, int]:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()
        return listener.getsockname()

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
        listener.close()


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_handle, args=(connection, handler), daemon=True).start()


def _handle(connection: socket.socket, handler: Handler) -> None:
    with connection, suppress(OSError):
        handler(connection)


def echo(connection: socket.socket) -> None:
    """Echo until the end of file."""
    while data := connection.recv(65536):
        connection.sendall(data)


@contextmanager
def ordered_echo(arrivals: list[int]) -> Iterator[tuple[str, int]]:
    """An echo server in one thread that notes which connection (in order of acceptance) each
    arrival came from."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop, stopped = socket.socketpair()
    selector = selectors.EpollSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(stopped, selectors.EVENT_READ)

    def loop() -> None:
        connections: list[socket.socket] = []
        while True:
            for key, _ in selector.select():
                if key.fileobj is stopped:
                    return
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    selector.register(connection, selectors.EVENT_READ, len(connections))
                    connections.append(connection)
                elif data := connections[key.data].recv(65536):
                    arrivals.append(key.data)
                    connections[key.data].sendall(data)
                else:
                    selector.unregister(key.fileobj)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        stop.close()
        thread.join()
        listener.close()
        stopped.close()
        selector.close()
