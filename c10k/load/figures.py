"""The figures of a load, as its JSON has them (schema `c10k.load/1`), and its histograms."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from c10k.experiment.cycle import OPENING_KINDS, WINDOW_KINDS
from c10k.experiment.loader_ceiling import limited
from c10k.load.measure import Measurement
from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.workload import ECHOING, Workload
from c10k.output.files import or_none
from c10k.results import histogram_log as log
from c10k.results.aggregate import Recording, latency_columns
from c10k.results.histogram import SUMMARY, Histogram

SCHEMA: Final = "c10k.load/1"
KINDS: Final = tuple(kind for kind in OPENING_KINDS + WINDOW_KINDS if kind != "waiting")


def recorded(
    workload: Workload, measurement: Measurement
) -> Iterator[tuple[str, Snapshot, Histogram]]:
    """Each kind with the snapshot in which its times began, and the times.

    Connections are timed as they open: under churn in the window, else before it. Messages are
    those that were under way in the window, including the replies while the fleet drained; waiting
    is of what had no reply even then. Handshakes are there over TLS alone.
    """
    window, drained = measurement.window, measurement.drained
    opening = measurement.opening if workload.messages_per_connection is None else window
    handshake = ("handshake",) * (opening.sums_ns["handshake"] > 0)
    for kind in OPENING_KINDS + handshake:
        yield kind, opening, _times(kind, opening)
    for kind in WINDOW_KINDS:
        snapshots = (drained,) if kind == "waiting" else (window, drained)
        yield kind, window, _times(kind, *snapshots)


def _times(kind: str, *snapshots: Snapshot) -> Histogram:
    return Histogram().merged(
        *(Histogram.from_buffer(snapshot.counts[kind]) for snapshot in snapshots)
    )


def figures(
    target: str, engine: str, workload: Workload, measurement: Measurement, ceiling_per_s: float
) -> dict[str, Any]:
    """All figures; null where nothing was measured. The loader ceiling is NaN if unknown."""
    opened, window, drained = measurement.opened, measurement.window, measurement.drained
    connections = opened.connected + opened.failed
    active, served = workload.active_of(connections), workload.active_of(opened.connected)
    closed = workload.loop == "closed"
    received = window.messages + drained.messages
    lost = window.lost + drained.lost + drained.pending
    errors: Counter[str] = Counter()
    for snapshot in (measurement.opening, measurement.before, window, drained):
        errors.update(snapshot.errors)
    times = {kind: histogram for kind, _, histogram in recorded(workload, measurement)}
    latencies = latency_columns(Recording(kind, 0.0, 0.0, times[kind]) for kind in times)
    handshake = times.get("handshake", Histogram()).summary_ms()
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
        "size_bytes": workload.size_bytes if workload.protocol in ECHOING else None,
        "reply_bytes": workload.expect_bytes or None,
        "duration_s": window.seconds,
        "setup_s": opened.setup_s,
        "connected": opened.connected,
        "warmup_s": measurement.warmup.waited_s,
        "unsteady": measurement.warmup.unsteady,
        "stops": measurement.stops,
        "opened": window.opened,
        "opened_per_s": window.opened / window.seconds,
        "due": received + lost,
        "lost": lost,
        "lost_connections": max(opened.failed, measurement.failed),
        "late": None if closed else window.late,
        "sent": window.sent,
        "received": received,
        "messages_per_s": window.messages / window.seconds,
        "errors": dict(errors),
        "starved": window.starved,
        **{
            f"{kind}_ms": {name: or_none(latencies[f"{kind}_{name}_ms"]) for name in SUMMARY}
            for kind in KINDS
        },
        "handshake_ms": {name: or_none(value) for name, value in handshake.items()},
        "littles_law_ratio": or_none(window.littles_law_ratio(served)) if closed else None,
        "loader": {
            "cpu_s": window.cpu_s,
            "cpu_us_per_message": window.cpu_s / window.messages * 1e6 if window.messages else None,
            "ceiling_messages_per_s": or_none(ceiling_per_s),
            "limited": limited([window], ceiling_per_s),
        },
        "series": measurement.series,
    }


def histogram_log(workload: Workload, measurement: Measurement) -> str:
    """The standard HdrHistogram log: a line per kind, with times since the opening began."""
    opening = measurement.opening
    began = datetime.fromtimestamp(time.time() - time.monotonic() + opening.began_ns / 1e9, UTC)
    connections = measurement.opened.connected + measurement.opened.failed
    return log.header(began) + "".join(
        log.line(
            log.Tag("load", workload.loop, 0, connections, kind),
            (snapshot.began_ns - opening.began_ns) / 1e9,
            snapshot.seconds,
            times,
        )
        for kind, snapshot, times in recorded(workload, measurement)
    )


def lost_beyond(figures: dict[str, Any], allowed: float) -> str:
    """The connections and messages that were lost, if more than this share; else empty.

    A connection is lost that was never served, or had failed when the window ended.
    """
    kinds = (("lost_connections", "connections", "connections"), ("lost", "due", "messages"))
    counts = ((figures[lost], figures[of], what) for lost, of, what in kinds)
    return " and ".join(
        f"{lost:,} of {of:,} {what}" for lost, of, what in counts if lost > allowed * of
    )
