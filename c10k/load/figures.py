"""The figures of a load, as the JSON of the contract has them (schema `c10k.load/1`)."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from c10k.load.measure import Interval, Measurement
from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.workload import Workload
from c10k.results.aggregate import Recording, latency_columns
from c10k.results.histogram import SUMMARY, Histogram

SCHEMA: Final = "c10k.load/1"
KINDS: Final = ("connect", "first_echo", "response", "service", "send_lag")
OPENING_KINDS: Final = ("connect", "first_echo")
WINDOW_KINDS: Final = ("response", "service", "send_lag")


def recorded(
    workload: Workload, measurement: Measurement
) -> Iterator[tuple[str, Snapshot, Histogram]]:
    """Each kind with the snapshot in which its times began, and the times.

    Connections are timed as they open: in churn in the window, else before it. Messages are those
    that were under way in the window, to the end of each: the waits are of what got no reply.
    """
    window, drained = measurement.window, measurement.drained
    assert window is not None
    assert drained is not None
    opening = measurement.opening if workload.messages_per_connection is None else window
    for kind in OPENING_KINDS:
        yield kind, opening, _times(kind, opening)
    for kind in WINDOW_KINDS:
        yield kind, window, _times(kind, window, drained)
    yield "waiting", window, _times("waiting", drained)


def _times(kind: str, *snapshots: Snapshot) -> Histogram:
    return Histogram().merged(
        *(Histogram.from_buffer(snapshot.counts[kind]) for snapshot in snapshots)
    )


def figures(
    target: str, engine: str, workload: Workload, measurement: Measurement
) -> dict[str, Any]:
    """All of them; null where nothing was measured."""
    opened, window, drained = measurement.opened, measurement.window, measurement.drained
    assert window is not None
    assert drained is not None
    connections = opened.connected + opened.failed
    active, served = workload.active_of(connections), workload.active_of(opened.connected)
    closed = workload.loop == "closed"
    received = window.messages + drained.messages
    lost = window.lost + drained.lost + drained.pending
    errors: Counter[str] = Counter()
    for snapshot in (measurement.opening, measurement.warmup, window, drained):
        errors.update(snapshot.errors if snapshot else {})
    latencies = latency_columns(
        Recording(kind, 0.0, 0.0, times) for kind, _, times in recorded(workload, measurement)
    )
    return {
        "schema": SCHEMA,
        "target": target,
        "engine": engine,
        "loop": workload.loop,
        "protocol": workload.protocol,
        "connections": connections,
        "active": active,
        "rate_per_connection": workload.rate_per_connection,
        "arrivals": None if closed else workload.arrivals,
        "seed": None if closed else workload.seed,
        "offered_per_s": None if closed else window.due / window.seconds,
        "messages_per_connection": workload.messages_per_connection,
        "size_bytes": workload.size_bytes if workload.protocol == "echo" else None,
        "reply_bytes": workload.expect_bytes or None,
        "duration_s": window.seconds,
        "setup_s": opened.setup_s,
        "connected": opened.connected,
        "opened": window.opened,
        "opened_per_s": window.opened / window.seconds,
        "due": received + lost,
        "lost": lost,
        "late": None if closed else window.late,
        "sent": window.sent,
        "received": received,
        "messages_per_s": window.messages / window.seconds,
        "errors": dict(errors),
        "starved": window.starved,
        **{
            f"{kind}_ms": {name: _or_none(latencies[f"{kind}_{name}_ms"]) for name in SUMMARY}
            for kind in KINDS
        },
        "littles_law_ratio": window.littles_law_ratio(served) if closed else None,
        "loader": {
            "cpu_s": window.cpu_s,
            "cpu_us_per_message": window.cpu_s / window.messages * 1e6 if window.messages else None,
            "limited": window.loader_limited,
        },
        "series": [_second(interval) for interval in measurement.intervals],
    }


def _second(interval: Interval) -> dict[str, float | None]:
    responses = interval.responses.summary_ms()
    return {
        "start_s": interval.start_s,
        "seconds": interval.seconds,
        "messages": interval.responses.total,
        "messages_per_s": interval.responses.total / interval.seconds,
        **{
            f"response_{name}_ms": _or_none(responses[name])
            for name in ("mean", "p50", "p99", "max")
        },
        "failed": interval.failed,
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
