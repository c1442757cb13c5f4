"""WebSocket as RFC 6455 says, for the tests' own clients and servers: simple, slow, and alone."""

import hashlib
import io
import socket
from base64 import b64encode
from collections.abc import Callable
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # section 1.3


class Frame(NamedTuple):
    """What one side has sent."""

    opcode: int
    payload: bytes
    final: bool = True


def receive(connection: socket.socket, size: int) -> bytes:
    """Read exactly so many bytes. Raises EOFError."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def head(connection: socket.socket) -> str:
    """A head of HTTP, byte by byte, so that nothing behind it is read."""
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        text += receive(connection, 1)
    return text.decode("ascii")


def header(request_or_reply: str, name: str) -> str:
    """The value of a header; empty if there is none."""
    for line in request_or_reply.split("\r\n")[1:]:
        known, _, value = line.partition(":")
        if known.lower() == name.lower():
            return value.strip()
    return ""


def turned(payload: bytes, key: bytes) -> bytes:
    """The payload masked, or unmasked."""
    mask = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(len(payload))


def encoded(frame: Frame, key: bytes = b"") -> bytes:
    """The bytes of a frame, masked if there is a key."""
    size = len(frame.payload)
    length = (
        bytes([size])
        if size < 126
        else b"\x7e" + size.to_bytes(2)
        if size < 65_536
        else b"\x7f" + size.to_bytes(8)
    )
    first = frame.opcode | frame.final << 7
    if not key:
        return bytes([first]) + length + frame.payload
    return bytes([first, length[0] | 0x80]) + length[1:] + key + turned(frame.payload, key)


def frame_of(connection: socket.socket, *, masked: bool) -> Frame:
    """The next frame, which must be masked or must not."""
    return read_frame(lambda size: receive(connection, size), masked=masked)


def frame_of_bytes(data: bytes) -> Frame:
    """The masked frame that the bytes begin with."""
    return read_frame(io.BytesIO(data).read, masked=True)


def read_frame(read: Callable[[int], bytes], *, masked: bool) -> Frame:
    """A frame, read by a function that reads so many bytes."""
    first, second = read(2)
    assert bool(second & 0x80) == masked
    assert not first & 0x70
    size = second & 0x7F
    if size > 125:
        size = int.from_bytes(read(2 if size == 126 else 8))
    key = read(4) if masked else bytes(4)
    return Frame(first & 0x0F, turned(read(size), key), bool(first & 0x80))


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return b64encode(hashlib.sha1(text.encode()).digest()).decode()


def agreement(request: str) -> bytes:
    """The reply to a handshake."""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_of(header(request, 'Sec-WebSocket-Key'))}\r\n\r\n"
    ).encode()


def upgrade(connection: socket.socket, *extra: str) -> str:
    """Send a handshake, perhaps with more headers; the reply, which must agree to it."""
    lines = (
        *("GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"),
        *("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}", *extra),
    )
    connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    reply = head(connection)
    assert reply.startswith("HTTP/1.1 101 ")
    assert header(reply, "Sec-WebSocket-Accept") == ACCEPT
    return reply


def serving(answer: Callable[[socket.socket, int, bytes], object]) -> Callable[..., None]:
    """A handler of connections that agrees to the handshake and calls `answer` with each message's
    number, from 1 on, and its payload."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(agreement(head(connection)))
        number = 0
        while True:
            try:
                frame = frame_of(connection, masked=True)
            except EOFError:
                return
            if frame.opcode == BINARY:
                number += 1
                answer(connection, number, frame.payload)

    return handler
