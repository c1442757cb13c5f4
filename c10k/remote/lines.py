"""Messages as lines of JSON over two descriptors, for both ends of the connection.

Either end sends a sign of life every other second. So each notices within SILENCE_S that the link
is down, whatever ssh does at its end.
"""

import json
import os
import select
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

BEAT_S: Final = 2.0
SILENCE_S: Final = 10.0


class Lines:
    """Sends and receives messages, which are dictionaries.

    Any thread may send. One receives.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._turn = threading.Lock()
        self._closed = threading.Event()

    def send(self, message: dict[str, Any] | None) -> None:
        """Send a message, or a sign of life. Raises OSError where nobody reads any more."""
        line = json.dumps(message).encode() + b"\n"
        with self._turn:
            if self._closed.is_set():
                raise BrokenPipeError("the connection is closed")
            while line:
                line = line[os.write(self._writes, line) :]

    def beat(self) -> None:
        """Send a sign of life from now on, in a thread, until `close` or until nobody reads."""
        threading.Thread(target=self._beat, name="alive", daemon=True).start()

    def close(self) -> None:
        """Send nothing more: the descriptor may then be closed, and become another file's."""
        with self._turn:
            self._closed.set()

    def received(self, first_s: float = SILENCE_S) -> Iterator[dict[str, Any]]:
        """Each message, until the end. Raises TimeoutError after SILENCE_S without any line, or
        after `first_s` without the first.

        Lines that are none, such as the greeting of a login shell, are left out.
        """
        poll = select.poll()  # select() takes no descriptor above 1,023
        poll.register(self._reads, select.POLLIN)
        begun, patience_s = b"", first_s
        while poll.poll(patience_s * 1000):
            patience_s = SILENCE_S
            part = os.read(self._reads, 1 << 16)
            if not part:
                return
            *lines, begun = (begun + part).split(b"\n")
            for line in lines:
                with suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        yield message
        raise TimeoutError(f"nothing was heard for {patience_s:g} s")

    def _beat(self) -> None:
        with suppress(OSError):
            while not self._closed.wait(BEAT_S):
                self.send(None)
