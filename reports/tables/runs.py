"""Two runs compared, as a table of verdicts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.runs import CLEAR, RunComparison, Verdict
from c10k.reports.language import _
from c10k.reports.tables.comparisons import figures, outcomes
from c10k.reports.tables.table import Cell, Column, Section, Table

ENOUGH_REPEATS: Final = 3


def table(found: RunComparison, base: str, head: str, *, every: bool = True) -> Table:
    """A row for each verdict, or for the clear ones alone; `base` and `head` name the runs."""
    columns = [
        *(Column(each, head=True) for each in (_("server"), _("workload"), _("clients"))),
        Column(_("measure"), head=True),
        *(Column(each) for each in (_("base"), _("head"), _("ratio"))),
        Column(_("verdict"), words=True),
    ]
    rows = []
    for each in found.changes:
        if every or each.verdict in CLEAR:
            now, before, ratio = figures(each)
            heads = (
                each.server,
                each.workload,
                wording.count(each.step) if each.step else _("all"),
                _(each.measure.noun),
            )
            values = (replace(value, interval="") for value in (before, now))
            rows.append([*map(Cell, heads), *values, ratio, Cell(str(each))])
    caption = _(
        "{head} (head) by {base} (base), at each step that both have. What is clear is a "
        "regression or an improvement.",
        head=head,
        base=base,
    )
    return Table(
        "verdicts",
        tally(found),
        f"{caption} {outcomes()}",
        columns,
        [Section("", rows)],
        list(notes(found)),
    )


def tally(found: RunComparison) -> str:
    """How many verdicts of each kind there are."""
    counts = Counter(each.verdict for each in found.changes)
    kinds = (each for each in Verdict if counts[each])
    return ", ".join(f"{_(each.value)}: {wording.count(counts[each])}" for each in kinds)


def notes(found: RunComparison) -> Iterator[str]:
    """What a reader must know before trusting a verdict, a sentence or two each."""
    for name, run in ((_("base"), found.base), (_("head"), found.head)):
        if run.about.interrupted or not run.about.finished_at:
            yield wording.sentence(_("{run} did not come to its end", run=name))
    if found.unlike:
        yield _("The runs differ in {what}.", what=wording.joined(found.unlike))
    if found.alone:
        yield _("Steps that only one of the runs has: {count}.", count=wording.count(found.alone))
    if found.broken:
        yield _(
            "Steps that failed in head, not in base: {count}.",
            count=wording.count(len(found.broken)),
        )
    if any(each.verdict is Verdict.INDICATIVE for each in found.changes):
        yield _(
            "A verdict needs the spread between repeats: measure both with --repeat {count} or "
            "more.",
            count=ENOUGH_REPEATS,
        )
    yield _(
        "The runs were measured one after the other: what changed on the machine meanwhile looks "
        "like a change of the server. c10k ab measures two servers side by side."
    )
