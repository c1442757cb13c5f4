"""FleetUser in Locust: what it counts, beside what the server counted, in every way to run it."""

import signal
import socket
import time
import urllib.parse
import urllib.request
from importlib.metadata import version

import pytest

from c10k.results.histogram import Histogram
from tests.loadgen.conftest import until
from tests.loadgen.users.conftest import RECORDING, USERS, Counting, histogram, url

pytestmark = pytest.mark.system

HEADLESS = ("--headless", "--spawn-rate", "1000")


def check_against_server(record, server):
    """The server's count, to the message. The first message of each connection only proves it."""
    total = record["total"]
    assert total["messages"] + total["opened"] == server.echoed
    # A connection that was being opened again when the test ended had its next message waiting.
    assert total["lost"] == server.unanswered + record["errors"].get("never_sent", 0)
    assert total["opened"] == server.connections
    assert total["pending"] == 0, "the fleet drained before its users stopped"


def check_against_locust(record, size=64):
    """Locust's statistics are what the fleet recorded."""
    total = record["total"]
    times = histogram(total)
    assert record["requests"] == record["all_requests"] == total["messages"] + total["lost"]
    assert record["by_second"] == record["requests"] == times.total
    assert record["failures"] == total["lost"]
    of_fleet = {cause: n for cause, n in record["errors"].items() if cause != "never_sent"}
    assert of_fleet == total["errors"]
    assert record["content_bytes"] == total["messages"] * size
    assert record["mean_ms"] == pytest.approx(total["sums_ns"]["response"] / 1e6 / times.total)
    for name, percentile in (("p50_ms", 50), ("p99_ms", 99)):
        # Three significant digits of Locust's, half a bucket of the histogram's; and either may
        # take the neighbour of a rank that lies between two.
        neighbours = (percentile - 150 / times.total, min(percentile + 150 / times.total, 100))
        around = times.percentiles_ns(neighbours) / 1e6
        assert around[0] * 0.99 <= record[name] <= around[1] * 1.01


def test_two_workers_on_the_ramp_have_recorded_what_the_server_counts(serve, locusts):
    server = Counting(last=10, pause_s=0.1)
    steps = ("--ramp-steps", "3,130", "--ramp-step-s", "1.5")
    master = locusts.start(
        *("--headless", "--host", url(serve(server)), "--processes", "2", *steps),
        locustfile=f"{RECORDING},{USERS / 'ramp.py'}",
    )
    said = locusts.ended(master)
    for users in (3, 130):
        assert f"Shape test updating to {users} users" in said
    assert "the fleet completed" in said
    check_workers(master, locusts.recorded(), server)
    again = server.connections - 130
    assert server.unanswered - 130 <= again <= server.unanswered, "opened wherever one ended"
    assert again > 0


def test_workers_started_apart_have_recorded_what_the_server_counts(serve, locusts):
    server = Counting(last=30)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    master = locusts.start(
        *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port),
        *("--expect-workers", "2", *HEADLESS, "--users", "11", "--run-time", "4s"),
        *("--host", url(serve(server))),
    )
    workers = [locusts.start("--worker", "--master-port", port) for _ in range(2)]
    for process in (master, *workers):
        locusts.ended(process)
    check_workers(master, locusts.recorded(), server)


def check_workers(master, recorded, server):
    """What a master has is what its two workers recorded, and what the server counted."""
    assert master.returncode == 1, "Locust's status where a request failed"
    (of_master,) = recorded["MasterRunner"]
    of_workers = [worker["total"] for worker in recorded["WorkerRunner"]]
    assert len(of_workers) == len(of_master["workers"]) == 2
    total = of_master["total"]
    for name in ("messages", "lost", "sent", "due", "opened", "starved"):
        assert total[name] == sum(each[name] for each in of_workers) >= 0
    union = Histogram().merged(*map(histogram, of_workers))
    assert histogram(total) == union
    assert (
        histogram(total).percentiles_ns([50, 99]).tolist()
        == union.percentiles_ns([50, 99]).tolist()
    )
    by_worker = sorted(each["messages"] for each in of_master["workers"].values())
    assert by_worker == sorted(each["messages"] for each in of_workers)
    assert by_worker[0] > 0
    check_against_server(of_master, server)
    check_against_locust(of_master)
    assert total["errors"].keys() == {"closed_by_server"}
    # The seconds are the workers' together, in order, and none is missing.
    ends = [ended for ended, _ in of_master["seconds"]]
    assert ends == sorted(ends)
    assert sum(second["messages"] for _, second in of_master["seconds"]) == total["messages"]


def test_the_portable_engine_in_a_process_of_its_own_counts_as_well(serve, locusts):
    """Ended by Ctrl-C, as people end it."""
    server = Counting(pause_s=0.1)
    process = locusts.start(
        *(*HEADLESS, "--host", url(serve(server)), "--users", "110"), WITHOUT_NATIVE="1"
    )
    until(lambda: server.echoed > 300)
    process.send_signal(signal.SIGINT)
    locusts.ended(process)
    assert process.returncode == 0
    ((record,),) = locusts.recorded().values()
    check_against_server(record, server)
    check_against_locust(record)


def ask(port, path, form=None):
    """What the web UI answers."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=30) as answer:
        return answer.read().decode()


def stop(port):
    newer = tuple(map(int, version("locust").split(".")[:2])) > (2, 43)
    ask(port, "/stop", {} if newer else None)  # from 2.44 on it is no GET


def test_tests_in_the_web_ui_follow_one_another(serve, locusts):
    server, other = Counting(), Counting(size=128)
    host, other_host = url(serve(server)), url(serve(other))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()
        with socket.create_server(("127.0.0.1", 0)) as other_listener:
            port = other_listener.getsockname()[1]
    process = locusts.start("--web-host", "127.0.0.1", "--web-port", port)

    def page():
        try:
            return ask(port, "/")
        except OSError:
            return None

    until(page)
    assert "messages/s of each connection" in page(), "the options are in the form"

    def shown():
        time.sleep(0.1)
        return ask(port, "/stats/requests").replace(" ", "")

    def swarm(host, users, **form):
        common = {"user_count": users, "spawn_rate": 1000, "host": host}
        assert '"success":true' in ask(port, "/swarm", common | form).replace(" ", "")

    def refused(host, message, **form):
        swarm(host, 1, **form)
        until(lambda: message in shown())
        until(lambda: '"state":"stopped"' in shown())

    refused("", "givethehosttoload")
    refused("nonsense", "HOST:PORToraURL")
    refused(host, "rate:Expected`float`", rate="-1")
    swarm(url(closed), 2, rate="0")
    until(lambda: "connect_refused" in shown())
    late = Counting()
    serve(late, closed[1])
    until(lambda: late.connections == 2)
    until(lambda: late.echoed > 2)
    stop(port)

    swarm(host, 3)
    until(lambda: server.connections == 3)
    swarm(host, 5)  # edited while it runs
    until(lambda: server.connections == 5)
    until(lambda: '"user_count":5' in shown())
    swarm(host, 2)
    until(lambda: '"user_count":2' in shown())
    stop(port)

    swarm(other_host, 4, size="128", rate="20")
    until(lambda: other.echoed >= 40)
    stop(port)
    process.send_signal(signal.SIGTERM)
    locusts.ended(process)
    ((record,),) = locusts.recorded().values()
    check_against_server(record, other)
    check_against_locust(record, size=128)
    assert record["total"]["due"] == record["total"]["messages"], "an open loop"
