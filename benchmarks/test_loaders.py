"""Loaders on the same server, in turn: time and CPU time per message of each.

Loaders have one CPU and the server another, if there are two. On a bare C echo server, the fleet is
compared with a bare C loop that neither verifies nor times messages, and Locust and a Python thread
per connection with the fleet. On nginx, the fleet is compared with wrk.

Benchmarks marked `survey` take long or need other programs: `tox -e loaders` runs them too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from c10k.servers.catalogue.program import free_port
from c10k.servers.process import ServerProcess

ROOT = Path(__file__).parent.parent
SECONDS = 1.0
NGINX = """\
worker_processes 1;
daemon off;
pid pid;
error_log stderr;
events { worker_connections 2048; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    server {
        listen 127.0.0.1:%(port)d;
        location / { return 200 %(body)s; }
    }
}
"""


def survey(*connections):
    return [pytest.param(each, marks=pytest.mark.survey) for each in connections]


def loader(command, read):
    """A round: a run of a loader, and what `read` takes from the report that it prints as JSON."""

    def run():
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert finished.returncode == 0, finished.stderr
        return read(json.loads(finished.stdout))

    return run


def per_message(report):
    return 1 / report["messages_per_s"], report["cpu_us_per_message"] / 1e6


def as_floor(program, server, connections, read=per_message):
    """A loader that is called as floor/load.c."""
    address = [server.host, str(server.port)]
    return loader([*program, *address, str(connections), str(SECONDS), "64"], read)


def per_connect(report):
    return (report["connect_s"] / report["connections"],)


def per_fleet_message(report):
    assert not report["errors"]
    return 1 / report["messages_per_s"], report["loader"]["cpu_us_per_message"] / 1e6


def fleet(server, connections, *options, read=per_fleet_message):
    command = [sys.executable, "-m", "c10k", "load", f"{server.host}:{server.port}", "--json", "-"]
    return loader([*command, "-c", str(connections), "-d", str(SECONDS), *options], read)


def per_verified_connection(report):
    assert report["connected"] == report["connections"]
    return (report["setup_s"] / report["connections"],)


def locust(server, users):
    command = [
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "loadgen/locustfile.py")),
        *("--host", f"tcp://{server.host}:{server.port}", "--reset-stats"),
        *("--headless", "--json", "--skip-log", "--users", str(users), "--spawn-rate", str(users)),
        *("--run-time", f"{SECONDS + 1:.0f}s", "EchoUser"),  # a second to start its users
    ]
    return loader(command, per_locust_echo)


def per_locust_echo(report):
    """Locust does not report its CPU time."""
    (echo,) = (each for each in report if each["method"] == "echo")
    assert not echo["num_failures"]
    return ((echo["last_request_timestamp"] - echo["start_time"]) / echo["num_requests"],)


def wrk(server, connections):
    """A round of wrk. Its report is not JSON, and its CPU time comes from wait4()."""
    url = f"http://{server.host}:{server.port}/"

    def run():
        command = ["wrk", "-t1", f"-d{SECONDS:.0f}s", f"-c{connections}", url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        report = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert "Non-2xx" not in report
        assert "Socket errors" not in report
        requests = int(re.search(r"(\d+) requests in", report)[1])
        per_s = float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1])
        return 1 / per_s, (usage.ru_utime + usage.ru_stime) / requests

    return run


@pytest.mark.parametrize("connections", [100, 1000, *survey(10, 10000)])
def test_fleet_by_bare_loop(beside_floor, floor, programs, connections):
    beside_floor(
        fleet(floor, connections),
        as_floor([programs["load"]], floor, connections),
    )


@pytest.mark.parametrize("connections", survey(10000))
def test_opening_by_bare_connects(beside_floor, floor, programs, connections):
    """The fleet counts a connection after a verified echo; the floor sends nothing."""
    beside_floor(
        fleet(floor, connections, read=per_verified_connection),
        as_floor([programs["load"]], floor, connections, per_connect),
    )


@pytest.mark.parametrize("connections", [100, *survey(10000)])
def test_locust_user_by_fleet(beside_floor, floor, connections):
    beside_floor(locust(floor, connections), fleet(floor, connections))


@pytest.mark.parametrize("connections", survey(100))
def test_thread_by_fleet(beside_floor, floor, connections):
    threads = as_floor(
        [sys.executable, str(ROOT / "benchmarks/thread_load.py")], floor, connections
    )
    beside_floor(threads, fleet(floor, connections))


@pytest.fixture
def nginx(server_cpus, tmp_path):
    """nginx with one worker that replies with 64 bytes from memory."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not (program and shutil.which("wrk")):
        pytest.skip("wrk or nginx is not installed: sudo apt install wrk nginx-light")
    port = free_port("127.0.0.1")
    (tmp_path / "nginx.conf").write_text(NGINX % {"port": port, "body": "x" * 64})
    command = [program, "-p", str(tmp_path), "-e", "stderr", "-c", "nginx.conf"]
    address = ("127.0.0.1", port)
    with ServerProcess(
        "nginx", command, log=tmp_path / "log", address=address, cpus=server_cpus
    ) as server:
        yield server


@pytest.mark.parametrize("connections", survey(100))
def test_fleet_by_wrk(beside_floor, nginx, connections):
    of_fleet = fleet(nginx, connections, "--protocol", "http")
    beside_floor(of_fleet, wrk(nginx, connections))
