"""The echo round trip of each server, as a ratio to that of a bare C echo server in turn.

With 1 connection, the time is mostly that of waking up. With 50 messages at once the server is
busy, and the time depends on when client and server get a CPU: there CPU time says more.
"""

import socket
import time
from contextlib import ExitStack

import pytest

from benchmarks.conftest import timed
from c10k.servers.catalogue import parse_spec

SIZE_BYTES = 64
MESSAGES = 50  # per round
ROUNDS = 300


@pytest.fixture(scope="module", params=["threaded", "asyncio_streams"])
def server(request, server_cpus, tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    with parse_spec(request.param).process(log=log, cpus=server_cpus) as server:
        yield server


def echoes(server, connections, held):
    """A round of MESSAGES echoes, one at a time on each blocking connection, each of them checked.

    Its CPU time is user and system time of the server's process, from clock_getcpuclockid(3):
    psutil counts ticks of 10 ms, which is longer than a round.
    """
    messages = {
        held.enter_context(
            socket.create_connection((server.host, server.port), timeout=10)
        ): number.to_bytes(2) * (SIZE_BYTES // 2)
        for number in range(connections)
    }
    for connection in messages:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run():
        for _ in range(MESSAGES // connections):
            for connection, message in messages.items():
                connection.sendall(message)
            for connection, message in messages.items():
                if connection.recv(SIZE_BYTES, socket.MSG_WAITALL) != message:
                    raise RuntimeError(f"{server.name} did not send back what it was sent")

    return timed(run, lambda: time.clock_gettime((~server.pid << 3) | 2))


@pytest.mark.parametrize("connections", [1, 50])
def test_round_trip(beside_floor, server, floor, connections):
    with ExitStack() as held:
        client, bare = echoes(server, connections, held), echoes(floor, connections, held)
        beside_floor(client, bare, rounds=ROUNDS, pid=server.pid)
