"""The published claims that an experiment is about, each figure beside what was measured."""

import math
from collections.abc import Iterator

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons, Contrast
from c10k.reports.comparisons.publication import sourced
from c10k.reports.comparisons.published import Judgement, Verdict, judge, within
from c10k.reports.language import _, local_number
from c10k.reports.model import flags
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import NOTHING, Flag, Quantity
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import RATIO, unit
from c10k.results.claims import Claim, ClaimedFigure
from c10k.results.published import around_ratio


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """A table for each claim that has single figures, with a row for each of them."""
    for number, claim in enumerate(measured.claims, 1):
        if claim.figures:
            yield _table(f"claims-{number}", measured, comparisons, claim)


def _table(stem: str, measured: Measured, comparisons: Comparisons, claim: Claim) -> Table:
    columns = [
        Column(_("it says"), name="claim", head=True),
        Column(_("published"), name="published"),
        Column(_("measured"), name="measured"),
        Column(_("where"), name="step", words=True),
        Column(_("outcome"), name="outcome", words=True),
    ]
    rows = [_row(measured, comparisons, each) for each in claim.figures]
    notes = [wording.sentence(claim.elsewhere)] if claim.elsewhere else []
    limited = Flag.LOADER_LIMITED.phrase
    if any(limited in str(outcome) for *_others, outcome in rows):
        more = _(
            "{flag}: on a machine that gives the loader more CPUs it may be decided.", flag=limited
        )
        notes.append(wording.sentence(more))
    return Table(stem, claim.title, sourced(claim), columns, [Section("", rows)], notes)


def _row(measured: Measured, comparisons: Comparisons, claimed: ClaimedFigure) -> list[Cell]:
    labels = list(filter(None, (claimed.server, claimed.over)))
    ramp = claimed.measure.endswith(PER_CONNECTION)
    steps = measured.steps if ramp else [claimed.clients]
    points = [Point(label, claimed.workload, step) for label in labels for step in steps]
    why = "; ".join(filter(None, (_failed(measured, point) for point in points)))
    if claimed.over:
        contrast, written = comparisons.of_ratio(claimed), RATIO
        why = why or (contrast.why if contrast else "")
        found = contrast.ratio if contrast and not why else NOTHING
        if why and claimed.unlike:
            found = Quantity(why=why)
    else:
        contrast, written = None, unit(claimed.measure)
        found = measured.figure(points[0], claimed.measure)
    judgement = _judged(claimed, found, contrast, why)
    return [
        Cell(claimed.says),
        Cell(_published(claimed), claimed.published[0]),
        cell(found, written),
        Cell(_where(claimed)),
        Cell(str(judgement), judgement.verdict.value, data={"off_by": judgement.off}),
    ]


def _failed(measured: Measured, point: Point) -> str:
    """Of which server a repeat failed, and how: what the others have is not what it does."""
    if Flag.FAILED not in measured.flags(point):
        return ""
    detail = flags.detail(measured.rows(point), Flag.FAILED)
    return _("{server} failed ({detail})", server=point.server, detail=detail)


def _judged(
    claimed: ClaimedFigure, found: Quantity, contrast: Contrast | None, why: str
) -> Judgement:
    """A range is confirmed within it, and else judged by its nearest end; a bound by its side;
    nothing where there is a reason `why` not to.
    """
    if why and not claimed.unlike:
        return Judgement(Verdict.UNDECIDED, why=why)
    low, high = claimed.published
    if claimed.at and not claimed.unlike:
        return within(low, found, most=claimed.at == "most")
    confirming = (low, high) if low < high else around_ratio(low) if claimed.over else None
    nearest = min(max(found.value, low), high) if found.known else low
    ratio = nearest if contrast else math.nan
    return judge(nearest, found, ratio, contrast, claimed.unlike, confirming)


def _published(claimed: ClaimedFigure) -> str:
    """As it was printed."""
    ends = [claimed.value] if claimed.to is None else [claimed.value, claimed.to]
    printed = "–".join(local_number(f"{each:,.10g}") for each in ends)
    if claimed.over:
        figure = _("{value}×", value=printed)
    else:
        figure = f"{printed} {claimed.unit.replace('us', 'µs')}".rstrip()
    bound = {"": "{figure}", "most": _("at most {figure}"), "least": _("at least {figure}")}
    return bound[claimed.at].format(figure=figure)


def _where(claimed: ClaimedFigure) -> str:
    servers = _("{one} ÷ {other}", one=claimed.server, other=claimed.over)
    named = servers if claimed.over else claimed.server
    clients = (
        _("over the ramp")
        if claimed.measure.endswith(PER_CONNECTION)
        else wording.clients(claimed.clients)
    )
    return f"{named}, {claimed.workload}, {clients}"
