"""The details beneath the tables: a row for a server at a step, caveats in words."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import Quantity
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.reports.wording import BYTES, COUNT, PER_S

STEPS: Final = (
    Column(N_("connected"), N_("connections"), "connected", unit=COUNT),
    Column(N_("starved"), N_("connections"), "starved", unit=COUNT),
    Column(N_("errors"), N_("connections"), "errors", unit=COUNT),
    Column(N_("server"), N_("messages/s"), "messages_per_s", unit=PER_S),
    Column(N_("loader ceiling"), N_("messages/s"), "ceiling_messages_per_s", unit=COUNT),
    Column(N_("p50"), N_("response time, ms"), "response_p50_ms"),
    Column(N_("p99"), N_("response time, ms"), "response_p99_ms"),
    Column(N_("resident"), N_("memory"), "resident_bytes", unit=BYTES),
    Column(N_("kernel"), N_("memory"), "kernel_delta_bytes", unit=BYTES),
    Column(N_("threads"), N_("server"), "threads", unit=COUNT),
    Column(N_("CPUs used"), N_("server"), "cpu_cores"),
    Column(N_("CPU per message, µs"), N_("server"), "cpu_us_per_message"),
)
SERVERS: Final = (
    Column(N_("messages/s"), name="messages_per_s", unit=PER_S),
    Column(N_("p50, ms"), name="response_p50_ms"),
    Column(N_("p99, ms"), name="response_p99_ms"),
    Column(N_("memory per connection"), name="resident_bytes_per_connection", unit=BYTES),
    Column(N_("CPU per message, µs"), name="cpu_us_per_message"),
)
PERCENTILES: Final = (
    Column(N_("mean"), name="response_mean_ms"),
    Column(N_("p50"), name="response_p50_ms"),
    Column(N_("p90"), name="response_p90_ms"),
    Column(N_("p99"), name="response_p99_ms"),
    Column(N_("p99.9"), name="response_p99_9_ms"),
    Column(N_("max"), name="response_max_ms"),
)
PARTS: Final = (
    Column(N_("stacks"), name="stack_bytes_per_connection", unit=BYTES),
    Column(N_("heap"), name="heap_bytes_per_connection", unit=BYTES),
    Column(N_("programs"), name="file_bytes_per_connection", unit=BYTES),
    Column(N_("page tables"), name="page_tables_bytes_per_connection", unit=BYTES),
    Column(N_("kernel stacks"), name="kernel_stack_delta_bytes_per_connection", unit=BYTES),
    Column(N_("sockets and the like"), name="slab_delta_bytes_per_connection", unit=BYTES),
    Column(N_("socket buffers"), name="tcp_memory_delta_bytes_per_connection", unit=BYTES),
    Column(N_("resident + kernel"), name="occupied_bytes_per_connection", unit=BYTES),
    Column(N_("virtual"), name="vms_bytes_per_connection", unit=BYTES),
)
KINDS: Final = (
    Column(N_("resident"), name="resident_bytes", unit=BYTES),
    Column(N_("kernel"), name="kernel_delta_bytes", unit=BYTES),
    Column(N_("resident + kernel"), name="occupied_bytes", unit=BYTES),
    Column(N_("virtual"), name="vms_bytes", unit=BYTES),
    Column(N_("page tables"), name="page_tables_bytes", unit=BYTES),
)


def tables(measured: Measured, _comparisons: Comparisons) -> Iterator[Table]:
    """Memory broken down and by kind, percentiles by workload, all servers where there are more
    than two, and every step.
    """
    drawn, every = partial(_drawn, measured), measured.points()
    usual = [point for point in every if point.workload == measured.usual.name]
    labels = [server.label for server in measured.pair or measured.servers]
    yield drawn(
        "t2-breakdown",
        _("Memory per connection, broken down"),
        _(
            "What each further connection adds over the ramp. Page tables, kernel stacks, sockets "
            "and their buffers are the kernel's, for {ends} of a connection: read of the whole "
            "host, so that small changes are noise.",
            ends=_("the server's end") if measured.about.server_host else _("both ends"),
        ),
        [point for point in largest(measured) if point in usual],
        PARTS,
    )
    yield drawn(
        "t2-kinds",
        _("Memory of the whole server, by kind"),
        _("The interpreter included; the kernel's is the change on the whole host."),
        [point for point in usual if point.server in labels],
        KINDS,
    )
    for workload in measured.workloads:
        table = drawn(
            "t3-percentiles",
            _("Response times by percentile"),
            _("From due to last byte, in ms; none where messages are few or clients unserved."),
            [point for point in every if point.workload == workload.name],
            PERCENTILES,
        )
        yield replace(table, workload=workload.name)
    if len(measured.servers) > 2:
        yield drawn(
            "servers",
            _("All servers"),
            _("Each at its largest step; memory per connection is what it grows by over the ramp."),
            largest(measured),
            SERVERS,
            folded=False,
        )
    yield drawn(
        "steps",
        _("Every step"),
        _("The loader ceiling is what the loader drives of a bare echo server."),
        every,
        STEPS,
    )


def largest(measured: Measured) -> list[Point]:
    """The largest step of each server under each workload, in the order of the plan."""
    last = {(point.workload, point.server): point for point in measured.points()}
    order = [server.label for server in measured.servers]
    return sorted(last.values(), key=lambda point: order.index(point.server))


def _drawn(
    measured: Measured,
    stem: str,
    title: str,
    caption: str,
    points: Sequence[Point],
    figures: Sequence[Column],
    *,
    folded: bool = True,
) -> Table:
    """A table with a section for each workload; one that is not folded says what a server is."""
    columns = [
        Column(_("clients"), name="connections", head=True),
        Column(_("server"), name="server", head=True),
        *(replace(each, title=_(each.title), group=_(each.group)) for each in figures),
        Column(_("caveats"), name="caveats", words=True),
    ]
    models = {
        each.label: ", ".join(filter(None, (_(each.model), each.language)))
        for each in measured.servers
    }
    rows: dict[str, list[list[Cell]]] = {}
    for point in points:
        found = {each: measured.figure(point, each.name) for each in figures}
        row = [
            Cell(
                wording.count(point.connections),
                point.connections,
                data={"workload": point.workload, "repeats": len(measured.rows(point))},
            ),
            Cell(point.server, caveat="" if folded else models[point.server]),
            *(cell(quantity, each.unit, caveats=False) for each, quantity in found.items()),
            Cell(_caveats(found.values())),
        ]
        rows.setdefault(point.workload, []).append(row)
    drawn = (each for each in measured.workloads if each.name in rows)
    sections = [Section(each.heading, rows[each.name]) for each in drawn]
    published = (note for claim in measured.claims for note in claim.notes)
    notes = [_(note.text) for note in published if note.beneath == stem]
    return Table(stem, title, caption, columns, sections, notes, folded=folded)


def _caveats(found: Collection[Quantity]) -> str:
    """Why some figures are not shown, and the flags."""
    whys = [quantity.why for quantity in found if quantity.why]
    flags = [flag.phrase for quantity in found for flag in quantity.flags]
    return ", ".join(dict.fromkeys([*whys, *flags]))
