"""What threaded and asyncio_streams promise alike, asked of each."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture(params=["threaded", "asyncio_streams"])
def name(request):
    return request.param


@pytest.fixture
def server(name, serve):
    return serve(name)


def receive(connection, size):
    """Read until size bytes are here or the peer has ended."""
    data = bytearray()
    while len(data) < size and (part := connection.recv(min(65_536, size - len(data)))):
        data += part
    return bytes(data)


def echo(connection, message):
    """Send while receiving, as a message larger than the buffers between demands."""
    sender = threading.Thread(target=connection.sendall, args=(message,))
    sender.start()
    answer = receive(connection, len(message))
    sender.join()
    return answer


def served(connection):
    """Whether a byte comes back on a connection within its timeout."""
    try:
        return echo(connection, b"?") == b"?"
    except OSError:
        return False


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 65_536, 1_048_576])
def test_a_message_comes_back_intact(server, connect, size):
    message = os.urandom(size)
    assert echo(connect(server), message) == message


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=8))
def test_the_stream_comes_back_however_it_was_cut(server, connect, parts):
    connection = connect(server)
    for part in parts:
        connection.sendall(part)
    assert receive(connection, sum(map(len, parts))) == b"".join(parts)
    connection.close()


def test_200_clients_each_get_their_own_bytes(server, connect):
    connections = [connect(server) for _ in range(200)]
    messages = [f"client {number}".encode() for number in range(200)]
    for connection, message in zip(connections, messages, strict=True):
        connection.sendall(message)
    for connection, message in zip(connections, messages, strict=True):
        assert receive(connection, len(message)) == message


def test_a_half_closed_connection_is_answered_in_full_and_then_closed(server, connect):
    connection = connect(server)
    message = os.urandom(200_000)

    def send():
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    assert receive(connection, len(message) + 1) == message
    sender.join()
    assert connection.recv(1) == b""


def test_a_reset_hurts_nobody_else_and_is_told_from_an_end(server, connect, wait_until):
    witness, polite, rude = (connect(server) for _ in range(3))
    assert all(served(connection) for connection in (witness, polite, rude))
    polite_port, rude_port = polite.getsockname()[1], rude.getsockname()[1]
    polite.close()
    rude.sendall(b"half of a mess")
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    rude.close()
    wait_until(lambda: f":{rude_port}: connection broken" in server.log_tail())
    assert served(witness)
    assert served(connect(server))
    assert f":{polite_port}" not in server.log_tail()


def test_a_shortage_of_descriptors_is_survived_and_left_again(name, serve, connect, wait_until):
    server = serve(f"{name},limit=nofile:64")
    began = time.monotonic()
    connections = [connect(server) for _ in range(100)]
    wait_until(lambda: "cannot accept" in server.log_tail())
    for connection in connections:
        connection.sendall(b"?")
    admitted = [connection for connection in connections[:40] if receive(connection, 1) == b"?"]
    assert len(admitted) == 40, "those that got a descriptor are served during the shortage"
    lines = server.log.read_text().count("cannot accept")
    assert lines <= 1 + (time.monotonic() - began) / 0.1, "it waits instead of spinning"
    assert "1 times so far" in server.log.read_text()

    for connection in admitted:
        connection.close()
    for connection in connections[40:]:
        assert receive(connection, 1) == b"?", "who waited in the queue has its turn"
        connection.close()
    assert server.alive


def test_a_client_that_never_reads_is_held_back_alone(server, connect):
    greedy, other = connect(server), connect(server)
    greedy.settimeout(1.0)

    def fill():
        for _ in range(1024):  # 64 MiB: the kernel's buffers hold a fraction of that
            greedy.sendall(bytes(65_536))

    with pytest.raises(TimeoutError):
        fill()
    assert served(other)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_soon_and_cleanly(server, connect, wait_until, number):
    connections = [connect(server) for _ in range(200)]
    assert all(served(connection) for connection in connections)
    began = time.monotonic()
    os.kill(server.pid, number)
    wait_until(lambda: not server.alive)
    assert time.monotonic() - began < 2
    assert server.returncode == 0
    assert all(connection.recv(1) == b"" for connection in connections)
    assert server.log_tail().count("\n") == 0, "nothing but the line on where it listened"


def test_it_is_silent_about_connections_and_messages(server, connect):
    connection = connect(server)
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    assert served(connect(server))
    server.stop()
    port, pid = server.port, server.pid
    assert json.loads(server.log.read_text()) == {"port": port, "pid": pid}


def test_verbose_tells_of_connections_messages_and_ends(name, serve, connect, wait_until):
    server = serve(name, verbose=True)
    connection = connect(server)
    peer = f"127.0.0.1:{connection.getsockname()[1]}"
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    wait_until(lambda: f"{peer}: end of file" in server.log_tail())
    assert f"{peer}: connected" in server.log_tail()
    assert f"{peer}: echoed 5 bytes: b'hello'" in server.log_tail()


def test_it_reads_as_many_bytes_as_the_buffer_option_says(name, serve, connect, wait_until):
    server = serve(f"{name},buffer=16", verbose=True)
    assert echo(connect(server), b"x" * 64) == b"x" * 64
    wait_until(lambda: "echoed" in server.log_tail())
    lines = [line for line in server.log.read_text().splitlines() if "echoed" in line]
    assert lines
    assert all(int(line.split()[3]) <= 16 for line in lines)


def test_300_clients_may_wait_for_accept(server, connect):
    os.kill(server.pid, signal.SIGSTOP)
    try:
        connections = [connect(server) for _ in range(300)]
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert all(served(connection) for connection in connections)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--port", "{taken}"], 1, "Address already in use"),
        (["--port", "70000"], 1, "port must be 0-65535"),
        (["--host", "192.0.2.1"], 1, "Cannot assign requested address"),
        (["--buffer", "0"], 2, "--buffer must be at least 1"),
    ],
)
def test_what_it_cannot_do_is_said_in_a_line(name, server, arguments, status, message):
    arguments = [argument.format(taken=server.port) for argument in arguments]
    command = [sys.executable, "-m", f"servers.{name}", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == status
    assert message in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
