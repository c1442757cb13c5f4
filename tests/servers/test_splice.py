"""The pipes that the bytes go through: as many as are needed, and given back."""

import resource
import socket

import psutil
import pytest

from tests.servers.talk import echo, fill, receive, served

pytestmark = pytest.mark.system


def test_a_connection_needs_no_pipe_while_it_is_quiet(serve, connect):
    server = serve("splice")
    before = psutil.Process(server.pid).num_fds()
    connections = [connect(server) for _ in range(20)]
    assert all(served(connection) for connection in connections)
    assert psutil.Process(server.pid).num_fds() == before + 20


def test_pipes_may_run_out_and_come_back(serve, connect, wait_until):
    server = serve("splice,buffer=65536")
    process = psutil.Process(server.pid)
    idle = process.num_fds()
    _, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    greedy = [connect(server) for _ in range(3)]
    assert all(served(connection) for connection in greedy)
    # One pipe is there, and there may be one more: two ends.
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (idle + 3 + 2, most))
    sent = [fill(connection, 64 * 1024**2) for connection in greedy]
    assert server.log.read_text().count("cannot accept: OSError(24") == 1
    for connection, size in zip(greedy, sent, strict=True):
        connection.settimeout(15)
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection, size + 1) == b"x" * size
    wait_until(lambda: process.num_fds() == idle)
    assert echo(connect(server), b"hello") == b"hello"


def test_a_pipe_with_bytes_that_nobody_wants_is_closed(serve, connect, wait_until):
    server = serve("splice")
    process = psutil.Process(server.pid)
    idle = process.num_fds()
    greedy = connect(server)
    fill(greedy, 64 * 1024**2)
    assert process.num_fds() == idle + 1  # the spare pipe is the one in use
    greedy.close()
    wait_until(lambda: process.num_fds() <= idle)
    message = bytes(range(256)) * 100
    assert echo(connect(server), message) == message, "and not those that were left"
