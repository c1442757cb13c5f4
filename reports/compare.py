"""Several runs side by side, and what they differ in.

No repeat of one run belongs to a repeat of another, so there are ratios, and no outcomes.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from c10k.reports import output, style, wording
from c10k.reports.comparisons.pairs import CPU, P50, P99, RESIDENT, THROUGHPUT, Measure
from c10k.reports.language import ENGLISH, _, use_locale
from c10k.reports.model.measured import Measured, Point, ReportError
from c10k.reports.page import facts
from c10k.reports.page.page import environment
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.results.store import read_run

MEASURES: Final = (THROUGHPUT, P50, P99, RESIDENT, CPU)


def build_comparison(directories: Sequence[Path], out: Path, language: str = ENGLISH) -> Path:
    """Write index.html and runs.md into `out`; the path of index.html.

    RunError where a run cannot be read; ReportError where there are fewer than two, one holds no
    step, they have none in common, or `out` cannot be written; LanguageError where the language
    cannot be spoken.
    """
    with use_locale(language):
        if len(directories) < 2:
            raise ReportError(_("name at least two runs to compare"))
        every = (Measured(read_run(directory)) for directory in directories)
        runs = dict(zip(_names(directories), every, strict=True))
        tables = [table(runs), differences(runs)]
        if not tables[0].sections:
            raise ReportError(_("the runs have no server, workload and step in common"))
        template = environment().get_template("compare.html.j2")
        page = template.render(tables=tables, runs=list(runs), css=style.css())
        index = out / "index.html"
        output.write(out, [(out / "runs.md", tables[0].markdown()), (index, page)])
    return index


def _names(directories: Sequence[Path]) -> list[str]:
    """As they were named, in characters that a file can hold; with numbers if two are the same."""
    names = [os.fsencode(directory).decode(errors="replace") for directory in directories]
    if len(set(names)) == len(names):
        return names
    return [f"{name} ({number})" for number, name in enumerate(names, start=1)]


def table(runs: Mapping[str, Measured]) -> Table:
    """A row for each run at each step of a server that all of them measured."""
    name, first = next(iter(runs.items()))
    points = [point for point in first.points() if all(run.usable(point) for run in runs.values())]
    rows = [_cells(first, *run, point) for point in points for run in runs.items()]
    titles = (_("workload"), _("server"), _("clients"), _("run"))
    columns = [Column(title, head=True) for title in titles]
    return Table(
        "runs",
        _("Runs side by side"),
        _(
            "After a figure its ratio to that of {first}; none where the loader limited or others "
            "disturbed either, or the messages differ. No repeat of one run belongs to a repeat of "
            "another, so ratios are indicative: there is no outcome.",
            first=name,
        ),
        [*columns, *(Column(_(measure.noun)) for measure in MEASURES)],
        [Section("", rows)] if rows else [],
    )


def _cells(first: Measured, name: str, run: Measured, point: Point) -> list[Cell]:
    flags = ", ".join(flag.phrase for flag in run.flags(point))
    cells = [Cell(point.workload), Cell(point.server), Cell(wording.count(point.connections))]
    cells.append(Cell(name, caveat=flags))
    for measure in MEASURES:
        value, ratio = run.at(point, measure.column), _ratio(run, first, point, measure)
        cells.append(replace(cell(value, measure.unit, caveats=False), outcome=ratio))
    return cells


def _ratio(run: Measured, first: Measured, point: Point, measure: Measure) -> str:
    """A run by the first; empty where they cannot be compared."""
    now, before = (each.at(point, measure.column).value for each in (run, first))
    unfit = any(each.unfit([point], measure.column) for each in (run, first))
    apart = run is first or unfit or run.spoken(point) != first.spoken(point)
    return "" if apart or not now * before > 0 else wording.ratio(now / before)


def differences(runs: Mapping[str, Measured]) -> Table:
    """What the runs differ in of machine, plan and versions."""
    described = [
        {
            f"{title}: {what}": value
            for title, items in facts.facts(run).items()
            for what, value in items.items()
        }
        for run in runs.values()
    ]
    whats = dict.fromkeys(what for each in described for what in each)
    rows = [[what, *(each.get(what, wording.MISSING) for each in described)] for what in whats]
    return Table(
        "differences",
        _("What the runs differ in"),
        _("Machine, plan and versions; what is not listed is the same."),
        [Column("", head=True), *(Column(name, words=True) for name in runs)],
        [Section("", [list(map(Cell, row)) for row in rows if len(set(row[1:])) > 1])],
    )
