"""One run at a time on a machine: two at once would measure each other.

A run listens on an abstract Unix socket. Its name needs no file and no permission, every user sees
it, and the kernel removes it when the process ends, in whatever way. A network namespace has names
of its own, so containers do not see each other's runs. `c10k load` and `c10k ui` do not take part:
their target may be the server that a run measures.
"""

import errno
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

ADDRESS: Final = "\0c10k.run"
ANSWER_S: Final = 2.0  # a stopped process does not answer: then only its id is known
CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: process, user and group id
LONGEST: Final = 4096


@dataclass(frozen=True)
class OtherRun:
    """The run of another process, with its directory if the process answered."""

    pid: int
    directory: str

    def __str__(self) -> str:
        return f"process {self.pid}" + (f", {self.directory}" if self.directory else "")


class OneRun:
    """Claims the machine while the context lasts, unless an `other` run has it.

    With `force` both continue, and the first lists this run among its `concurrent` runs.
    """

    def __init__(self, directory: Path, *, force: bool = False, address: str = ADDRESS) -> None:
        self.other: OtherRun | None = None
        self.concurrent: list[OtherRun] = []
        self._directory = str(directory.absolute()).encode(errors="replace")[:LONGEST]
        self._announced = self._directory if force else b""
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + ANSWER_S
        while not self._claim():
            try:
                self.other = self._ask()
                break
            except ConnectionRefusedError:  # it starts or ends at this moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # if it does not listen
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
        """Answer with this run's directory, and record the runs that continue regardless."""
        with suppress(OSError):
            while True:
                asking, _ = self._socket.accept()
                with asking, suppress(OSError):
                    asking.settimeout(ANSWER_S)
                    asking.send(self._directory)
                    if directory := asking.recv(LONGEST):
                        self.concurrent.append(_peer(asking, directory))

    def _ask(self) -> OtherRun:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.settimeout(ANSWER_S)
            asking.connect(self._address)
            directory = b""
            with suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
                if self._announced:
                    asking.send(self._announced)
                directory = asking.recv(LONGEST)
            return _peer(asking, directory)


def _peer(connection: socket.socket, directory: bytes) -> OtherRun:
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return OtherRun(CREDENTIALS.unpack(found)[0], directory.decode(errors="replace"))
