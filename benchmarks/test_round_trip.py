"""The echo round trip of each server, as a ratio to that of a bare C echo server in turn.

With 1 connection, the time is mostly that of waking up. With 50 messages at once the server is
busy, and the time depends on when client and server get a CPU: there only CPU time is compared.
"""

import socket
import time
from contextlib import ExitStack

import psutil
import pytest

from benchmarks.floor import compile_program
from c10k.servers.catalogue import Endpoint, parse_spec
from c10k.servers.process import ServerProcess

SIZE_BYTES = 64
MESSAGES = 50  # per round
ROUNDS = 300


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


@pytest.fixture(scope="module", params=["threaded", "asyncio_streams"])
def server(request, start):
    return start(request.param, parse_spec(request.param).launch(Endpoint()).command)


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

    def round(self):
        """MESSAGES echoes, one at a time on each connection, each of them checked."""
        for _ in range(MESSAGES // len(self.connections)):
            for connection, message in self.connections:
                connection.sendall(message)
            for connection, message in self.connections:
                if connection.recv(SIZE_BYTES, socket.MSG_WAITALL) != message:
                    raise RuntimeError(f"{self.server.name} did not send back what it was sent")

    def server_cpu_s(self):
        """User and system time of the server's process, in nanoseconds: clock_getcpuclockid(3).

        psutil counts ticks of 10 ms, which is longer than a round.
        """
        return time.clock_gettime((~self.server.pid << 3) | 2)


@pytest.mark.parametrize(
    ("connections", "compared"), [(1, ["time", "cpu"]), (50, ["cpu"])], ids=["1", "50"]
)
def test_round_trip(benchmark, beside_floor, work, server, floor, connections, compared):
    with ExitStack() as held:
        client, bare = Client(server, connections, held), Client(floor, connections, held)
        beside_floor(
            work(client.round, client.server_cpu_s),
            work(bare.round, bare.server_cpu_s),
            rounds=ROUNDS,
            compared=compared,
        )
        process = psutil.Process(server.pid)
        cpu_us = benchmark.extra_info["cpu"]["work_us_per_round"]
        benchmark.extra_info["cpu_us_per_message"] = cpu_us / MESSAGES
        benchmark.extra_info["rss_bytes"] = process.memory_info().rss
        benchmark.extra_info["threads"] = process.num_threads()
