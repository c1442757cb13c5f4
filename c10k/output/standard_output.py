"""Standard output that may break during a run without the loss of what was measured."""

import io
import os
from contextlib import suppress
from typing import TextIO


class OutputLostError(Exception):
    """Standard output is closed, or its disk is full.

    Not an OSError: code that measures would take that for an error of its own.
    """


class Output(io.TextIOBase):
    """Writes to a stream, without a buffer. After a `failure` it drops the rest.

    While the output `matters`, a failure raises OutputLostError.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.failure: OSError | None = None
        self.matters = False
        # None if it was closed from the start
        self._stream = stream or open(os.devnull, "w")  # noqa: SIM115, PTH123 (kept open)

    def write(self, text: str) -> int:
        """Write the text at once."""
        if not self.failure:
            try:
                self._stream.write(text)
                self._stream.flush()
            except OSError as error:
                self._fail(error)
        if self.failure and self.matters:
            raise OutputLostError(self.failure.strerror)
        return len(text)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        with suppress(OSError, ValueError):  # its buffer must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's file descriptor."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """The stream's encoding."""
        return self._stream.encoding
