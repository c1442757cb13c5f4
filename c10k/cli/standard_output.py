"""Standard output as a run writes it: it may break while hours of measurements depend on it."""

import io
import os
from contextlib import suppress
from typing import TextIO


class OutputLostError(Exception):
    """Nobody reads what is printed any more, or there is no room for it.

    No OSError, which whoever measures would take for one of their own.
    """


class Output(io.TextIOBase):
    """Writes line by line to a stream until that fails; `failure` is why, and the rest is dropped.

    While it `matters`, the failure raises OutputLostError.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.failure: OSError | None = None
        self.matters = False
        self._stream = stream  # None where it was closed from the start

    def write(self, text: str) -> int:
        """Write the text, and at the end of a line all that there is."""
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
        """See write()."""
        if self._stream and not self.failure:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        with suppress(OSError, ValueError):  # what it still holds must not fail again at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's descriptor."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._stream.encoding if self._stream else "utf-8"
