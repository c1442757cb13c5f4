"""The chapter's tables in their order."""

from reports.chapter.memory import memory, where_it_lies
from reports.chapter.response import response_by_load, response_graph
from reports.chapter.server_types import server_types
from reports.chapter.single import single_claims
from reports.chapter.time import breakdown, where_time_goes
from reports.measured import Measured
from reports.table import Table


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
