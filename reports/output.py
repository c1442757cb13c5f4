"""Where a report is written."""

from collections.abc import Iterable
from pathlib import Path

from c10k.reports.model.measured import ReportError


class UnwritableError(ReportError):
    """A report cannot be written there; the message is one line for the user."""


def write(out: Path, files: Iterable[tuple[Path, str | bytes]]) -> None:
    """Write (path, content) of each file; UnwritableError where one cannot be."""
    try:
        for path, content in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        where = error.filename or out
        raise UnwritableError(f"{where} cannot be written: {error.strerror}") from error
