"""The tables of a publication in their own shape: its figures beside those of the run."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons, Side, answering, of_sides
from c10k.reports.comparisons.publication import PrintedPair, Publication, noun
from c10k.reports.comparisons.published import Judgement, Verdict, judge
from c10k.reports.language import _, local_number
from c10k.reports.model.derived import MEASURES
from c10k.reports.model.measured import Measured, Point, intervals
from c10k.reports.model.quantity import NOTHING, Quantity
from c10k.reports.model.servers import MeasuredWorkload
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import RATIO, Unit
from c10k.results.claimed_tables import ByClients, ByServer, Row, Stage, Stages
from c10k.results.published import around_ratio

_Columns = ByServer | ByClients | Stages
_SAVED: Final = Unit(lambda ratio: wording.share(1 - 1 / ratio))


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """All but statements, of every claim that has them: each for its workload, or for every one."""
    for number, claim in enumerate(measured.claims, 1):
        publication = Publication(measured, comparisons, claim)
        several: list[_Columns] = [*claim.by_server, *claim.by_clients, *claim.stages]
        for workload in measured.ordered(measured.workloads):
            beside = _Beside(publication, workload)
            for each in several:
                if not each.workload:
                    yield replace(_table(beside, each, number), workload=workload.name)
        for each in several:
            if each.workload and (own := publication.workload(each.workload)):
                yield _table(_Beside(publication, own), each, number)


def _table(beside: "_Beside", table: _Columns, number: int) -> Table:
    """A table with its data, and beneath it, once, why figures are not comparable."""
    if isinstance(table, ByServer):
        made = _by_server(beside, table)
    elif isinstance(table, ByClients):
        made = _by_clients(beside, table)
    else:
        made = _stages(beside, table)
    rows = (row for section in made.sections for row in section.rows)
    records = [each.data for row in rows for each in row if each.data]
    unlike = _(Verdict.NOT_COMPARABLE.value)
    whys = (each["why"] for each in records if each["outcome"] == Verdict.NOT_COMPARABLE.value)
    reasons = [wording.sentence(f"{unlike}: {why}") for why in dict.fromkeys(whys)]
    return replace(
        made,
        caption=" ".join(filter(None, (beside.publication.source, made.caption))),
        stem=table.stem(number),
        title=_(table.title),
        heading=_(table.heading),
        notes=[*reasons, *made.notes],
        data=records,
    )


@dataclass(frozen=True)
class _Beside:
    """Puts figures of a publication beside those of a run, under one workload."""

    publication: Publication
    workload: MeasuredWorkload

    @property
    def measured(self) -> Measured:
        """The run."""
        return self.publication.measured

    @property
    def servers(self) -> Sequence[str]:
        """What the publication calls its servers, or their labels."""
        return self.publication.claim.servers

    def point(self, server: str, clients: int = 0) -> Point:
        """A step of the server that stands for one of the publication's; 0 for its whole ramp."""
        return Point(self.publication.label(server), self.workload.name, clients)

    def each(self, measure: str, figures: Sequence[str], clients: int = 0) -> Iterator[Cell]:
        """The figures of a measure, of one server after the other."""
        printed = PrintedPair(measure, figures)
        for place, server in enumerate(self.servers):
            yield self.one(printed, place, self.point(server, clients))

    def one(self, printed: PrintedPair, place: int, point: Point, *, judged: bool = True) -> Cell:
        """The figure of one server."""
        quantity = self.publication.quantity(point, printed.measure)
        judgement = None
        if judged and printed.text(place):
            judgement = self.publication.judged(printed, place, point, quantity)
        shown = cell(quantity, wording.unit(printed.measure))
        claimed = local_number(printed.text(place))
        return self._cell(shown, claimed, printed.value(place), point, printed.measure, judgement)

    def both(self, table: ByClients, row: Row) -> Cell:
        """The ratio of both: of what is compared, as it is there, else of the repeats; what the
        second saves follows from the two figures, and is not judged.
        """
        clients, printed = row.clients, PrintedPair(table.measure, row.figures)
        points = [self.point(server, clients) for server in self.servers]
        contrast = self.publication.contrast(table.measure, self.workload.name, clients)
        if contrast and contrast.step == clients:
            ratio = contrast.ratio
            if contrast.why:
                ratio = _not_compared(contrast.why)
        else:
            ratio = self._of_repeats(table.measure, points)
        saved = any(each.both.endswith("%") for each in table.rows)
        judgement = None
        if row.both and not (saved or ratio.why):
            why = self.publication.unlike(table.measure, self.workload.name)
            near = around_ratio(printed.ratio)
            judgement = judge(printed.ratio, ratio, printed.ratio, contrast, why, near)
        shown = cell(ratio, _SAVED if saved else RATIO)
        units = {"×": _("{value}×", value="{}"), "%": _("{value} %", value="{}")}
        claimed = units.get(row.both[-1:], "{}").format(local_number(row.both.rstrip(" %×")))
        names, point = "_by_".join(self.servers), Point("", self.workload.name, clients)
        return self._cell(shown, claimed, printed.ratio, point, names, judgement)

    def text(self, text: str, values: Mapping[str, str] | None = None) -> str:
        """A text of the publication with values of the run in it."""
        known = {
            "workload": self.workload.name,
            "load": self.workload.description,
            "slo": wording.objective(self.measured.slo_p99_ms),
            **(values or {}),
        }
        return wording.filled(_(text), lambda name: known.get(name) or self._of_each(name))

    def _of_each(self, measure: str) -> str:
        """What each server has of a measure."""
        points = (self.point(server) for server in self.servers)
        found = {each.server: self.measured.figure(each, measure) for each in points}
        unit = wording.unit(measure)
        texts = [
            f"{unit.text(each.value)} ({label})" for label, each in found.items() if each.known
        ]
        return wording.joined(texts) or wording.MISSING

    def _of_repeats(self, measure: str, points: Sequence[Point]) -> Quantity:
        if not self.publication.pair or measure not in MEASURES:
            return NOTHING
        one, other = (Side(self.measured, point, point.server) for point in points)
        unfit = self.measured.unfit(points, measure)
        pairs, _values, why = of_sides(one, other, answering(measure), [unfit])
        if why:
            return _not_compared(why)
        if not all(map(math.isfinite, pairs.log_ratios)):  # one added nothing in a repeat
            return NOTHING
        (ratio,) = intervals([list(map(math.exp, pairs.log_ratios))])
        return ratio

    def _cell(
        self,
        shown: Cell,
        claimed: str,
        value: float,
        point: Point,
        measure: str,
        judgement: Judgement | None,
    ) -> Cell:
        claim = self.publication.claim
        return replace(
            shown,
            claimed=claimed,
            claimed_by=noun(claim),
            outcome=judgement.brief if judgement else "",
            data={
                "workload": point.workload,
                "connections": point.connections or None,
                "measure": measure,
                "server": point.server,
                claim.noun or "published": value,
                "measured": shown.value,
                "measured_low": shown.low,
                "measured_high": shown.high,
                "outcome": judgement.verdict.value if judgement else "",
                "off_by": judgement.off if judgement else None,
                "caveats": shown.caveat,
                "why": judgement.why if judgement else "",
            },
        )


