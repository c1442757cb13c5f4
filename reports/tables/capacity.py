"""What the searches for the most connections found, and what an address space allows."""

import math
from collections.abc import Iterator

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.comparisons.publication import PrintedPair, called
from c10k.reports.language import _, local_number
from c10k.reports.model.capacity import max_connections
from c10k.reports.model.measured import Measured
from c10k.reports.model.servers import ROLES
from c10k.reports.tables.table import Cell, Column, Section, Table
from c10k.results.claimed_units import KIB


def tables(measured: Measured, _comparisons: Comparisons) -> Iterator[Table]:
    """One table; nothing where no search was made."""
    columns = [
        Column(_("workload"), name="workload", head=True),
        Column(_("server"), name="server", head=True),
        Column(_("max connections"), name="max_connections"),
        Column(_("why no more"), name="why", words=True),
    ]
    rows = []
    for each in measured.about.max_connections:
        most = max_connections(measured, each.server, each.workload)
        found = Cell(str(most), low=most.held, high=most.missed)
        rows.append([Cell(each.workload), Cell(each.server), found, Cell(each.why)])
    caption = _(
        "Between these two numbers lie the most connections with every one served, no message "
        "failed and p99 within {slo}: searched by doubling and bisection, each try on a fresh "
        "server.",
        slo=wording.objective(measured.slo_p99_ms),
    )
    if rows:
        title, sections = _("Max connections"), [Section("", rows)]
        yield Table("capacity", title, caption, columns, sections, list(_stacks(measured)))


def _stacks(measured: Measured) -> Iterator[str]:
    """Where threads were searched in a limited address space: how many of the published stacks fit
    there, if the publication says how many threads there can be, and how large a stack is.
    """
    claim, kind = measured.publication, ROLES[0]
    place = claim.servers.index(kind) if kind in claim.servers else len(claim.servers)
    most, stack = (
        PrintedPair(measure, claim.of_servers(measure))
        for measure in ("max_connections", "resident_bytes_per_connection")
    )
    spaces = {
        each.label: each.address_space_bytes for each in measured.servers if each.kind == kind
    }
    for each in measured.about.max_connections:
        space = spaces.get(each.server, math.nan)
        if most.text(place) and stack.value(place) > 0 and space > 0:
            yield _(
                "{name}'s {claimed}: in an address space of {space} {server} served {most} "
                "connections under {workload}. At most {stacks} stacks of {stack} fit there.",
                name=wording.capital(called(claim)),
                claimed=local_number(most.text(place)),
                space=f"{space / KIB**3:g} GB",
                server=each.server,
                most=wording.count(max_connections(measured, each.server, each.workload).held),
                workload=each.workload,
                stacks=wording.count(space / stack.value(place)),
                stack=local_number(stack.text(place)),
            )
