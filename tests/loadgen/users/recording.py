"""A locustfile whose Locust writes down, when it ends, what it has recorded; not a test."""

import json
import os
import sys
from pathlib import Path

from locust import events

if os.environ.get("WITHOUT_NATIVE"):  # as where it is not built
    sys.modules["c10k.loadgen.native.engine"] = None

from c10k.loadgen.locustfile import EchoUser, FleetUser  # noqa: F401 (for Locust)
from c10k.loadgen.users.fleet import UserFleet
from c10k.loadgen.users.record import Record


def plain(snapshot):
    """A snapshot as JSON."""
    return snapshot and {
        **vars(snapshot),
        "opened": snapshot.opened,
        "counts": {kind: counts.hex() for kind, counts in snapshot.counts.items()},
    }


def write(environment):
    record, stats = Record.of(environment), environment.stats
    entry = stats.get(environment.host, "echo")
    Path(os.environ["RECORDED"], f"{os.getpid()}.json").write_text(
        json.dumps(
            {
                "runner": type(environment.runner).__name__,
                "fleet": UserFleet.of(environment) is not None,
                "total": plain(record.total),
                "latest": plain(record.latest),
                "workers": {name: plain(each) for name, each in record.workers.items()},
                "seconds": [(ended, plain(each)) for ended, each in record.seconds],
                "requests": entry.num_requests,
                "failures": entry.num_failures,
                "by_second": sum(entry.num_reqs_per_sec.values()),
                "content_bytes": entry.total_content_length,
                "mean_ms": entry.avg_response_time,
                "p50_ms": entry.get_response_time_percentile(0.5),
                "p99_ms": entry.get_response_time_percentile(0.99),
                "all_requests": stats.total.num_requests,
                "errors": {error.error: error.occurrences for error in stats.errors.values()},
            }
        )
    )


@events.init.add_listener
def follow(environment, **_):
    events.quit.add_listener(lambda **_: write(environment))
