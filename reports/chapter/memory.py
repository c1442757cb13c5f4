"""T2: memory by number of connections, and where that of a connection lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.chapter.form import SAVED, Figure, against_the_chapter, at_step
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, MeasuredWorkload, Quantity
from c10k.reports.table import Cell, Column, Section, Table, cell


@dataclass(frozen=True)
class Kind:
    """A kind of memory: its key and title, the column of the steps, and whether it is what the
    chapter's figures may mean.
    """

    key: str
    title: str
    column: str
    claimed: bool = False


KINDS: Final = (
    Kind("resident", N_("resident"), "resident_bytes", claimed=True),
    Kind("kernel", N_("kernel"), "kernel_delta_bytes"),
    Kind("occupied", N_("resident + kernel"), "occupied_bytes", claimed=True),
    Kind("virtual", N_("virtual"), "vms_bytes", claimed=True),
)

# Where a connection's memory lies: resident in the process, and in the kernel.
PARTS: Final = (
    Kind("stack", N_("stacks"), "stack_bytes"),
    Kind("heap", N_("heap"), "heap_bytes"),
    Kind("file", N_("programs"), "file_bytes"),
    Kind("page_tables", N_("page tables"), "page_tables_bytes"),
    Kind("kernel_stack", N_("kernel stacks"), "kernel_stack_delta_bytes"),
    Kind("slab", N_("sockets and the like"), "slab_delta_bytes"),
    Kind("tcp", N_("socket buffers"), "tcp_memory_delta_bytes"),
)


def usual(measured: Measured) -> MeasuredWorkload:
    """Memory is told of one workload: the most relaxed."""
    return measured.workload("open") or measured.workloads[0]


def memory(measured: Measured) -> Table:
    """The whole server's memory at each number of connections of the chapter's."""

    def figures(workload: MeasuredWorkload) -> Iterable[Figure]:
        for connections, claim in claims.MEMORY.items():
            for kind in KINDS:
                yield at_step(
                    measured,
                    workload,
                    connections,
                    kind.column,
                    (wording.count(connections), _(kind.title)),
                    claim if kind.claimed else None,
                    wording.BYTES,
                )

    return against_the_chapter(
        measured,
        "t2-memory",
        _("T2. Memory by number of connections"),
        _(
            "The whole server at each step, the interpreter included; kernel memory is the change "
            "on the host since before the connections were opened. 1 KB is 1,024 bytes."
        ),
        (_("connections"), _("memory")),
        figures,
        workloads=[usual(measured)],
        compare=SAVED,
        notes=list(map(_, claims.NOTES["T2"])),
    )


def where_it_lies(measured: Measured) -> Table:
    """What each further connection adds, by where it lies."""
    workload = usual(measured)
    columns: Sequence[Kind] = (*PARTS, *KINDS[2:])
    servers = [each for each in measured.servers if measured.visited(each, workload)]
    slopes = {
        server.label: [measured.slope(server.label, workload.name, kind.column) for kind in columns]
        for server in servers
    }
    return Table(
        "t2-where-it-lies",
        _("T2. Where a connection's memory lies"),
        _(
            "How much each further connection adds over the ramp, by where it lies. Page tables, "
            "kernel stacks, sockets and their buffers are the kernel's, for both ends of a "
            "connection."
        ),
        [Column(_("server"), head=True), *(Column(_(kind.title)) for kind in columns)],
        [
            Section(
                workload.heading,
                [
                    [Cell(label, label), *(cell(slope, wording.BYTES) for slope in each)]
                    for label, each in slopes.items()
                ],
            )
        ],
        notes=[measured.spread_note(), *map(_, claims.NOTES["T2 lies"])],
        records=[_record(workload, label, columns, each) for label, each in slopes.items()],
    )


def _record(
    workload: MeasuredWorkload, label: str, columns: Sequence[Kind], slopes: Sequence[Quantity]
) -> dict[str, Raw]:
    record: dict[str, Raw] = {"workload": workload.name, "server": label}
    for kind, slope in zip(columns, slopes, strict=True):
        record[f"{kind.key}_bytes"] = slope.value
        record[f"{kind.key}_low_bytes"] = slope.low
        record[f"{kind.key}_high_bytes"] = slope.high
    return record
