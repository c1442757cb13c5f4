"""The log of a server's connections, on standard error."""

from __future__ import annotations

import contextlib
import os
import threading


class Log:
    """Writes lines: errors always, connections and messages if `verbose`.

    A line is one system call: threads do not wait for each other, processes do not mix their lines.
    """

    def __init__(self, name: str, verbose: bool) -> None:
        self.name = name
        self.verbose = verbose
        self.shortages = 0
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        """Write a line."""
        with contextlib.suppress(OSError, MemoryError):
            os.write(2, f"{self.name}: {line}\n".encode())

    def connected(self, peer: str) -> None:
        """Log that a client has connected."""
        if self.verbose:
            self(f"{peer}: connected")

    def echoed(self, peer: str, data: bytes | bytearray | memoryview | int) -> None:
        """Log that a read was answered. Call it only if `verbose`: it costs a call per message.

        `data` is the number of bytes if the server never had the bytes themselves.
        """
        if isinstance(data, int):
            self(f"{peer}: echoed {data} bytes")
        else:
            self(f"{peer}: echoed {len(data)} bytes: {bytes(data)!r}")

    def ended(self, peer: str) -> None:
        """Log that the client has sent its last byte, and has got all of them back."""
        if self.verbose:
            self(f"{peer}: end of file")

    def broken(self, peer: str, error: BaseException) -> None:
        """Log that a connection ended otherwise."""
        self(f"{peer}: connection broken: {error!r}")

    def shortage(self, error: BaseException) -> None:
        """Log that a connection got no descriptor, memory, thread or process."""
        with self._lock:
            self.shortages += 1
            self(f"cannot accept: {error!r} ({self.shortages} times so far)")


def name_of(address: object) -> str:
    """Write a peer's address as host:port; None is that of a peer that has left already, an empty
    one that of the client of a Unix socket.
    """
    if address is None:
        return "a client that has left"
    if not address:
        return "a client"
    host, port = address[:2]  # type: ignore[index]  # a tuple, of whatever family
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
