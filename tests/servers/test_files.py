"""The servers of a file: the bytes, what cannot be had, and a file that goes with the server."""

import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest

from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import Workload
from tests.servers.talk import receive, reset

pytestmark = pytest.mark.system

SIZE = 300 * 1024


@pytest.fixture(params=["files", "files_sendfile"])
def server(request, shared):
    return shared(f"{request.param},size=300k")


def content(size):
    return bytes(index % 251 for index in range(size))


def ask(connection, size):
    connection.sendall(b"%d\n" % size)
    return receive(connection, size)


@pytest.mark.parametrize("size", [1, SIZE])
def test_the_fleet_gets_the_bytes_that_it_expects(server, wait_until, size):
    workload = Workload("files", protocol="download", expect_bytes=size)
    with Fleet((server.host, server.port), workload) as fleet:
        fleet.resize(5)
        assert fleet.wait_open(15).connected == 5
        fleet.load()
        wait_until(lambda: fleet.progress().messages >= 20)
        fleet.drain()
        assert fleet.snapshot().errors == {}


def test_requests_may_be_sent_at_once_and_the_connection_half_closed(server, connect):
    connection = connect(server)
    connection.sendall(b"3\n251\n0\n%d\n" % SIZE)
    connection.shutdown(socket.SHUT_WR)
    expected = content(3) + content(251) + content(SIZE)
    assert receive(connection, len(expected) + 1) == expected


@pytest.mark.parametrize(
    ("request_line", "reason"),
    [
        (b"307201\n", "307201 bytes were asked for, the file has 307200"),
        (b"9" * 30 + b"\n", "not a line of digits"),
        (b"-1\n", "not a line of digits: b'-1\\\\n'"),
        (b"1_000\n", "not a line of digits"),
        (b"\n", "not a line of digits"),
    ],
)
def test_what_cannot_be_had_ends_the_connection(server, connect, wait_until, request_line, reason):
    connection = connect(server)
    connection.sendall(request_line)
    assert receive(connection, 1) == b""
    peer = f"127.0.0.1:{connection.getsockname()[1]}"
    wait_until(lambda: f"{peer}: connection broken: ValueError(" in server.log_tail())
    assert reason in server.log_tail(1)
    assert ask(connect(server), 5) == content(5)


def test_rude_clients_hurt_nobody_else(server, connect):
    greedy, rude, other = (connect(server) for _ in range(3))
    greedy.sendall(b"%d\n" % SIZE * 1000)  # 300 MB, none of which it reads
    rude.sendall(b"%d\n" % SIZE)
    reset(rude)
    assert ask(other, SIZE) == content(SIZE)
    reset(greedy)


def test_the_file_has_no_name_and_ends_with_the_server(server):
    links = []
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # of a connection that has just ended
            links.append(str(link.readlink()))
    (file,) = [link for link in links if link.endswith(" (deleted)")]
    assert Path(file).parent == Path(os.environ.get("TMPDIR", "/var/tmp"))


def test_a_signal_ends_it_in_the_middle_of_a_reply(serve, server, connect, wait_until):
    own = serve(f"{server.name.partition(',')[0]},size=64m")
    connection = connect(own)
    connection.sendall(b"%d\n" % (64 * 1024**2))
    assert connection.recv(1) == b"\0"
    os.kill(own.pid, signal.SIGTERM)
    wait_until(lambda: not own.alive)
    assert own.returncode == 0
