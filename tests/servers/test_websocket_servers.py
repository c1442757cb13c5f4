"""What every server of WebSocket does, and both engines with it."""

import os
import signal
import socket
import struct
import time

import pytest

from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import WORKLOADS
from c10k.servers.catalogue import CATALOGUE, parse_spec
from tests.servers.talk import reset, rss_bytes, signal_all, tree
from tests.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    encoded,
    frame_of,
    header,
    upgrade,
)

pytestmark = pytest.mark.system

NAMES = [name for name, entry in CATALOGUE.items() if entry.protocol == "websocket"]
DELAY_S = 0.05
MIB = 1024**2


@pytest.fixture(params=NAMES)
def name(request):
    if missing := parse_spec(request.param).missing:
        pytest.skip(missing)
    return request.param


@pytest.fixture
def server(name, shared):
    """One for all tests that do not end it."""
    return shared(name)


@pytest.fixture
def chatty(name, shared):
    """One that logs all that it does, and whose handler sleeps."""
    return shared(f"{name},handler=sleep:{DELAY_S}s", verbose=True)


@pytest.fixture
def client(connect):
    """Connect and have the handshake agreed to."""

    def to(server):
        connection = connect(server)
        upgrade(connection)
        return connection

    return to


def send(connection, opcode, payload, *, final=True):
    connection.sendall(encoded(Frame(opcode, payload, final), os.urandom(4)))


def served(connection):
    """Whether a message comes back."""
    send(connection, BINARY, b"?")
    return frame_of(connection, masked=False) == Frame(BINARY, b"?")


def message(connection):
    """The payload of the next message, be it in one frame or in several."""
    frame = frame_of(connection, masked=False)
    payload = frame.payload
    while not frame.final:
        frame = frame_of(connection, masked=False)
        assert frame.opcode == CONTINUATION
        payload += frame.payload
    return payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, MIB, 16 * MIB])
def test_a_message_of_any_length_comes_back(server, client, size):
    connection, payload = client(server), os.urandom(size)
    send(connection, BINARY, payload)
    assert frame_of(connection, masked=False) == Frame(BINARY, payload)


def test_text_comes_back_as_text_and_a_message_in_parts_as_one_message(server, client):
    connection = client(server)
    send(connection, TEXT, "héllo".encode())
    assert frame_of(connection, masked=False) == Frame(TEXT, "héllo".encode())
    send(connection, BINARY, b"one ", final=False)
    send(connection, CONTINUATION, b"two ", final=False)
    send(connection, CONTINUATION, b"three")
    assert message(connection) == b"one two three"


def test_a_ping_is_answered_and_a_close_too_and_then_the_connection_ends(server, client):
    connection = client(server)
    send(connection, PING, b"there?")
    assert frame_of(connection, masked=False) == Frame(PONG, b"there?")
    send(connection, CLOSE, b"\x03\xe8")
    assert frame_of(connection, masked=False) == Frame(CLOSE, b"\x03\xe8")
    assert connection.recv(1) == b""


def test_nothing_is_compressed_even_if_the_client_can(server, connect):
    connection = connect(server)
    reply = upgrade(connection, "Sec-WebSocket-Extensions: permessage-deflate")
    assert header(reply, "Sec-WebSocket-Extensions") == ""


def test_200_clients_wait_for_accept_and_each_gets_its_own_bytes(server, connect):
    signal_all(server, signal.SIGSTOP)
    try:
        connections = [connect(server) for _ in range(200)]
    finally:
        signal_all(server, signal.SIGCONT)
    for number, connection in enumerate(connections):
        upgrade(connection)
        send(connection, BINARY, struct.pack("i", number))
    for number, connection in enumerate(connections):
        assert frame_of(connection, masked=False).payload == struct.pack("i", number)


def test_who_leaves_or_speaks_nonsense_hurts_nobody_else(server, client, connect):
    witness = client(server)
    for rude in (connect(server), connect(server), client(server), client(server)):
        reset(rude)
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"):
        connection = connect(server)
        connection.sendall(nonsense)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    for wrong in (encoded(Frame(BINARY, b"unmasked")), b"\xff" * 20):
        connection = client(server)
        connection.sendall(wrong)
        while connection.recv(65_536):
            pass
    assert served(witness)
    assert served(client(server))


def test_a_client_that_never_reads_is_held_back_alone(server, client):
    greedy, other = client(server), client(server)
    assert served(greedy)
    before = rss_bytes(server)
    frame = encoded(Frame(BINARY, bytes(65_536)), b"mask")
    greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    greedy.settimeout(0.25)
    with pytest.raises(TimeoutError):
        greedy.sendall(frame * (128 * MIB // len(frame)))
    assert served(other)
    assert rss_bytes(server) - before < 32 * MIB


def test_verbose_logs_connections_messages_and_how_they_end(name, chatty, client, wait_until):
    connection, rude = client(chatty), client(chatty)
    ended, broken = (f"127.0.0.1:{each.getsockname()[1]}" for each in (connection, rude))
    send(connection, BINARY, b"hello")
    assert message(connection) == b"hello"
    connection.close()
    send(rude, BINARY, b"never read")
    reset(rude)
    wait_until(lambda: f"{ended}: end of file" in chatty.log.read_text())
    wait_until(lambda: f"{broken}: " in chatty.log.read_text().partition(f"{broken}: conn")[2])
    log = chatty.log.read_text()
    assert f"{name}: {ended}: connected" in log
    assert f"{name}: {ended}: echoed 5 bytes: b'hello'" in log
    assert "Traceback" not in log


def test_a_sleeping_handler_holds_up_its_own_connection_alone(chatty, client):
    connections = [client(chatty) for _ in range(60)]
    began = time.monotonic()
    for connection in connections:
        send(connection, BINARY, b"one")
        send(connection, BINARY, b"two")
    for connection in connections:
        assert [message(connection), message(connection)] == [b"one", b"two"]
    assert DELAY_S <= time.monotonic() - began < 60 * DELAY_S


def test_sigterm_ends_it_soon_and_a_quiet_server_has_said_nothing(
    name, serve, client, wait_until, ended
):
    server = serve(name)
    connections = [client(server) for _ in range(50)]
    assert all(served(connection) for connection in connections)
    others = [process.pid for process in tree(server)[1:]]
    os.kill(server.pid, signal.SIGTERM)
    assert wait_until(lambda: not server.alive and all(map(ended, others))) < 2
    assert server.returncode == 0
    assert len(server.log.read_text().splitlines()) == 1, "where it listens"


@pytest.mark.parametrize("engine", ["native", "portable"])
def test_every_byte_comes_back_to_both_engines(server, engine):
    workload = WORKLOADS["saturated"].over("websocket", {})
    with Fleet((server.host, server.port), workload, engine=engine) as fleet:
        fleet.resize(5)
        assert fleet.wait_open(20).connected == 5
        fleet.load()
        fleet.drain(5)
        snapshot = fleet.snapshot()
    assert snapshot.messages > 0
    assert not snapshot.errors
