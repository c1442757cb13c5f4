"""Messages over a connected stream socket: each is its length in 4 bytes, then MessagePack."""

import select
import socket
import struct
import threading
from typing import Generic, Self, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)

LENGTH = struct.Struct("!I")


class Channel(Generic[T]):
    """One end; `received` is the union of what the other end sends.

    Threads and greenlets may send at the same time; one of them receives.
    """

    def __init__(self, connection: socket.socket, received: object) -> None:
        self._connection = connection
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(received)
        self._encoder = msgspec.msgpack.Encoder()
        self._sending = threading.Lock()

    def send(self, message: Struct) -> None:
        """Send one message. Raises OSError where the other end is gone."""
        body = self._encoder.encode(message)
        with self._sending:
            self._connection.sendall(LENGTH.pack(len(body)) + body)

    def receive(self) -> T:
        """Wait for the next message. Raises EOFError when the other end has closed."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return self._decoder.decode(self._exactly(length))

    def waiting(self, timeout_s: float) -> bool:
        """Wait for the beginning of a message, for so long; whether there is one."""
        return bool(select.select([self._connection], [], [], max(0.0, timeout_s))[0])

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                part = self._connection.recv(size - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                raise EOFError("the other end has closed")
            data += part
        return bytes(data)
