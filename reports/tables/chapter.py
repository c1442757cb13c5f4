"""The chapter's tables as it prints them, T1 to T5: its figures beside those of the run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.chapter import Claim, Stage
from c10k.reports.comparisons.pairs import MEMORY, P50, SLOPE, Comparisons, Contrast, Measure
from c10k.reports.comparisons.published import Verdict, judge
from c10k.reports.language import _
from c10k.reports.model.capacity import max_connections
from c10k.reports.model.measured import Measured, Point, intervals
from c10k.reports.model.quantity import NOTHING, Quantity
from c10k.reports.model.servers import ROLES, MeasuredWorkload, Role
from c10k.reports.tables.details import figure
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import BYTES, MS, PLAIN, RATIO, Unit

_ADDED: Final = "added_resident_bytes"
_BOTH: Final = "synchronous_by_asynchronous"
_SAVED: Final = Unit("ratio", lambda ratio: wording.share(1 - 1 / ratio))


@dataclass(frozen=True)
class _Book:
    """Puts figures of the book beside those of a run, under one workload."""

    measured: Measured
    comparisons: Comparisons
    workload: MeasuredWorkload

    def label(self, role: Role | None) -> str:
        """The server that stands for a column of the book's; empty where none does."""
        server = self.measured.role.get(role) if role else None
        return server.label if server else ""

    def contrast(self, measure: Measure, clients: int) -> Contrast | None:
        """That of the servers of both columns."""
        step = SLOPE if measure.over_ramp else clients
        return self.comparisons.of(self.measured.pair, self.workload.name, step, measure)

    def beside(
        self,
        claim: Claim,
        role: Role | None,
        clients: int,
        column: str,
        measure: Measure | None = None,
        why: str = "",
        *,
        ours: tuple[Quantity, Unit] | None = None,
        judged: bool = True,
    ) -> Cell:
        """A figure of one column of the book's, or of both, beside `ours`, else the `column` of the
        steps.

        The direction is judged by a `measure`; `why` says in words what of the conditions differs.
        """
        point = Point(self.label(role), self.workload.name, clients)
        unit = BYTES if "bytes" in column else MS if column.endswith("_ms") else PLAIN
        quantity, unit = ours or (self._quantity(point, column), unit)
        contrast = self.contrast(measure, clients) if measure else None
        judgement = None
        if judged and claim.text(role):
            judgement = judge(claim.value(role), quantity, claim.ratio, contrast, why)
        shown = cell(quantity, unit)
        return replace(
            shown,
            claimed=claim.text(role),
            outcome=judgement.brief if judgement else "",
            data={
                "workload": point.workload,
                "connections": clients or None,
                "measure": column,
                "server": point.server,
                "book": claim.value(role),
                "measured": shown.value,
                "measured_low": shown.low,
                "measured_high": shown.high,
                "outcome": judgement.verdict.value if judgement else "",
                "off_by": judgement.off if judgement else None,
                "caveats": shown.caveat,
                "why": judgement.why if judgement else "",
            },
        )

    def _quantity(self, point: Point, column: str) -> Quantity:
        if not (column and point.server):
            return NOTHING
        if column != "max_connections":
            return figure(self.measured, point, column)
        most = max_connections(self.measured, point.server, point.workload)
        steps = wording.joined(list(map(wording.count, most.undecided)))
        why = _("undecided at {steps}", steps=steps) if steps else ""
        return Quantity(low=most.held, high=most.missed, why=why)


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """T1 and T3 to T5 for each workload, T2 for the one that memory is reported of."""
    for workload in chapter.ordered(measured.workloads):
        book = _Book(measured, comparisons, workload)
        for table in (_server_types(book), *_response_times(book), _where_time_goes(book)):
            yield _published(replace(table, workload=workload.name))
    yield _published(_memory(_Book(measured, comparisons, measured.usual)))


def _titles() -> dict[Role, str]:
    return {"synchronous": _("synchronous"), "asynchronous": _("asynchronous")}


def _columns() -> list[Column]:
    return [Column(title) for title in _titles().values()]


def _server_types(book: _Book) -> Table:
    measured, beside, unlike = book.measured, book.beside, chapter.unlike(book.workload)
    busy = measured.nearest_step(chapter.CPU_EFFICIENCY_CLIENTS)
    usual = measured.nearest_step(chapter.RESPONSE_CLIENTS)
    waits = _("clients mostly wait under this workload") if book.workload.loop == "open" else ""
    rows, reserved = [], []
    for role, title in _titles().items():
        label = book.label(role)
        slope = measured.slope(label, book.workload.name, "vms_bytes")
        reserved += [f"{wording.size(slope.value)} ({label})"] if slope.known else []
        memory = chapter.MEMORY_PER_CONNECTION
        row = [
            Cell(title, caveat=label or _("no server of this run")),
            beside(chapter.MAX_CONNECTIONS, role, 0, "max_connections"),
            beside(memory, role, 0, "resident_bytes_per_connection", MEMORY),
            beside(chapter.CPU_EFFICIENCY, role, busy, "cpu_efficiency", why=waits),
            beside(chapter.RESPONSE, role, usual, P50.column, P50, unlike),
        ]
        rows.append(row)
    titles = _("max connections"), _("memory per connection"), _("CPU efficiency")
    return Table(
        "t1-server-types",
        _("T1. Server types"),
        _(
            "Max connections: the most with every one served, no message failed and a p99 "
            "response within {slo}. Memory: what each further connection adds to resident "
            "memory. CPU efficiency, at {busy} clients: time on a CPU ÷ (that and time waiting "
            "for one). Response time: the median at {usual} clients.",
            slo=wording.objective(measured.slo_p99_ms),
            busy=wording.count(busy),
            usual=wording.count(usual),
        ),
        [Column(_("server type"), head=True), *map(Column, (*titles, _("response time")))],
        [Section("", rows)],
        [
            _(
                "The book's 8,192 KB per thread is address space reserved for its stack, not "
                "memory in use; reserved here: {reserved}.",
                reserved=wording.joined(reserved) or wording.MISSING,
            )
        ],
    )


