"""What a server says of its connections, on standard error."""

from __future__ import annotations

import contextlib
import os
import threading


class Log:
    """Writes lines. Troubles always; connections and messages where `verbose`.

    A line is one system call: threads do not wait for each other, processes do not mix theirs.
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
        """A client is there."""
        if self.verbose:
            self(f"{peer}: connected")

    def echoed(self, peer: str, data: bytes | bytearray | memoryview | int) -> None:
        """A read is answered; to be asked only where `verbose`: it costs a call a message.

        `data` is the number of the bytes where nobody here has seen them.
        """
        if isinstance(data, int):
            self(f"{peer}: echoed {data} bytes")
        else:
            self(f"{peer}: echoed {len(data)} bytes: {bytes(data)!r}")

    def ended(self, peer: str) -> None:
        """The client has sent its last byte, and has all of them back."""
        if self.verbose:
            self(f"{peer}: end of file")

    def broken(self, peer: str, error: BaseException) -> None:
        """A connection ended otherwise."""
        self(f"{peer}: connection broken: {error!r}")

    def shortage(self, error: BaseException) -> None:
        """A connection could not be taken: no descriptor, memory, thread or process is left."""
        with self._lock:
            self.shortages += 1
            self(f"cannot accept: {error!r} ({self.shortages} times so far)")


def name_of(address: object) -> str:
    """A peer's address as host:port. Some give None for one that has left since it connected."""
    if address is None:
        return "a client that has left"
    host, port = address[:2]  # type: ignore[index]  # a tuple, of whatever family
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
