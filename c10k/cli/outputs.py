"""Files that a command writes in the end: opened in the beginning, so that nothing is lost."""

import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from c10k.outcome import CommandError, Status


class OutputFile:
    """What `option` names: a file that can be written, or standard output for `-` where it may.

    Raises CommandError where it cannot be opened. What was there is kept until write(). As a
    context manager it closes, and removes a file of its own making in which nothing was written.
    """

    def __init__(self, option: str, path: str, *, or_stdout: bool = False) -> None:
        self.is_stdout = path == "-" and or_stdout
        self._option, self.path, self._made = option, path, False
        if self.is_stdout:
            return
        if path in ("", "-"):
            raise CommandError(f"{option} needs the name of a file; got {path!r}")
        existed = os.path.lexists(path)
        try:
            self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115, PTH123
        except (OSError, ValueError) as error:
            raise CommandError(self._failure(error) + "; name another file") from None
        self._made = not existed

    def write(self, text: str) -> None:
        """Replace the content. Raises CommandError, of a measurement that is shown all the same."""
        if self.is_stdout:
            sys.stdout.write(text)
            return
        try:
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # not a pipe or a device
                self._file.truncate(0)
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise CommandError(self._failure(error), Status.FAILED) from None
        self._made = False

    def _failure(self, error: OSError | ValueError) -> str:
        reason = error.strerror if isinstance(error, OSError) else error
        return f"{self._option} {self.path} cannot be written: {reason}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_stdout:
            return
        with suppress(OSError):  # of what write() could not
            self._file.close()
        if self._made:
            Path(self.path).unlink(missing_ok=True)


def json_text(value: object) -> str:
    """JSON that any encoding of standard output can hold."""
    return json.dumps(value, indent=2) + "\n"
