"""Loaders on the same bare C echo server, in turn: how many messages a second can each drive?

All keep to one CPU and the server to another, where there are two. The fleet goes beside a bare C
loop that neither verifies nor times a message, a Locust user a connection beside the fleet.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.floor import compile_program
from servers.process import ServerProcess

ROOT = Path(__file__).parent.parent
SECONDS = 1.0
ROUNDS = 5


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


class CLoop:
    """The floor."""

    def __init__(self, program, server):
        self.command = [str(program), server.host, str(server.port)]

    def over(self, connections):
        return Rounds([*self.command, str(connections), str(SECONDS), "64"], self)

    def read(self, report):
        return 1 / report["messages_per_s"], report["cpu_us_per_message"] / 1e6


class Fleet:
    def __init__(self, server):
        self.command = ["-m", "c10k", "load", f"{server.host}:{server.port}", "--json", "-"]

    def over(self, connections):
        duration = ["-c", str(connections), "-d", str(SECONDS)]
        return Rounds([sys.executable, *self.command, *duration], self)

    def read(self, report):
        assert not report["errors"]
        return 1 / report["messages_per_s"], report["loader"]["cpu_us_per_message"] / 1e6


class Locust:
    def __init__(self, server):
        self.command = [
            *("-m", "locust", "-f", str(ROOT / "loadgen/locustfile.py"), "--headless", "--json"),
            *("--host", f"tcp://{server.host}:{server.port}", "--wait-s", "0", "--reset-stats"),
            *("--skip-log", "--run-time", f"{SECONDS + 1:.0f}s"),  # a second to start its users
        ]

    def over(self, connections):
        users = ["--users", str(connections), "--spawn-rate", str(connections)]
        return Rounds([sys.executable, *self.command, *users], self)

    def read(self, report):
        """Locust does not tell its CPU time."""
        (echo,) = (each for each in report if each["method"] == "echo")
        assert not echo["num_failures"]
        return ((echo["last_request_timestamp"] - echo["start_time"]) / echo["num_requests"],)


class Rounds:
    """A loader with its arguments. A round is a run, taken by the message."""

    def __init__(self, command, loader):
        self.command = command
        self.loader = loader

    def round(self):
        finished = subprocess.run(
            self.command, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert finished.returncode == 0, finished.stderr
        return self.loader.read(json.loads(finished.stdout))


@pytest.mark.parametrize("connections", [100, 1000])
def test_fleet_by_bare_loop(benchmark, beside_floor, server, bare, connections):
    fleet = Fleet(server).over(connections)
    beside_floor(fleet, bare.over(connections), rounds=ROUNDS, compared=["time", "cpu"])


def test_locust_user_by_fleet(benchmark, beside_floor, server):
    locust, fleet = Locust(server).over(100), Fleet(server).over(100)
    beside_floor(locust, fleet, rounds=ROUNDS, compared=[])
