"""The changes of a history as a table, for the page, the terminal and Markdown."""

from typing import Final

from c10k.reports import wording
from c10k.reports.history.series import FoundChange, History, Subject
from c10k.reports.model.quantity import Quantity
from c10k.reports.tables.table import Cell, Column, Section, Table

_SUBJECT: Final = ("server", "workload", "clients", "measure")
_FOUND: Final = ("ratio", "since run", "commit", "commit before")
UNKNOWN: Final = "not known"


def table(history: History) -> Table:
    """A row for each change, the latest first."""
    return Table(
        "changes",
        "Changes",
        "The ratio is that of the runs from this one on, until the next change, to those before "
        "it. The run is the likeliest one: look at its neighbours too.",
        [Column(title, head=title in _SUBJECT) for title in (*_SUBJECT, *_FOUND)],
        [Section("", [_row(series.subject, change) for series, change in history.changes])],
    )


def _row(subject: Subject, change: FoundChange) -> list[Cell]:
    ratio = f"{change.ratio.value:.3f}×"
    return [
        Cell(subject.server),
        Cell(subject.workload),
        Cell(subject.clients),
        Cell(subject.measure.noun),
        Cell(ratio, interval=interval(change.ratio), outcome=change.verdict),
        Cell(change.run.name),
        Cell(change.run.short_commit or UNKNOWN),
        Cell(change.previous.short_commit or UNKNOWN),
    ]


def interval(ratio: Quantity) -> str:
    """A ratio's interval in words."""
    if not ratio.low > 0:
        return "too few runs"
    return f"{ratio.low:.3f} to {ratio.high:.3f}"


def summary(history: History) -> str:
    """How many changes there are in how many series of how many runs."""
    changes, runs = len(history.changes), counted(len(history.runs), "run")
    number = counted(changes, "change") if changes else "no change"
    return f"{number} in {counted(len(history.series), 'series', 'series')} of {runs}"


def notes(history: History) -> list[str]:
    """What a reader must know of the series, a sentence each."""
    settings = len(history.settings)
    unfit = sum(len(run.unfit) for run in history.runs)
    found = [
        (
            settings > 1,
            f"the runs are of {settings} machines or plans, which have series of their own",
        ),
        (
            len(history.short) > 0,
            f"{counted(len(history.short), 'series has', 'series have')} fewer than "
            f"{history.runs_needed} runs, in which no change can be distinguished from chance",
        ),
        (
            unfit > 0,
            f"{counted(unfit, 'figure')} of steps that the loader limited or others disturbed "
            f"{'counts' if unfit == 1 else 'count'} for nothing",
        ),
    ]
    return [wording.sentence(text) for applies, text in found if applies]


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things: 1 run, 2 runs."""
    return f"{wording.count(count)} {one if count == 1 else many or one + 's'}"
