"""The chapter's tables in their order."""

from c10k.reports.chapter.memory import memory, where_it_lies
from c10k.reports.chapter.response import response_by_load, response_graph
from c10k.reports.chapter.server_types import server_types
from c10k.reports.chapter.single import single_claims
from c10k.reports.chapter.time import breakdown, where_time_goes
from c10k.reports.measured import Measured
from c10k.reports.table import Table


def chapter_tables(measured: Measured) -> list[Table]:
    """T1 to T6."""
    return [
        table(measured)
        for table in (
            server_types,
            memory,
            where_it_lies,
            response_by_load,
            response_graph,
            where_time_goes,
            breakdown,
            single_claims,
        )
    ]
