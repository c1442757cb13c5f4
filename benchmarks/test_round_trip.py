"""The echo round trip of each server, by that of a bare C echo server in the same rounds.

Over 1 connection it is mostly waking up; over 50 the server is busy throughout.
"""

import os
import socket
import time
from contextlib import ExitStack

import psutil
import pytest

from benchmarks.floor import compile_program
from servers.catalogue import CATALOGUE, parse_spec
from servers.process import ServerProcess

SIZE_BYTES = 64
MESSAGES = 500  # a round
ROUNDS = 60


@pytest.fixture(scope="module")
def server_cpus():
    """The CPUs for servers; the client keeps to the first one, if there are more."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, usable[:1])
    yield usable[1:] or usable
    os.sched_setaffinity(0, usable)


@pytest.fixture(scope="module")
def start(server_cpus, tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as running:

        def start(name, command):
            log = logs / f"{name}.log"
            return running.enter_context(ServerProcess(name, command, log=log, cpus=server_cpus))

        yield start


@pytest.fixture(scope="module")
def floor(start, tmp_path_factory):
    program = compile_program("echo_server", tmp_path_factory.mktemp("floor"))
    return start("floor", [str(program), "0"])


@pytest.fixture(scope="module", params=CATALOGUE)
def server(request, start):
    command = parse_spec(request.param).command(host="127.0.0.1", port=0)
    return start(request.param, command)


class Client:
    """Blocking connections to one server, each with a message of its own."""

    def __init__(self, server, connections, held):
        self.server = server
        self.connections = [
            (
                held.enter_context(
                    socket.create_connection((server.host, server.port), timeout=10)
                ),
                number.to_bytes(2) * (SIZE_BYTES // 2),
            )
            for number in range(connections)
        ]
        for connection, _ in self.connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self):
        """Send a round's messages, one at a time on each connection, and check every echo."""
        for _ in range(MESSAGES // len(self.connections)):
            for connection, message in self.connections:
                connection.sendall(message)
            for connection, message in self.connections:
                if connection.recv(SIZE_BYTES, socket.MSG_WAITALL) != message:
                    raise RuntimeError(f"{self.server.name} did not send back what it was sent")

    def server_cpu_s(self):
        """User and system time of the server's process to the nanosecond: clock_getcpuclockid(3).

        In ticks of 10 ms, as psutil has it, one round of the floor would be 0.
        """
        return time.clock_gettime((~self.server.pid << 3) | 2)


@pytest.mark.parametrize("connections", [1, 50])
def test_round_trip(benchmark, beside_floor, work, server, floor, connections):
    with ExitStack() as held:
        client, bare = Client(server, connections, held), Client(floor, connections, held)
        beside_floor(
            work(client.exchange, client.server_cpu_s),
            work(bare.exchange, bare.server_cpu_s),
            per_round=MESSAGES,
            rounds=ROUNDS,
        )
        process = psutil.Process(server.pid)
        benchmark.extra_info["rss_bytes"] = process.memory_info().rss
        benchmark.extra_info["threads"] = process.num_threads()
