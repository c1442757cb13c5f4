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
    """Writes line by line to a stream. After a `failure` it drops the rest.

    While the output `matters`, a failure raises OutputLostError.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.failure: OSError | None = None
        self.matters = False
        self._stream = stream  # None if it was closed from the start

    def write(self, text: str) -> int:
        """Write the text; flush at the end of a line."""
        if self._stream and not self.failure:
            try:
                self._stream.write(text)
                if "\n" in text:
                    self._stream.flush()
            except OSError as error:
                self._fail(error)
        if self.failure and self.matters:
            raise OutputLostError(self.failure.strerror)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        if self._stream and not self.failure:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        with suppress(OSError, ValueError):  # its buffer must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's file descriptor."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding."""
        return self._stream.encoding if self._stream else "utf-8"
