"""Servers that misbehave exactly, and keep a record of what they did.

`Misbehaving` is a handler for conftest's `serve`; the others are servers of their own.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from c10k.audit.behaviours import Answer, Behaviour
from c10k.audit.server import NEVER, ExactServer

# What to do with a connection instead of echoing a message; the last argument is the message that
# came before it on the same connection.
Misbehaviour = Callable[[socket.socket, bytes, bytes], None]


def receive(connection: socket.socket, size: int) -> bytes:
    """The next `size` bytes; ConnectionError where the peer ends before."""
    message = bytearray()
    while len(message) < size:
        part = connection.recv(size - len(message))
        if not part:
            raise ConnectionError("the peer ended")
        message += part
    return bytes(message)


class Misbehaving:
    """A handler that echoes whole messages, but some of them not.

    Messages are counted from 1 in the order in which they arrive, whatever their connection; `at`
    says what happens to which of them. That connection is then left as it is until its client goes.
    """

    def __init__(self, at: Mapping[int, Misbehaviour], size: int = 64) -> None:
        self.at = at
        self.size = size
        self.received = 0  # messages, of all connections
        self.hurt: list[int] = []  # the client's port of each connection misbehaved to
        self.hurt_ns: list[int] = []  # when
        self.gone: list[int] = []  # the client's port of each connection that its client left
        self.gone_ns: list[int] = []  # when
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = connection.getpeername()[1]
        with suppress(OSError):
            self._serve(connection, port)
        with self._lock:
            self.gone_ns.append(time.monotonic_ns())  # first: a test waits for the other
            self.gone.append(port)

    def _serve(self, connection: socket.socket, port: int) -> None:
        message = b""
        while True:
            previous, message = message, receive(connection, self.size)
            with self._lock:
                self.received += 1
                misbehave = self.at.get(self.received)
                if misbehave:
                    self.hurt.append(port)
                    self.hurt_ns.append(time.monotonic_ns())
            if misbehave:
                misbehave(connection, message, previous)
                while connection.recv(65536):
                    pass
                return
            connection.sendall(message)


def sending(change: Callable[[bytes, bytes], bytes]) -> Misbehaviour:
    """Send what `change` makes of the message, or of the one before it, instead of the echo."""

    def misbehave(connection: socket.socket, message: bytes, previous: bytes) -> None:
        connection.sendall(change(message, previous))

    return misbehave


def flipped(place: int) -> Misbehaviour:
    """Echo with one bit of the byte at `place` flipped."""

    def flip(message: bytes, _: bytes) -> bytes:
        return message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :]

    return sending(flip)


a_part = sending(lambda message, _: message[:10])


def half_close(connection: socket.socket, *_: bytes) -> None:
    """Shut down the sending side."""
    connection.shutdown(socket.SHUT_WR)


def half_close_after(connection: socket.socket, message: bytes, _: bytes) -> None:
    """Echo, with the end of file in the same segment: no next message can come between."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    connection.sendall(message)
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket, *_: bytes) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def after_a_part(end: Misbehaviour) -> Misbehaviour:
    """Echo the first ten bytes, then end the connection."""

    def misbehave(connection: socket.socket, message: bytes, previous: bytes) -> None:
        a_part(connection, message, previous)
        end(connection, message, previous)

    return misbehave


# Each with the cause that its error is counted under.
MISBEHAVIOURS: dict[str, tuple[Misbehaviour, str]] = {
    "first byte": (flipped(0), "corrupt"),
    "middle byte": (flipped(31), "corrupt"),
    "last byte": (flipped(63), "corrupt"),
    "stale": (sending(lambda _, previous: previous), "corrupt"),
    "halves swapped": (sending(lambda message, _: message[32:] + message[:32]), "corrupt"),
    "one more byte": (sending(lambda message, _: message + b"!"), "excess"),
    "twice": (sending(lambda message, _: message * 2), "excess"),
    "half close": (half_close, "closed_by_server"),
    "half close after a part": (after_a_part(half_close), "closed_by_server"),
    "reset": (reset, "reset"),
    "reset after a part": (after_a_part(reset), "reset"),
}


class Swapped:
    """Give two connections each other's message."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.both = threading.Barrier(2, timeout=20)

    def __call__(self, connection: socket.socket, message: bytes, _: bytes) -> None:
        self.messages.append(message)
        self.both.wait()
        one, other = self.messages
        connection.sendall(other if message is one else one)


class Delaying(ExactServer):
    """A server that echoes each message of 64 bytes after the next of `delays_s`."""

    def __init__(self, delays_s: Iterable[float]) -> None:
        delays = iter(delays_s)
        super().__init__(Behaviour("delays", "", lambda _, at_s: Answer(at_s + next(delays)), ()))

    @property
    def given_ns(self) -> list[list[int]]:
        """For each connection, in order of acceptance, the delays that it really gave."""
        given: list[list[int]] = [[] for _ in self.accepted_ns]
        record = zip(self.senders, self.arrived_ns, self.answered_ns, strict=True)
        for sender, arrived_ns, answered_ns in record:
            if answered_ns != NEVER:
                given[sender].append(answered_ns - arrived_ns)
        return given

    @contextmanager
    def serving(self) -> Iterator[tuple[str, int]]:
        """Serve, and say at which address."""
        stop = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=self.serve, args=(listener, stop.is_set))
            thread.start()
            try:
                yield listener.getsockname()
            finally:
                stop.set()
                thread.join()
