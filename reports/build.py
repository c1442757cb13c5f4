"""From the directory of a run to the files of its report."""

from collections.abc import Iterable
from pathlib import Path

from reports import capacity, figures, overview, page, summary, tables, techniques
from reports.measured import Measured, ReportError
from results.store import read_run

__all__ = ["ReportError", "build_report"]


def build_report(run_directory: Path, out: Path) -> Path:
    """Write index.html, summary.md, figures/ and tables/ into `out`; the path of index.html.

    results.store.RunError when the run cannot be read, ReportError when it holds no step or `out`
    cannot be written: one line each.
    """
    measured = Measured(read_run(run_directory))
    told = techniques.told(measured)
    chapter_tables = tables.chapter_tables(measured)
    own_tables = [
        *([overview.table(measured)] if len(measured.servers) > 2 else []),
        *([capacity.table(measured)] if measured.found() else []),
        *([techniques.table(measured)] if measured.techniques else []),
    ]
    steps = tables.steps(measured)
    pictures = figures.pictures(measured)
    index = out / "index.html"
    files = [
        (out / "summary.md", summary.markdown(measured, told)),
        *(
            (out / "tables" / f"{table.name}.{suffix}", text)
            for table in (*chapter_tables, *own_tables, steps)
            for suffix, text in (("md", table.markdown()), ("csv", table.csv()))
        ),
        *(
            (out / "figures" / f"{picture.name}.{suffix}", content)
            for picture in pictures
            for suffix, content in (("svg", picture.svg), ("png", picture.png))
        ),
        (index, page.render(measured, told, chapter_tables, own_tables, steps, pictures)),
    ]
    try:
        _write(files)
    except OSError as error:
        raise ReportError(f"{error.filename or out} cannot be written: {error.strerror}") from error
    return index


def _write(files: Iterable[tuple[Path, str | bytes]]) -> None:
    for path, content in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