def _not_compared(why: str) -> Quantity:
    """For the first of several reasons."""
    return Quantity(why=_("not compared: {why}", why=why.partition("; ")[0]))


def _by_server(beside: _Beside, table: ByServer) -> Table:
    nearest = beside.measured.nearest_step
    clients = [nearest(each.clients) if each.clients else 0 for each in table.columns]
    columns = [
        list(beside.each(each.measure, each.figures, step))
        for each, step in zip(table.columns, clients, strict=True)
    ]
    rows = []
    for place, server in enumerate(beside.servers):
        label = beside.publication.label(server)
        named = "" if label == server else label or _("no server of this run")
        rows.append([Cell(_(server), caveat=named), *(column[place] for column in columns)])
    steps = {
        f"{each.measure}_clients": wording.count(step)
        for each, step in zip(table.columns, clients, strict=True)
    }
    return Table(
        "",
        "",
        beside.text(table.caption, steps),
        [Column(_(table.head), head=True), *(Column(_(each.title)) for each in table.columns)],
        [Section("", rows)],
        [beside.text(note, steps) for note in table.notes],
    )


def _by_clients(beside: _Beside, table: ByClients) -> Table:
    """With a graph there is a row for each step of the run, too."""
    known = {row.clients: row for row in table.rows}
    steps = beside.measured.steps if table.graph else ()
    rows = []
    for row in [known.get(step, Row(clients=step)) for step in sorted({*known, *steps})]:
        labels = [Cell(_(row.label))] if table.labels else []
        figures = beside.each(table.measure, row.figures, row.clients)
        both = [beside.both(table, row)] if table.both else []
        rows.append([*labels, Cell(wording.count(row.clients), row.clients), *figures, *both])
    heads = filter(None, (table.labels, table.head))
    return Table(
        "",
        "",
        beside.text(table.caption),
        [
            *(Column(_(head), head=True) for head in heads),
            *map(Column, map(_, beside.servers)),
            *([Column(_(table.both))] if table.both else []),
        ],
        [Section("", rows)],
        list(map(beside.text, table.notes)),
        folded=table.graph is not None,
    )


def _stages(beside: _Beside, table: Stages) -> Table:
    step = beside.measured.nearest_step(table.clients)
    clients = {"clients": wording.count(step)}
    sections = []
    for server in dict.fromkeys(stage.server for stage in table.stages):
        label = beside.publication.label(server)
        title = " · ".join(dict.fromkeys(filter(None, (_(server), label))))
        own = (stage for stage in table.stages if stage.server == server)
        sections.append(Section(title, [_stage(beside, stage, step) for stage in own]))
    return Table(
        "",
        "",
        beside.text(table.caption, clients),
        [
            Column(_("stage"), head=True),
            *map(Column, (_("drawn at"), _("time"))),
            Column(_("measured as"), words=True),
        ],
        sections,
        [beside.text(note, clients) for note in table.notes],
    )


def _stage(beside: _Beside, stage: Stage, step: int) -> list[Cell]:
    printed = PrintedPair(stage.measure, (stage.figure,))
    point = beside.point(stage.server, step)
    time = beside.one(printed, 0, point, judged=stage.judged)
    drawn = stage.drawn or wording.MISSING
    return [Cell(_(stage.stage)), Cell(drawn), time, Cell(_(stage.measured_as))]
