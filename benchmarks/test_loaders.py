"""Loaders on the same server, in turn: messages/s and CPU per message of each.

Loaders have one CPU and the server another, if there are two. On a bare C echo server, the fleet is
compared with a bare C loop that neither verifies nor times messages, and Locust and a Python thread
per connection with the fleet. On nginx, the fleet is compared with wrk.

Benchmarks marked `survey` take long or need other programs: `tox -e loaders` runs them too,
`tox -e regress` leaves them out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.floor import compile_program
from benchmarks.nginx import nginx
from c10k.servers.process import ServerProcess

ROOT = Path(__file__).parent.parent
SECONDS = 1.0
ROUNDS = 5


def surveyed(*values):
    return (pytest.param(value, marks=pytest.mark.survey) for value in values)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return tmp_path_factory.mktemp("floor")


@pytest.fixture(scope="module")
def server(server_cpus, programs):
    command = [str(compile_program("echo_server", programs)), "0"]
    with ServerProcess("floor", command, log=programs / "log", cpus=server_cpus) as server:
        yield server


@pytest.fixture(scope="module")
def bare(programs, server):
    return CLoop(compile_program("load", programs), server)


class Rounds:
    """A loader with so many connections. A round is one run, divided by its messages."""

    def __init__(self, loader, connections):
        self.loader = loader
        self.command = loader.command(connections)

    def round(self):
        return self.loader.run(self.command)


class Loader:
    """A program that prints its report as JSON."""

    def over(self, connections):
        return Rounds(self, connections)

    def run(self, command):
        """Seconds per message, and CPU seconds per message if known."""
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert finished.returncode == 0, finished.stderr
        return self.read(json.loads(finished.stdout))

    def read(self, report):
        return 1 / report["messages_per_s"], report["cpu_us_per_message"] / 1e6


class CLoop(Loader):
    """The floor."""

    def __init__(self, program, server):
        self.program = [str(program), server.host, str(server.port)]

    def command(self, connections):
        return [*self.program, str(connections), str(SECONDS), "64"]


class CConnects(CLoop):
    """The floor of opening connections: one blocking connect() after the other, nothing sent."""

    def read(self, report):
        return (report["connect_s"] / report["connections"],)


class Threads(CLoop):
    """A Python thread per connection."""

    def __init__(self, server):
        super().__init__(sys.executable, server)
        self.program.insert(1, str(ROOT / "benchmarks/thread_load.py"))


class Fleet(Loader):
    def __init__(self, address, *options):
        self.program = [sys.executable, "-m", "c10k", "load", address, "--json", "-", *options]

    def command(self, connections):
        return [*self.program, "-c", str(connections), "-d", str(SECONDS)]

    def read(self, report):
        assert not report["errors"]
        return 1 / report["messages_per_s"], report["loader"]["cpu_us_per_message"] / 1e6


class Opening(Fleet):
    """Opens connections; each counts as open after a verified echo."""

    def read(self, report):
        assert report["connected"] == report["connections"]
        return (report["setup_s"] / report["connections"],)


class Locust(Loader):
    def __init__(self, server):
        self.program = [
            *(sys.executable, "-m", "locust", "-f", str(ROOT / "loadgen/locustfile.py")),
            *("--host", f"tcp://{server.host}:{server.port}", "--wait-s", "0", "--reset-stats"),
            *("--headless", "--json", "--skip-log"),
            *("--run-time", f"{SECONDS + 1:.0f}s"),  # a second to start its users
        ]

    def command(self, connections):
        return [*self.program, "--users", str(connections), "--spawn-rate", str(connections)]

    def read(self, report):
        """Locust does not report its CPU time."""
        (echo,) = (each for each in report if each["method"] == "echo")
        assert not echo["num_failures"]
        return ((echo["last_request_timestamp"] - echo["start_time"]) / echo["num_requests"],)


class Wrk(Loader):
    def __init__(self, program, port):
        self.program = [program, "-t1", f"-d{SECONDS:.0f}s", f"http://127.0.0.1:{port}/"]

    def command(self, connections):
        return [*self.program, f"-c{connections}"]

    def run(self, command):
        """Its report is not JSON, and its CPU time comes from wait4()."""
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


def address(server):
    return f"{server.host}:{server.port}"


@pytest.mark.parametrize("connections", [100, 1000, *surveyed(10, 10000)])
def test_fleet_by_bare_loop(benchmark, beside_floor, server, bare, connections):
    fleet = Fleet(address(server)).over(connections)
    beside_floor(fleet, bare.over(connections), rounds=ROUNDS, compared=["time", "cpu"])


@pytest.mark.survey
def test_opening_by_bare_connects(benchmark, beside_floor, programs, server):
    connects = CConnects(compile_program("load", programs), server).over(10000)
    beside_floor(Opening(address(server)).over(10000), connects, rounds=ROUNDS, compared=[])


@pytest.mark.parametrize("connections", [100, *surveyed(10000)])
def test_locust_user_by_fleet(benchmark, beside_floor, server, connections):
    fleet = Fleet(address(server)).over(connections)
    beside_floor(Locust(server).over(connections), fleet, rounds=ROUNDS, compared=[])


@pytest.mark.survey
def test_thread_by_fleet(benchmark, beside_floor, server):
    fleet = Fleet(address(server)).over(100)
    beside_floor(Threads(server).over(100), fleet, rounds=ROUNDS, compared=[])


@pytest.mark.survey
def test_fleet_by_wrk(benchmark, beside_floor, server_cpus, tmp_path):
    wrk, server = shutil.which("wrk"), shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not (wrk and server):
        pytest.skip("wrk or nginx is not installed: sudo apt install wrk nginx-light")
    with nginx(server, tmp_path, server_cpus) as port:
        fleet = Fleet(f"127.0.0.1:{port}", "--protocol", "http")
        beside_floor(fleet.over(100), Wrk(wrk, port).over(100), rounds=ROUNDS, compared=[])
