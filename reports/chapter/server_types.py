"""T1: what each type of server can do."""

from collections.abc import Iterable

from c10k.reports import capacity, wording
from c10k.reports.chapter import claims
from c10k.reports.chapter.form import Figure, against_the_chapter, at_step
from c10k.reports.chapter.memory import KINDS, Kind
from c10k.reports.chapter.response import STATISTICS
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredWorkload
from c10k.reports.table import Table
from c10k.reports.wording import Unit


def server_types(measured: Measured) -> Table:
    """Max connections, memory a connection, CPU efficiency and response time of every server."""
    busy = measured.nearest_step(claims.CPU_EFFICIENCY_CLIENTS)
    usual = measured.nearest_step(1000)
    slo = wording.objective(measured.slo_p99_ms)

    def a_connection(workload: MeasuredWorkload, kind: Kind) -> Figure:
        return Figure(
            (_("memory a connection"), _(kind.title)),
            f"memory_{kind.key}",
            wording.BYTES,
            claims.MEMORY_A_CONNECTION if kind.claimed else None,
            lambda server: measured.slope(server.label, workload.name, kind.column),
            lambda *pair: measured.contrast_of_slopes(pair, workload.name, kind.column),
            deciding=lambda server: measured.deciding_slope(
                server.label, workload.name, kind.column
            ),
        )

    def figures(workload: MeasuredWorkload) -> Iterable[Figure]:
        yield Figure(
            (_("max connections"), f"p99 ≤ {slo}"),
            "max",
            wording.COUNT,
            claims.MAX_CONNECTIONS,
            lambda server: measured.max_connections(server.label, workload.name),
        )
        yield from (a_connection(workload, kind) for kind in KINDS)
        yield at_step(
            measured,
            workload,
            busy,
            "cpu_efficiency",
            (_("CPU efficiency"), _("at {clients} clients", clients=wording.count(busy))),
            claims.CPU_EFFICIENCY,
            Unit("share_of_1", wording.number),
        )
        for key in ("mean", "p50", "p99"):
            yield at_step(
                measured,
                workload,
                usual,
                f"response_{key}_ms",
                (_("response time at {clients}", clients=wording.count(usual)), _(STATISTICS[key])),
                claims.RESPONSE,
                wording.MS,
            )

    return against_the_chapter(
        measured,
        "t1-server-types",
        _("T1. Server types"),
        _(
            "What each type of server can do. Max connections: the most with every connection "
            "verified and served, no message failed and response p99 within {slo}, among the steps "
            "and what a search tried. Memory a connection: how much each further connection adds "
            "over the ramp (slope). CPU efficiency: time on a CPU ÷ (time on a CPU + time runnable "
            "but waiting for one).",
            slo=slo,
        ),
        (_("measure"), _("detail")),
        figures,
        notes=[*capacity.the_500(measured), *map(_, claims.NOTES["T1"])],
    )
