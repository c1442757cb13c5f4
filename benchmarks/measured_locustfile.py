"""A locustfile that measures itself for `benchmarks.locust_users`: not to be run by hand.

Once all users are connected and warm, it resets the statistics as the web UI's button does, waits
for WINDOW_S, prints a line of JSON, and ends Locust.
"""

import json
import os
import sys
import time
from pathlib import Path

import gevent
from locust import events

from c10k.loadgen.locustfile import EchoUser, FleetUser  # noqa: F401 (for Locust)
from c10k.loadgen.users.entries import CONNECT
from c10k.loadgen.users.fleet import UserFleet
from c10k.loadgen.users.record import Record
from c10k.results.histogram import Histogram

WARM_UP_S = 3.0
FLEET_THREAD = "c10k-fleet"


def locust_cpu_s():
    """CPU time of this process but for the fleet's native threads (proc(5), schedstat)."""
    tasks = Path("/proc/self/task").iterdir()
    return sum(
        int((task / "schedstat").read_text().split()[0]) / 1e9
        for task in tasks
        if (task / "comm").read_text().strip() != FLEET_THREAD
    )


def connected(environment):
    if fleet := UserFleet.of(environment):
        return fleet.fleet.progress().ready
    return environment.stats.get(environment.host, CONNECT).num_requests


def measure(environment):
    users = environment.parsed_options.num_users
    while environment.runner.user_count < users or connected(environment) < users:
        gevent.sleep(0.1)
    print(f"{users:,} users are connected", file=sys.stderr, flush=True)
    gevent.sleep(WARM_UP_S)
    environment.events.reset_stats.fire()
    environment.stats.reset_all()
    began, cpu_s = time.monotonic(), locust_cpu_s()
    gevent.sleep(float(os.environ["WINDOW_S"]))
    seconds = time.monotonic() - began
    entry = environment.stats.get(environment.host, "echo")
    found = {
        "users": users,
        "seconds": seconds,
        "messages": entry.num_requests,
        "failures": environment.stats.total.num_failures,
        "mean_ms": entry.avg_response_time,
        "p50_ms": entry.get_response_time_percentile(0.5),
        "locust_cpu_cores": (locust_cpu_s() - cpu_s) / seconds,
    }
    if total := Record.of(environment).total:  # of whole seconds
        responses = Histogram.from_buffer(total.counts["response"])
        found |= {
            "seconds": total.seconds,
            "hdr_messages": total.messages,
            "hdr_p50_ms": responses.percentile_ns(50) / 1e6,
            "fleet_cpu_cores": total.cpu_cores,
        }
    print(json.dumps(found), flush=True)
    environment.runner.quit()


@events.init.add_listener
def follow(environment, **_):
    gevent.spawn(measure, environment)
