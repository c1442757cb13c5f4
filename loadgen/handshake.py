"""The handshake by which a connection of HTTP becomes one of WebSocket (RFC 6455, section 4)."""

import hashlib
import os
from base64 import b64encode
from typing import Final, NamedTuple

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Handshake(NamedTuple):
    """What is sent, and the Sec-WebSocket-Accept that the reply must have."""

    request: bytes
    accept: bytes  # 28 bytes


def handshake(path: str, authority: str) -> Handshake:
    """One with a random key. `authority` is the host and port of a URL. All for the same path and
    authority are of the same length."""
    key = b64encode(os.urandom(16))
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: c10k\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n"
    )
    return Handshake(head.encode(), b64encode(hashlib.sha1(key + GUID).digest()))
