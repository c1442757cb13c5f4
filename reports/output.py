"""Where a report is written."""

from collections.abc import Iterable
from pathlib import Path

from c10k.reports.model.measured import ReportError


class UnwritableError(ReportError):
    """A report cannot be written there; the message is one line for the user."""


def write(out: Path, files: Iterable[tuple[Path, str | bytes]]) -> None:
    """Write (path, content) of each file in `out`; UnwritableError where one cannot be.

    Links in `out` are not followed: a run from elsewhere may bring a report that has some.
    """
    try:
        for path, content in files:
            inner = path.parent.relative_to(out).parts
            for folder in (out.joinpath(*inner[: i + 1]) for i in range(len(inner))):
                if folder.is_symlink():
                    raise UnwritableError(f"{folder} cannot be written: it is a symbolic link")
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or path.is_fifo():
                path.unlink()
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        where = error.filename or out
        raise UnwritableError(f"{where} cannot be written: {error.strerror}") from error
