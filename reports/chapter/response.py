"""T3 and T4: response time by load."""

from collections.abc import Iterable
from typing import Final

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.chapter.form import Figure, against_the_chapter, at_step
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, MeasuredWorkload, Point
from c10k.reports.table import Table
from c10k.reports.wording import Unit

_MS = Unit("ms", wording.number)  # where the heading says the unit
STATISTICS: Final = {  # by the middle of their columns' names
    "mean": N_("mean"),
    "p50": N_("p50"),
    "p99": N_("p99"),
    "p99_9": N_("p99.9"),
}


def response_by_load(measured: Measured) -> Table:
    """T3: mean and percentiles at the chapter's loads."""

    def figures(workload: MeasuredWorkload) -> Iterable[Figure]:
        for connections, claim in claims.RESPONSE_BY_CLIENTS.items():
            for key, title in STATISTICS.items():
                yield at_step(
                    measured,
                    workload,
                    connections,
                    f"response_{key}_ms",
                    (f"{wording.count(connections)} ({_(claims.LOADS[connections])})", _(title)),
                    claim,
                    _MS,
                )

    return against_the_chapter(
        measured,
        "t3-response-time",
        _("T3. Response time by load"),
        _("Milliseconds from when a message was due to its last echoed byte."),
        (_("clients"), _("measure")),
        figures,
        unit="ms",
        notes=[*_of_ceiling(measured), *map(_, claims.NOTES["T3"])],
    )


def _of_ceiling(measured: Measured) -> Iterable[str]:
    """How near each server came to what the loader can drive, at each step."""
    for workload in measured.workloads:
        for server in measured.servers:
            shares = [
                _(
                    "{share} at {clients}",
                    share=f"{wording.share(share.value)}{share.symbols}",
                    clients=wording.count(step),
                )
                for step in measured.steps
                for share in [measured.of_ceiling(Point(server.label, workload.name, step))]
                if share.known
            ]
            if shares:
                yield _(
                    "Of what this loader can drive here {server}, {workload}, reached {shares} "
                    "clients; what it can drive was measured on a bare echo server.",
                    server=server.label,
                    workload=workload.name,
                    shares=wording.joined(shares),
                )


def response_graph(measured: Measured) -> Table:
    """T4: the graph's figures at every step."""

    def figures(workload: MeasuredWorkload) -> Iterable[Figure]:
        for connections in sorted({*claims.GRAPH_CLIENTS, *measured.steps}):
            yield at_step(
                measured,
                workload,
                connections,
                "response_p50_ms",
                (wording.count(connections),),
                claims.RESPONSE_BY_CLIENTS.get(connections),
                _MS,
            )

    return against_the_chapter(
        measured,
        "t4-response-graph",
        _("T4. Response time against clients"),
        _("The figures behind the chapter's graph: the median response time in milliseconds."),
        (_("clients"),),
        figures,
        unit="ms",
        notes=list(map(_, claims.NOTES["T4"])),
    )
