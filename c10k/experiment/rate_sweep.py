"""The workloads of a capacity map: every number of connections at several rates per client."""

from typing import Final

from c10k.loadgen.workload import WORKLOADS, Workload

RATES: Final = (1.0, 10.0, 100.0, 1000.0)  # messages/s per client
# More would be offered by 1,000 connections and up alone, over which the loader drives less
# (docs/loader.md): there would only be its own limit to see.
MOST_OFFERED_PER_S: Final = 150_000.0

MAP_WORKLOADS: Final = tuple(
    Workload(
        f"map_{rate:g}",
        rate_per_connection=rate,
        summary=f"{rate:g} message{'s' * (rate > 1)}/s per client",
    )
    for rate in RATES
)

NAMED_WORKLOADS: Final = WORKLOADS | {load.name: load for load in MAP_WORKLOADS}
"""The workloads that may be named: those of a map too, so that a step of it can be run alone."""


def is_on_the_map(workload: Workload, connections: int) -> bool:
    """Whether so many connections at a workload's rate are measured."""
    rate = workload.rate_per_connection or 0.0
    return rate * connections <= MOST_OFFERED_PER_S
