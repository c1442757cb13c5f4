"""The bare echo server in a thread of the test, over real sockets."""

import gc
import os
import resource
import socket
import threading
import time
from contextlib import suppress

import pytest

from c10k.loadgen.native.echo import echo

pytestmark = pytest.mark.system


@pytest.fixture
def address():
    """Where an echo server listens that ends with the test."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    stop, wake = socket.socketpair()
    thread = threading.Thread(target=echo, args=(listener.fileno(), stop.fileno()))
    thread.start()
    yield listener.getsockname()
    wake.send(b"!")
    thread.join(10)
    assert not thread.is_alive()
    for each in (listener, stop, wake):
        each.close()


@pytest.fixture
def connect(address):
    """Connect to it; closed with the test."""
    connections = []

    def to():
        connections.append(socket.create_connection(address, timeout=15))
        return connections[-1]

    yield to
    for connection in connections:
        connection.close()


def read(connection, size):
    answer = bytearray()
    while len(answer) < size and (part := connection.recv(65_536)):
        answer += part
    return bytes(answer)


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 16 * 1024**2])
def test_what_was_sent_comes_back_and_then_the_end_of_file(connect, size):
    connection = connect()
    message = os.urandom(size)
    sender = threading.Thread(target=connection.sendall, args=(message,))
    sender.start()
    assert read(connection, size) == message
    sender.join()
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b""


def test_a_client_that_never_reads_is_held_back_alone_and_gets_all_in_the_end(connect):
    greedy, other = connect(), connect()
    greedy.settimeout(0.2)
    sent = 0
    with suppress(TimeoutError):
        while sent < 1 << 30:
            sent += greedy.send(bytes(65_536))
    assert sent < 1 << 30
    other.sendall(b"?")
    assert other.recv(1) == b"?"
    greedy.settimeout(15)
    assert len(read(greedy, sent)) == sent


def test_a_connection_that_is_reset_takes_nobody_with_it(connect):
    other = connect()
    for waiting in (b"", bytes(8 * 1024**2)):
        broken = connect()
        broken.setblocking(False)
        if waiting:
            broken.send(waiting)
            time.sleep(0.1)
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        broken.close()
        other.sendall(b"?")
        assert other.recv(1) == b"?"


def test_a_thousand_connections_are_all_served(connect):
    connections = [connect() for _ in range(1100)]  # more than the table has room for at first
    for number, connection in enumerate(connections):
        connection.sendall(number.to_bytes(4))
    assert [int.from_bytes(read(each, 4)) for each in connections] == list(range(1100))


def test_it_goes_on_accepting_when_there_are_descriptors_again(connect):
    first = connect()
    first.sendall(b"1")
    assert first.recv(1) == b"1"
    gc.collect()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    waiting = socket.socket()
    waiting.settimeout(15)
    with waiting:
        lowest = os.dup(0)  # the next descriptor that would be free
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            waiting.connect(first.getpeername())
            waiting.sendall(b"2")
            first.sendall(b"3")
            assert first.recv(1) == b"3"
            waiting.settimeout(0.1)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            # It tries again a hundred times a second and does not spin.
            began_s, wall_s = time.process_time(), time.monotonic()
            time.sleep(0.2)
            assert time.process_time() - began_s < 0.5 * (time.monotonic() - wall_s)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        waiting.settimeout(15)
        assert waiting.recv(1) == b"2"


def test_a_descriptor_that_cannot_be_watched_is_an_error(tmp_path):
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="cannot be watched"):
        echo(file.fileno(), file.fileno())
