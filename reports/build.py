"""From the directory of a run to the files of its report."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from c10k.reports import (
    capacity,
    figures,
    guide,
    output,
    overview,
    page,
    steps,
    summary,
    techniques,
)
from c10k.reports.chapter.tables import chapter_tables
from c10k.reports.data import Record, as_csv, as_parquet
from c10k.reports.figures import Picture
from c10k.reports.language import ENGLISH, use_locale
from c10k.reports.measured import Measured, ReportError
from c10k.reports.table import Table
from c10k.results.store import read_run

__all__ = ["ReportError", "build_report"]


def build_report(run_directory: Path, out: Path, language: str = ENGLISH) -> Path:
    """Write index.html, summary.md, figures/ and tables/ into `out`; the path of index.html.

    results.store.RunError when the run cannot be read, ReportError when it holds no step or `out`
    cannot be written, LanguageError when the language cannot be spoken: one line each.
    """
    with use_locale(language):
        return _build(run_directory, out)


def _build(run_directory: Path, out: Path) -> Path:
    measured = Measured(read_run(run_directory))
    told = techniques.told(measured)
    claimed = chapter_tables(measured)
    fitting = guide.table(measured)
    own_tables = [
        *([fitting] if fitting else []),
        *([overview.table(measured)] if len(measured.servers) > 2 else []),
        *([capacity.table(measured)] if measured.found() else []),
        *([techniques.table(measured)] if measured.techniques else []),
    ]
    every_step = steps.table(measured)
    pictures = figures.pictures(measured)
    index = out / "index.html"
    files: list[tuple[Path, str | bytes]] = [
        (out / "summary.md", summary.markdown(measured, told)),
        *(
            file
            for table in (*claimed, *own_tables, every_step)
            for file in _table(out / "tables" / table.name, table)
        ),
        *(
            file
            for picture in pictures
            for file in _picture(out / "figures" / picture.name, picture)
        ),
        (index, page.render(measured, told, claimed, own_tables, every_step, pictures)),
    ]
    output.write(out, files)
    return index


def _table(path: Path, table: Table) -> Iterator[tuple[Path, str | bytes]]:
    yield path.with_suffix(".md"), table.markdown()
    yield from _data(path, table.records)


def _picture(path: Path, picture: Picture) -> Iterator[tuple[Path, str | bytes]]:
    yield path.with_suffix(".svg"), picture.svg
    yield path.with_suffix(".png"), picture.png
    yield from _data(path, picture.records)


def _data(path: Path, records: Sequence[Record]) -> Iterator[tuple[Path, str | bytes]]:
    yield path.with_suffix(".csv"), as_csv(records)
    yield path.with_suffix(".parquet"), as_parquet(records)
