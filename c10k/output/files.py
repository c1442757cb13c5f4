"""Output files: opened before anything is measured, so that no result is lost in the end."""

import argparse
import json
import math
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

from c10k.outcome import CommandError, Status

RUNS: Final = Path("results/runs")
"""Where runs are stored that `--out` gives no other directory."""


class OutputFile:
    """The file that `option` names, or standard output for `-` if `or_stdout`.

    Raises CommandError if it cannot be opened. Old content stays until write(). As a context
    manager it closes the file, and removes one that it made and that nothing was written to.
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
            self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115, PTH123 (closed by __exit__)
        except (OSError, ValueError) as error:
            raise CommandError(self._failure(error) + "; name another file") from None
        self._made = not existed

    def write(self, text: str) -> None:
        """Replace the content. Raises CommandError, with the status FAILED."""
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

    def __exit__(self, *_: object) -> None:
        if self.is_stdout:
            return
        with suppress(OSError):  # write() has reported it
            self._file.close()
        if self._made:
            Path(self.path).unlink(missing_ok=True)


def opened(
    args: argparse.Namespace, names: Iterable[str], stack: ExitStack
) -> dict[str, OutputFile]:
    """The files that options of these names were given, by name, open until the stack ends; --json
    may name `-`.

    Raises CommandError where one cannot be opened, and where two are the same.
    """
    outputs = {
        name: stack.enter_context(OutputFile(f"--{name}", path, or_stdout=name == "json"))
        for name in names
        if (path := getattr(args, name)) is not None
    }
    owners: dict[Path, str] = {}
    for name, output in outputs.items():
        file = Path(output.path).resolve()
        named = not output.is_stdout and file.is_file()  # /dev/null may be named twice
        if named and (other := owners.setdefault(file, name)) != name:
            raise CommandError(f"--{other} and --{name} name the same file: name two")
    return outputs


def json_text(value: object) -> str:
    """The value as JSON in ASCII, which any encoding of standard output can hold."""
    return json.dumps(value, indent=2) + "\n"


def or_none(value: float) -> float | None:
    """None for NaN, which JSON does not have."""
    return None if math.isnan(value) else value
