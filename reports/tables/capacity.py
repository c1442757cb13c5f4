"""What the searches for the most connections found, and where the book's 500 comes from."""

from collections.abc import Iterator

from c10k.reports import wording
from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.language import _
from c10k.reports.model.capacity import max_connections
from c10k.reports.model.measured import Measured
from c10k.reports.tables.table import Cell, Column, Section, Table


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
        yield Table("capacity", title, caption, columns, sections, list(the_500(measured)))


def the_500(measured: Measured) -> Iterator[str]:
    """Why the book says 500, where a server was searched in a limited address space."""
    spaces = {server.label: server.address_space_bytes for server in measured.servers}
    stack = chapter.MEMORY_PER_CONNECTION
    for each in measured.about.max_connections:
        space = spaces.get(each.server, 0)
        if space > 0:
            most = max_connections(measured, each.server, each.workload)
            yield _(
                "The book's {claimed}: in an address space of {space} {server} served {most} "
                "connections under {workload}. At most {stacks} stacks of {stack} fit there.",
                claimed=chapter.MAX_CONNECTIONS.text("synchronous"),
                space=f"{space / chapter.GB:g} GB",
                server=each.server,
                most=wording.count(most.held),
                workload=each.workload,
                stacks=wording.count(space / stack.value("synchronous")),
                stack=stack.text("synchronous"),
            )
