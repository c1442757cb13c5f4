"""One run at a time on a machine: two at once would measure each other.

What shows a run to all others is an abstract Unix socket, a name that needs no file and no
permission, that every user sees, and that the kernel takes back when the process ends, however it
ends. It is seen in one network namespace: containers with their own see their own runs alone.
`c10k load` and `c10k ui` take no part: they may well be aimed at what a run measures.
"""

import errno
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ADDRESS: Final = "\0c10k.run"
ANSWER_S: Final = 2.0  # the other may be stopped: then it is known by its process id alone
CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: process, user and group id
LONGEST: Final = 4096


@dataclass(frozen=True)
class OtherRun:
    """A run of another process, and its directory if it said that."""

    pid: int
    directory: str

    def __str__(self) -> str:
        return f"process {self.pid}" + (f", {self.directory}" if self.directory else "")


class OneRun:
    """Shows this process's run while the context lasts, unless there is an `other` already.

    With `force` both go on, and the first lists this run in its `beside`.
    """

    def __init__(self, directory: Path, *, force: bool = False, address: str = ADDRESS) -> None:
        self.other: OtherRun | None = None
        self.beside: list[OtherRun] = []
        self._directory = str(directory.absolute()).encode(errors="replace")[:LONGEST]
        self._told = self._directory if force else b""
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + ANSWER_S
        while not self._claim():
            try:
                self.other = self._ask()
                break
            except ConnectionRefusedError:  # it begins or ends at this moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # of one that does not listen
            self._socket.shutdown(socket.SHUT_RDWR)  # ends the thread's accept()
        self._socket.close()

    def _claim(self) -> bool:
        try:
            self._socket.bind(self._address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        self._socket.listen()
        threading.Thread(target=self._answer, daemon=True).start()
        return True

    def _answer(self) -> None:
        """Tell everyone who asks where this run is, and remember those that go on beside it."""
        with suppress(OSError):
            while True:
                asking, _ = self._socket.accept()
                with asking, suppress(OSError):
                    asking.settimeout(ANSWER_S)
                    asking.send(self._directory)
                    if directory := asking.recv(LONGEST):
                        self.beside.append(_peer(asking, directory))

    def _ask(self) -> OtherRun:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.settimeout(ANSWER_S)
            asking.connect(self._address)
            directory = b""
            with suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
                if self._told:
                    asking.send(self._told)
                directory = asking.recv(LONGEST)
            return _peer(asking, directory)


def _peer(connection: socket.socket, directory: bytes) -> OtherRun:
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return OtherRun(CREDENTIALS.unpack(found)[0], directory.decode(errors="replace"))