def _memory(book: _Book) -> Table:
    rows = []
    for connections, claim in chapter.MEMORY.items():
        one, other = (
            book.measured.values(Point(book.label(role), book.workload.name, connections), _ADDED)
            for role in ROLES
        )
        both = one.keys() & other.keys() if book.measured.pair else ()
        (ratio,) = intervals([[one[each] / other[each] for each in both if other[each] > 0]])
        row = [
            Cell(wording.count(connections), connections),
            *(book.beside(claim, role, connections, _ADDED, MEMORY) for role in ROLES),
            # It follows from the two: it is not judged.
            book.beside(claim, None, connections, _BOTH, ours=(ratio, _SAVED), judged=False),
        ]
        rows.append(row)
    return Table(
        "t2-memory",
        _("T2. Memory by number of connections"),
        _(
            "Resident memory that the connections add, under {workload}: without what the server "
            "and its interpreter take before the first. 1 KB is 1,024 bytes.",
            workload=book.workload.name,
        ),
        [Column(_("connections"), head=True), *_columns(), Column(_("saved"))],
        [Section("", rows)],
        [
            _(
                "The book counts whole stacks, of which only the pages in use take memory. 4 KB × "
                "10,000 is 40 MB, as its text says; its table says 10 MB."
            )
        ],
    )


def _response_times(book: _Book) -> Iterator[Table]:
    """T3, and the figures behind T4's graph."""
    rows, ratios = {}, {}
    for clients in sorted({*chapter.GRAPH_CLIENTS, *book.measured.steps}):
        claim = chapter.RESPONSE_BY_CLIENTS.get(clients, Claim("", ""))
        why, contrast = chapter.unlike(book.workload), book.contrast(P50, clients)
        columns = (book.beside(claim, role, clients, P50.column, P50, why) for role in ROLES)
        rows[clients] = [Cell(wording.count(clients), clients), *columns]
        ratio = contrast.ratio if contrast else NOTHING
        if contrast and contrast.why:
            first = contrast.why.partition("; ")[0]
            ratio = Quantity(why=_("not compared: {why}", why=first))
        ratios[clients] = book.beside(
            claim, None, clients, _BOTH, P50, why, ours=(ratio, RATIO), judged=not ratio.why
        )
    of_load = [
        [Cell(_(load)), *rows[clients], ratios[clients]] for clients, load in chapter.LOADS.items()
    ]
    heads = [Column(_("load"), head=True), Column(_("clients"), head=True)]
    yield Table(
        "t3-response-time",
        _("T3. Response time by load"),
        _(
            "The median, from when a message was due to its last replied byte; {workload}.",
            workload=book.workload.description,
        ),
        [*heads, *_columns(), Column(_("ratio"))],
        [Section("", of_load)],
        [_("The book does not say whether it means a mean, a median or a percentile.")],
    )
    yield Table(
        "t4-response-graph",
        _("T4. The figures of the graph"),
        _(
            "The median response time. The book states figures for 10, 100, 1,000 and 10,000 "
            "clients; its drawing puts the asynchronous line near 50 ms, its table at 3 to 15."
        ),
        [*heads[1:], *_columns()],
        [Section("", list(rows.values()))],
        folded=True,
    )


def _where_time_goes(book: _Book) -> Table:
    clients = book.measured.nearest_step(chapter.TIME_CLIENTS)
    return Table(
        "t5-where-time-goes",
        _("T5. Where the time of a request goes"),
        _(
            "At {clients} clients, {workload}. By Little's law: the time that the server's tasks "
            "spent in a state, divided by the messages. Waiting for a lock is estimated by "
            "sampling threads; user and system CPU are split by ticks of 10 ms.",
            clients=wording.count(clients),
            workload=book.workload.description,
        ),
        [
            Column(_("stage"), head=True),
            *map(Column, (_("drawn at"), _("time"))),
            Column(_("measured as"), words=True),
        ],
        [
            Section(
                " · ".join(filter(None, (title, book.label(role)))),
                [_stage(book, role, clients, stage) for stage in chapter.STAGES[role]],
            )
            for role, title in _titles().items()
        ],
        [
            _(
                "The stages stand side by side without an outcome: the book creates a thread per "
                "request, here it is once per connection; the 5 ms in which a handler only waits "
                "are in the rest."
            )
        ],
    )


def _stage(book: _Book, role: Role, clients: int, stage: Stage) -> list[Cell]:
    claim, judged = Claim(stage.claim, stage.claim), stage.column == chapter.WHOLE
    why = chapter.unlike(book.workload)
    time = book.beside(claim, role, clients, stage.column, why=why, judged=judged)
    drawn, measured_as = stage.drawn or wording.MISSING, _(stage.measured_as)
    return [Cell(_(stage.name)), Cell(drawn), time, Cell(measured_as)]


def _published(table: Table) -> Table:
    """The table with its data, and beneath it, once, why figures are not comparable."""
    rows = (row for section in table.sections for row in section.rows)
    records = [each.data for row in rows for each in row if each.data]
    unlike = _(Verdict.NOT_COMPARABLE.value)
    whys = (each["why"] for each in records if each["outcome"] == Verdict.NOT_COMPARABLE.value)
    reasons = [wording.sentence(f"{unlike}: {why}") for why in dict.fromkeys(whys)]
    return replace(table, notes=[*reasons, *table.notes], data=records)
