"""What the pages show of the load, from the fleet's snapshots."""

from math import nan
from typing import Any

from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.workload import Workload
from c10k.results.histogram import PERCENTILES, SAMPLES_BEYOND, Histogram
from c10k.results.spectrum import levels


def of_seconds(snapshot: Snapshot, users: int, workload: Workload) -> dict[str, Any]:
    """The figures of a point in the charts: times in ms, NaN where there are too few messages."""
    closed = workload.loop == "closed"
    served = workload.active_of(users)
    figures: dict[str, Any] = {
        "messages_per_s": snapshot.messages / snapshot.seconds,
        "lost_per_s": snapshot.lost / snapshot.seconds,
        "starved": snapshot.starved,
        "loader_cpu_cores": snapshot.cpu_cores,
        "littles_law_ratio": snapshot.littles_law_ratio(served) if closed else nan,
    }
    for kind, histogram in _kinds(snapshot).items():
        for name in ("p50", "p99"):
            figures[f"{kind}_{name}_ms"] = _supported(histogram, PERCENTILES[name])
    return figures


def spectra(snapshot: Snapshot) -> dict[str, Any]:
    """The percentile spectra of response and service times: (percentile, ms) as far as enough
    messages lie beyond, and the usual percentiles as a table."""
    kinds = _kinds(snapshot)
    return {
        "messages": snapshot.messages,
        "curves": {
            kind: [
                (level.percentile, level.value_ns / 1e6)
                for level in levels(kinds[kind])
                if kinds[kind].total * (1 - level.percentile / 100) >= SAMPLES_BEYOND
            ]
            for kind in ("response", "service")
        },
        "table": {
            kind: {
                **{name: _supported(histogram, p) for name, p in PERCENTILES.items()},
                "max": histogram.max_ns / 1e6 if histogram.total else nan,
            }
            for kind, histogram in kinds.items()
        },
    }


def _kinds(snapshot: Snapshot) -> dict[str, Histogram]:
    """Response times include the waits of those that have no reply yet, as in a stored step."""
    kinds = {
        kind: Histogram.from_buffer(snapshot.counts[kind])
        for kind in ("response", "service", "send_lag", "waiting")
    }
    kinds["response"] += kinds.pop("waiting")
    return kinds


def _supported(histogram: Histogram, percentile: float) -> float:
    if histogram.total * (1 - percentile / 100) < SAMPLES_BEYOND:
        return nan
    return histogram.percentile_ns(percentile) / 1e6
