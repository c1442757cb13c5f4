"""What the fleet recorded, as Locust's statistics: in bulk, not an event per message.

A row of the workload's protocol holds the messages: the completed and the lost ones are requests,
the lost ones failures. A row `connect` holds the connections that failed without a message under
way, each a request that failed; those that opened are no requests. So while no connection fails,
Locust's total is the number of messages.
"""

import time
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Final

import locust.stats
import numpy as np
from locust.stats import StatsEntry, StatsError
from numpy.typing import NDArray

from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.portable.histogram import COUNTS, UNIT_MAGNITUDE
from c10k.loadgen.workload import Workload

if TYPE_CHECKING:
    from locust.stats import RequestStats

CONNECT: Final = "connect"
# Of errors, those that connecting alone can have.
CONNECT_CAUSES: Final = (
    "connect_refused",
    "connect_timeout",
    "connect_failed",
    "unreachable",
    "no_port",
    "no_descriptor",
    "never_opened",
)
# Of messages lost without an error of their own: due on a connection that had ended or was busy.
NEVER_SENT: Final = "never_sent"


def bucket_response_time(response_time_ms: float) -> float:
    """Round to 1 µs below 1 ms, and to three significant digits above."""
    return round(response_time_ms, 3) if response_time_ms < 1 else float(f"{response_time_ms:.3g}")


# Locust's own buckets are whole milliseconds, and an echo of 44 µs would be 0.
# https://docs.locust.io/en/stable/configuration.html#customizing-response-time-bucketing
locust.stats.bucket_response_time = bucket_response_time  # type: ignore[assignment]  # not int


def _bucket_of_each_count() -> NDArray[np.float64]:
    """Locust's bucket, in ms, of each place among the counts of a histogram."""
    index = np.arange(COUNTS)
    doublings = np.maximum((index >> 10) - 1, 0)
    middle_ns = ((index - (doublings << 10)) * 2 + 1) << (doublings + UNIT_MAGNITUDE - 1)
    return np.array([bucket_response_time(ns / 1e6) for ns in middle_ns.tolist()])


_BUCKETS_MS: Final = _bucket_of_each_count()


def extend(
    stats: "RequestStats", host: str, workload: Workload, ended: float, snapshot: Snapshot
) -> None:
    """Add what a fleet recorded until `ended`, a time of the epoch, to Locust's statistics."""
    errors = Counter(snapshot.errors)
    connects = sum(errors[cause] for cause in CONNECT_CAUSES)
    others = errors.total() - connects
    errors[NEVER_SENT] = max(0, snapshot.lost - others)
    failed_connects = connects + max(0, others - snapshot.lost)
    for cause, count in errors.items():
        _add_error(
            stats, CONNECT if cause in CONNECT_CAUSES else workload.protocol, host, cause, count
        )

    requests = snapshot.messages + snapshot.lost
    if requests:
        entry = _entry(stats, host, workload.protocol, ended, snapshot, requests, snapshot.lost)
        entry.total_content_length = snapshot.messages * workload.message_bytes
        _add_response_times(entry, snapshot)
        _add_entry(stats, entry)
    if failed_connects:
        entry = _entry(stats, host, CONNECT, ended, snapshot, failed_connects, failed_connects)
        _add_entry(stats, entry)


def add_refusal(stats: "RequestStats", host: str, message: str) -> None:
    """Add one connection that failed before there was a fleet."""
    entry = StatsEntry(stats, host, CONNECT)
    entry.num_requests = entry.num_none_requests = entry.num_failures = 1
    entry.last_request_timestamp = time.time()
    _add_entry(stats, entry)
    _add_error(stats, CONNECT, host, message, 1)


def response_times_ms(snapshot: Snapshot) -> dict[str, float]:
    """The mean, the median, p99 and the longest response time, in Locust's buckets; empty if there
    is none."""
    counts = np.frombuffer(snapshot.counts["response"], np.int64)
    total = int(counts.sum())
    if not total:
        return {}
    ranks = {"p50": ceil(total * 0.5), "p99": ceil(total * 0.99), "max": total}
    places = np.searchsorted(np.cumsum(counts), list(ranks.values()))
    mean = bucket_response_time(snapshot.sums_ns["response"] / 1e6 / total)
    return {"mean": mean, **dict(zip(ranks, _BUCKETS_MS[places].tolist(), strict=True))}


def _entry(
    stats: "RequestStats",
    host: str,
    method: str,
    ended: float,
    snapshot: Snapshot,
    requests: int,
    failures: int,
) -> StatsEntry:
    """Requests of which none has a response time yet."""
    entry = StatsEntry(stats, host, method)
    entry.start_time, entry.last_request_timestamp = ended - snapshot.seconds, ended
    entry.num_requests = entry.num_none_requests = requests
    entry.num_failures = failures
    entry.num_reqs_per_sec = _by_second(entry.start_time, ended, requests)
    entry.num_fail_per_sec = _by_second(entry.start_time, ended, failures)
    return entry


def _by_second(began: float, ended: float, count: int) -> dict[int, int]:
    """A count spread evenly over the seconds of the epoch in which it came about."""
    edges = [began, *range(int(began) + 1, ceil(ended)), ended]
    before = [round(count * (edge - began) / (ended - began)) for edge in edges]
    return {
        int(edge): after - until
        for edge, until, after in zip(edges, before, before[1:], strict=False)
        if after > until
    }


def _add_response_times(entry: StatsEntry, snapshot: Snapshot) -> None:
    counts = np.frombuffer(snapshot.counts["response"], np.int64)
    used = np.flatnonzero(counts)
    if not len(used):
        return
    entry.num_none_requests -= int(counts.sum())
    entry.total_response_time = snapshot.sums_ns["response"] / 1e6  # type: ignore[assignment]  # as for any response time that is not whole
    buckets, place = np.unique(_BUCKETS_MS[used], return_inverse=True)
    sums = np.bincount(place, weights=counts[used]).astype(int)
    entry.response_times = dict(zip(buckets.tolist(), sums.tolist(), strict=True))
    entry.min_response_time, entry.max_response_time = buckets[0].item(), buckets[-1].item()


def _add_entry(stats: "RequestStats", entry: StatsEntry) -> None:
    stats.get(entry.name, entry.method).extend(entry)
    stats.total.extend(entry)


def _add_error(stats: "RequestStats", method: str, host: str, cause: str, count: int) -> None:
    if count:
        key = StatsError.create_key(method, host, cause)
        error = stats.errors.setdefault(key, StatsError(method, host, cause))
        error.occurred()  # notes the time
        error.occurrences += count - 1
