"""What the searches for the most connections found, and what the chapter's 500 is."""

from collections.abc import Iterable

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.language import _
from c10k.reports.measured import Measured
from c10k.reports.table import Cell, Column, Section, Table, cell


def table(measured: Measured) -> Table:
    """The most connections of each server under each workload, and why no more were held."""
    found = measured.found()
    return Table(
        "max-connections",
        _("Max connections"),
        _(
            "The most connections with every one served, no message failed and response p99 within "
            "{slo}: searched from the steps on, by doubling and bisection, each try on a fresh "
            "server. What bound it is what the next number tried ran into.",
            slo=wording.objective(measured.slo_p99_ms),
        ),
        [
            Column(_("server"), head=True),
            Column(_("max connections")),
            Column(_("bound by"), kind="words"),
        ],
        [
            Section(
                workload.heading,
                [
                    [
                        Cell(each.server, each.server),
                        cell(each.most, wording.COUNT),
                        Cell(each.why, each.why),
                    ]
                    for each in found
                    if each.workload == workload.name
                ],
            )
            for workload in measured.workloads
            if any(each.workload == workload.name for each in found)
        ],
        records=[
            {
                "workload": each.workload,
                "server": each.server,
                "max_connections": each.most.value,
                "bound": each.most.bound.strip(),
                "bound_by": each.why,
                "slo_p99_ms": measured.slo_p99_ms,
                "marks": each.most.symbols,
            }
            for each in found
        ],
    )


def the_500(measured: Measured) -> Iterable[str]:
    """Why the chapter says 500, where a server was searched in a limited address space."""
    stack = claims.MEMORY_A_CONNECTION.value("synchronous")
    for server in measured.servers:
        found = [each for each in measured.found() if each.server == server.label]
        if found and server.address_space_bytes > 0:
            best = max(found, key=lambda each: each.most.value)
            yield _(
                "Why the chapter says {claimed}: in an address space of {space} {server} served "
                "{most} connections, {workload}. There is room for at most {stacks} stacks of "
                "{stack} each.",
                claimed=claims.MAX_CONNECTIONS.text("synchronous"),
                space=f"{server.address_space_bytes / claims.GB:g} GB",
                server=server.label,
                most=f"{best.most.bound}{wording.count(best.most.value)}",
                workload=best.workload,
                stacks=wording.count(server.address_space_bytes / stack),
                stack=claims.MEMORY_A_CONNECTION.text("synchronous"),
            )


def lines(measured: Measured) -> list[str]:
    """The same for a terminal: a line a search."""
    return [
        f"{each.workload}  {each.server}  {each.most.bound}{wording.count(each.most.value)}"
        f"{each.most.symbols}  {each.why}"
        for each in measured.found()
    ]
