"""The published claims that an experiment is about, each figure beside what was measured."""

import math
from collections.abc import Iterator

from c10k.reports import wording
from c10k.reports.comparisons.pairs import MEASURES, SLOPE, Comparisons, Contrast, Measure
from c10k.reports.comparisons.publication import sourced
from c10k.reports.comparisons.published import Judgement, Verdict, judge, within
from c10k.reports.language import _, local_number
from c10k.reports.model.derived import PER_CONNECTION
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import NOTHING, Quantity
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import RATIO, unit
from c10k.results.claims import Claim, ClaimedFigure
from c10k.results.published import around_ratio


def tables(measured: Measured, _comparisons: Comparisons) -> Iterator[Table]:
    """A table for each claim that has single figures, with a row for each of them."""
    for number, claim in enumerate(measured.claims, 1):
        if claim.figures:
            yield _table(f"claims-{number}", measured, claim)


def _table(stem: str, measured: Measured, claim: Claim) -> Table:
    columns = [
        Column(_("it says"), name="claim", head=True),
        Column(_("published"), name="published"),
        Column(_("measured"), name="measured"),
        Column(_("where"), name="step", words=True),
        Column(_("outcome"), name="outcome", words=True),
    ]
    rows = [_row(measured, each) for each in claim.figures]
    elsewhere = [wording.sentence(claim.elsewhere)] if claim.elsewhere else []
    return Table(stem, claim.title, sourced(claim), columns, [Section("", rows)], elsewhere)


def _row(measured: Measured, claimed: ClaimedFigure) -> list[Cell]:
    found, contrast = _found(measured, claimed)
    written = RATIO if claimed.over else unit(claimed.measure)
    judgement = _judged(claimed, found, contrast)
    return [
        Cell(claimed.says),
        Cell(_published(claimed), claimed.published[0]),
        cell(found, written),
        Cell(_where(claimed)),
        Cell(str(judgement), judgement.verdict.value, data={"off_by": judgement.off}),
    ]


def _found(measured: Measured, claimed: ClaimedFigure) -> tuple[Quantity, Contrast | None]:
    """The figure, and of a ratio the comparison that it is of."""
    point = Point(claimed.server, claimed.workload, claimed.clients)
    if not claimed.over:
        return measured.figure(point, claimed.measure), None
    servers = {each.label: each for each in measured.servers}
    sides = [servers[label] for label in (claimed.server, claimed.over) if label in servers]
    ramp = claimed.measure.endswith(PER_CONNECTION)
    measure = _measure(claimed.measure.removesuffix(PER_CONNECTION), ramp=ramp)
    step = SLOPE if ramp else claimed.clients
    compared = Comparisons(measured, sides if len(sides) == 2 else (), measures=[measure])
    contrast = compared.of(sides, claimed.workload, step, measure) if len(sides) == 2 else None
    if contrast is None:
        return NOTHING, None
    return (Quantity(why=contrast.why) if contrast.why else contrast.ratio), contrast


def _measure(column: str, *, ramp: bool) -> Measure:
    """What is compared by that name, or by any other column of the steps."""
    known = (each for each in MEASURES if (each.column, each.over_ramp) == (column, ramp))
    return next(known, Measure(column, column, unit(column), over_ramp=ramp))


def _judged(claimed: ClaimedFigure, found: Quantity, contrast: Contrast | None) -> Judgement:
    """A range is confirmed within it, and else judged by its nearest end; a bound by its side."""
    if contrast and contrast.why and not claimed.unlike:
        return Judgement(Verdict.UNDECIDED, why=contrast.why)
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
        else _("{count} clients", count=wording.count(claimed.clients))
    )
    return f"{named}, {claimed.workload}, {clients}"
