"""The histograms of a load in the standard HdrHistogram log."""

import time
from datetime import UTC, datetime

from c10k.load.figures import recorded
from c10k.load.measure import Measurement
from c10k.loadgen.workload import Workload
from c10k.results import histogram_log
from c10k.results.histogram_log import Tag


def text(workload: Workload, measurement: Measurement) -> str:
    """The log: a line per kind, with times since the opening began."""
    opening = measurement.opening
    began = datetime.fromtimestamp(time.time() - time.monotonic() + opening.began_ns / 1e9, UTC)
    connections = measurement.opened.connected + measurement.opened.failed
    return histogram_log.header(began) + "".join(
        histogram_log.line(
            Tag("load", workload.loop, 0, connections, kind),
            (snapshot.began_ns - opening.began_ns) / 1e9,
            snapshot.seconds,
            times,
        )
        for kind, snapshot, times in recorded(workload, measurement)
    )
