"""A comparison of two runs as it is written: its page, and what terminals and programs read."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from c10k.reports import style, wording
from c10k.reports.comparisons.pairs import SLOPE
from c10k.reports.comparisons.runs import Change, RunComparison, Verdict
from c10k.reports.language import _
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.page import facts
from c10k.reports.page.page import environment
from c10k.reports.tables import runs
from c10k.reports.tables.table import Cell, Column, Section, Table
from c10k.results.exports.junit import Case, junit
from c10k.results.schema import one_line
from c10k.results.store import read_run

SCHEMA: Final = "c10k.compare/1"
_BROKEN: Final = "the steps that base measured"
_UNDECIDED: Final = (Verdict.UNDECIDED, Verdict.INDICATIVE, Verdict.NOT_COMPARED)


def compared(base: Path, head: Path) -> RunComparison:
    """Two runs, read and compared. RunError where one cannot be read; ReportError where one holds
    no step, or they cannot be compared.
    """
    return RunComparison(*(Measured(read_run(directory)) for directory in (base, head)))


def page(found: RunComparison) -> str:
    """Every verdict, and what the runs differ in, as HTML."""
    names = _names(found)
    tables = [runs.table(found, *names), differences(found)]
    template = environment().get_template("compare.html.j2")
    return template.render(tables=tables, runs=names, css=style.css())


def terminal(found: RunComparison, *, every: bool) -> list[str]:
    """The lines for a terminal: the verdicts, all or the clear ones, and how many of each kind."""
    base, head = _names(found)
    table = runs.table(found, base, head, every=every)
    shown = table.sections[0].rows
    rows = ["", *table.lines()] if shown else []
    tally = runs.tally(found)
    if len(shown) < len(found.changes):
        tally = _("{tally} (--all shows each)", tally=tally)
    return list(map(one_line, [f"base  {base}", f"head  {head}", *rows, "", tally]))


def markdown(found: RunComparison, *, every: bool) -> str:
    """The same for the page of a CI job, or a comment on a pull request."""
    return runs.table(found, *_names(found), every=every).markdown()


def as_junit(found: RunComparison) -> str:
    """A test case for each verdict: a regression is a failure, what is not decided is skipped. One
    more for each step that failed in head alone.
    """
    rows = runs.table(found, *_names(found)).sections[0].rows
    cases = [
        Case(
            f"{each.server}.{each.workload}",
            each.measure.noun + f", {each.step:,} connections" * (each.step != SLOPE),
            failed=text if each.verdict is Verdict.REGRESSION else "",
            skipped=text if each.verdict in _UNDECIDED else "",
            output=text,
        )
        for each, row in zip(found.changes, rows, strict=True)
        for text in [", ".join(map(str, row[4:]))]
    ]
    cases += [
        Case(f"{each.server}.{each.workload}", _BROKEN, failed=steps([each]))
        for each in found.broken
    ]
    return junit("c10k compare", cases, 0.0)


def steps(points: Sequence[Point]) -> str:
    """Steps in a line."""
    return "; ".join(f"{each.server}, {each.workload} at {each.connections:,}" for each in points)


def as_json(found: RunComparison) -> dict[str, Any]:
    """All of it as JSON holds it, null where there is no number."""
    counts = Counter(each.verdict for each in found.changes)
    return {
        "schema": SCHEMA,
        **{
            name: {
                "run": directory,
                "created_at": run.about.created_at,
                "commit": run.about.commit,
            }
            for name, directory, run in zip(
                ("base", "head"), _names(found), (found.base, found.head), strict=True
            )
        },
        "unlike": found.unlike,
        "steps_of_one_alone": found.alone,
        "broken": list(map(asdict, found.broken)),
        "verdicts": {each.value: counts[each] for each in Verdict},
        "changes": list(map(_change, found.changes)),
    }


def _change(change: Change) -> dict[str, Any]:
    measure, (head, base) = change.measure, change.values
    return {
        "server": change.server,
        "workload": change.workload,
        "connections": None if change.step == SLOPE else change.step,
        "measure": measure.column + PER_CONNECTION * measure.over_ramp,
        "meaning": measure.noun,
        "base": base.as_json(),
        "head": head.as_json(),
        "ratio": change.ratio.as_json(),
        "repeats": change.comparison.repeats,
        "verdict": change.verdict.value,
        "repeats_needed": change.comparison.repeats_needed,
        "why": change.why,
    }


def _names(found: RunComparison) -> tuple[str, str]:
    """The runs' directories as they were named, in characters that a file can hold."""
    base, head = (
        os.fsencode(run.run.directory).decode(errors="replace") for run in (found.base, found.head)
    )
    return base, head


def differences(found: RunComparison) -> Table:
    """What the runs differ in of machine, plan and versions."""
    described = [
        {
            f"{title}: {what}": value
            for title, items in facts.facts(run).items()
            for what, value in items.items()
        }
        for run in (found.base, found.head)
    ]
    whats = dict.fromkeys(what for each in described for what in each)
    rows = [[what, *(each.get(what, wording.MISSING) for each in described)] for what in whats]
    return Table(
        "differences",
        _("What the runs differ in"),
        _("Machine, plan and versions; what is not listed is the same."),
        [Column("", head=True), *(Column(name, words=True) for name in _names(found))],
        [Section("", [list(map(Cell, row)) for row in rows if len(set(row[1:])) > 1])],
    )
