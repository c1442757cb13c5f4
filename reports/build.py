"""From the directory of a run to the files of its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from c10k.reports import figures, output
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.data import Record, as_csv, as_parquet
from c10k.reports.language import ENGLISH, use_locale
from c10k.reports.model.measured import Measured
from c10k.reports.page.page import render
from c10k.reports.summary.markdown import markdown
from c10k.reports.tables import (
    capacity,
    comparisons,
    details,
    guide,
    publication,
    published,
    statements,
)
from c10k.results.store import read_run

_TABLES: Final = (published, publication, statements, guide, capacity, comparisons, details)


def build_report(run_directory: Path, out: Path, language: str = ENGLISH) -> Path:
    """Write index.html, summary.md, figures/ and tables/ into `out`; the path of index.html.

    results.store.RunError when the run cannot be read, ReportError when it holds no step or `out`
    cannot be written, LanguageError when the language cannot be spoken: one line each.
    """
    with use_locale(language):
        measured = Measured(read_run(run_directory))
        compared = Comparisons(measured)
        tables = [table for each in _TABLES for table in each.tables(measured, compared)]
        pictures = figures.pictures(measured)
        files: dict[Path, str | bytes] = {out / "summary.md": markdown(measured, compared)}
        for table in tables:
            files |= _files(out / "tables" / table.name, table.records, md=table.markdown())
        for each in pictures:
            path = out / "figures" / each.name
            files |= _files(path, each.records, svg=each.svg, png=each.png)
        files[out / "index.html"] = render(measured, compared, tables, pictures)
    if out.is_symlink() and out.parent == run_directory:
        raise output.UnwritableError(f"{out} cannot be written: it is a symbolic link")
    output.write(out, files.items())
    return out / "index.html"


def _files(path: Path, records: Sequence[Record], **others: str | bytes) -> dict[Path, str | bytes]:
    contents = {"csv": as_csv(records), "parquet": as_parquet(records), **others}
    return {path.with_suffix(f".{suffix}"): content for suffix, content in contents.items()}
