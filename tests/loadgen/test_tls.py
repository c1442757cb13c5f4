"""TLS by every engine: what is verified, what a handshake costs, and how it fails."""

import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress

import pytest

from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload
from c10k.servers.framework.tls import server_context
from tests.loadgen.conftest import drained, echo, loaded, on_every_loop, total, until
from tests.websocket import BINARY, PING, Frame, encoded, serving

pytestmark = [pytest.mark.system, on_every_loop]

ECHO = Workload("echo")
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def secured():
    """The TLS of a server, and how a fleet trusts it."""
    context, certificate = server_context("127.0.0.1")
    return context, Tls(certificate)


@pytest.fixture
def serve_tls(serve, secured):
    """Serve as `serve` does, over TLS; how each client's session began and ended is kept."""

    def start(handler, **options):
        context, _ = secured
        start.reused, start.ends = [], []

        def converse(connection):
            with context.wrap_socket(
                connection, server_side=True, suppress_ragged_eofs=False
            ) as session:
                start.reused.append(session.session_reused)
                try:
                    handler(session)
                    start.ends.append("close_notify")
                except OSError as error:
                    start.ends.append(type(error).__name__)

        return serve(converse, **options)

    return start


def failed(fleet, connections=1):
    """The errors of connections none of which opens."""
    fleet.resize(connections)
    assert fleet.wait_open(20).connected == 0
    return fleet.snapshot().errors


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_many_connections_of_either_version_send_messages_large_and_small(
    serve_tls, secured, fleet, version, monkeypatch
):
    context, tls = secured
    monkeypatch.setattr(context, "maximum_version", version)
    address = serve_tls(echo)
    for connections, size in ((100, 64), (2, 1_000_000)):
        with loaded(fleet(address, Workload("x", size_bytes=size), tls=tls), connections) as driven:
            until(lambda driven=driven, n=connections: driven.progress().messages > 2 * n)
            snapshot = drained(driven)
        assert snapshot.errors == {}
        assert total(snapshot, "handshake") == total(snapshot, "connect") == connections
        assert snapshot.sums_ns["handshake"] < snapshot.sums_ns["connect"]


def test_websocket_over_tls(serve_tls, secured, fleet):
    """With a ping before each reply, which the loader answers."""

    def answer(connection, _number, payload):
        connection.sendall(encoded(Frame(PING, b"")) + encoded(Frame(BINARY, payload)))

    chat = Workload("chat", protocol="websocket", size_bytes=50_000)
    with loaded(fleet(serve_tls(serving(answer)), chat, tls=secured[1]), 3) as driven:
        until(lambda: driven.progress().messages >= 30)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert total(snapshot, "handshake") == 3


def test_what_is_read_slowly_is_sent_on(serve_tls, secured, fleet):
    """The socket takes a part of a record at a time, and the echo begins before the rest is out."""

    def slow(connection):
        while data := connection.recv(100_000):
            time.sleep(0.001)
            connection.sendall(data)

    load = Workload("large", size_bytes=4_000_000)
    with loaded(fleet(serve_tls(slow), load, tls=secured[1]), 2) as driven:
        until(lambda: driven.progress().messages >= 2)
        assert drained(driven).errors == {}


def test_records_may_come_in_small_parts_also_those_of_the_handshake(
    serve, serve_tls, secured, fleet
):
    address = serve_tls(echo)

    def relay(connection):
        with socket.create_connection(address) as server:
            threading.Thread(target=dribble, args=(server, connection), daemon=True).start()
            while data := connection.recv(65_536):
                server.sendall(data)

    def dribble(server, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            while data := server.recv(40):
                time.sleep(0.0005)
                connection.sendall(data)

    with loaded(fleet(serve(relay), ECHO, tls=secured[1]), 5) as driven:
        until(lambda: driven.progress().messages >= 20)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert total(snapshot, "handshake") == 5


def test_a_wrong_byte_is_found(serve_tls, secured, fleet):
    def lie(connection):
        connection.sendall(connection.recv(64))
        connection.sendall(connection.recv(64)[:-1] + b"?")
        connection.recv(64)

    load = Workload("echo", reconnect=False)
    with loaded(fleet(serve_tls(lie), load, tls=secured[1]), 1) as driven:
        until(lambda: driven.progress().failed == 1)
        assert driven.snapshot().errors == {"corrupt": 1}


def test_every_connection_has_a_handshake_of_its_own_and_a_clean_end(
    serve_tls, secured, fleet, engine
):
    address = serve_tls(echo)
    load = Workload("churn", messages_per_connection=1)
    with loaded(fleet(address, load, tls=secured[1]), 3) as driven:
        until(lambda: driven.progress().messages >= 30)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert total(snapshot, "handshake") == snapshot.opened >= 30
    assert not any(serve_tls.reused)
    until(lambda: len(serve_tls.ends) == snapshot.opened)
    if "uvloop" not in engine:  # whose transports drop what is not sent yet when they are aborted
        assert set(serve_tls.ends) == {"close_notify"}


@pytest.mark.parametrize("tls", [Tls(), Tls("another server's")])
def test_a_certificate_that_is_not_trusted_is_a_cause_of_its_own(serve_tls, fleet, tls):
    if tls.authorities:
        tls = Tls(server_context("127.0.0.1")[1])
    assert failed(fleet(serve_tls(echo), ECHO, tls=tls), 3) == {"tls_certificate": 3}


def test_so_is_one_of_another_name_unless_it_is_not_to_be_verified(serve, fleet):
    context, certificate = server_context("127.0.0.1")

    def converse(connection):
        with context.wrap_socket(connection, server_side=True) as session:
            echo(session)

    _, port = serve(converse)
    with socket.create_server(("127.0.0.2", 0)) as listener:
        # What listens at another address has the certificate of 127.0.0.1.
        listener.settimeout(20)
        other = fleet(listener.getsockname(), ECHO, tls=Tls(certificate))
        other.resize(1)
        with suppress(OSError):
            converse(listener.accept()[0])
        until(lambda: other.progress().failed == 1)
        assert other.snapshot().errors == {"tls_certificate": 1}
    with loaded(fleet(("localhost", port), ECHO, tls=Tls(certificate)), 1) as driven:
        assert drained(driven).errors == {}
    with loaded(fleet(("127.0.0.1", port), ECHO, tls=Tls(verify=False)), 1) as driven:
        assert drained(driven).errors == {}


@pytest.mark.parametrize(
    ("named", "errors"), [("IP:::1", {}), ("DNS:elsewhere", {"tls_certificate": 1})]
)
def test_the_scope_of_an_address_is_in_no_certificate(fleet, tmp_path, named, errors):
    """OpenSSL takes no address with one, and would then check for none."""
    files = tmp_path / "certificate", tmp_path / "key"
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=c10k"
    command += f" -addext subjectAltName={named} -out {files[0]} -keyout {files[1]}"
    subprocess.run(command.split(), check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    def serve(listener):
        with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as one:
            echo(one)

    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this host has no IPv6")
    with listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = "::1%1", listener.getsockname()[1]
        driven = fleet(address, ECHO, tls=Tls(files[0].read_text()))
        driven.resize(1)
        driven.wait_open(20)
        assert driven.snapshot().errors == errors


def close_at_once(connection):
    connection.recv(10)


def cut(connection):
    connection.recv(1 << 16)
    connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00")  # the beginning of a ServerHello


@pytest.mark.parametrize("handler", [echo, close_at_once, cut], ids=lambda each: each.__name__)
def test_a_handshake_that_fails_is_a_cause_of_its_own(serve, fleet, handler):
    """With a plain server, and one that ends the connection in its midst."""
    errors = failed(fleet(serve(handler), ECHO, tls=Tls(verify=False)), 3)
    assert errors == {"tls_handshake": 3}


def test_a_handshake_that_does_not_end_counts_as_connecting(serve, fleet):
    load = Workload("echo", connect_timeout_s=0.2)
    mute = serve(lambda connection: connection.recv(1 << 20) and time.sleep(5))
    assert failed(fleet(mute, load, tls=Tls(verify=False)), 2) == {"connect_timeout": 2}


def test_a_server_that_ends_a_connection_is_the_cause_and_it_is_opened_again(
    serve_tls, secured, fleet
):
    def leave(connection):
        connection.sendall(connection.recv(64))
        connection.recv(64)
        if len(serve_tls.reused) % 2:
            connection.unwrap()  # close_notify first

    with loaded(fleet(serve_tls(leave), ECHO, tls=secured[1]), 1) as driven:
        until(lambda: len(serve_tls.reused) > 3)
        driven.stop()
        causes = set(driven.snapshot().errors)
    assert causes <= {"closed_by_server", "reset"}
    assert "closed_by_server" in causes


@pytest.mark.parametrize("clean", [True, False])
def test_a_reply_until_the_end_needs_the_end_of_the_session(
    serve_tls, secured, fleet, engine, clean
):
    """RFC 9112, 9.8: without close_notify it may be cut."""
    if engine == "portable" and not clean:
        pytest.skip("asyncio does not tell the two ends apart")

    def answer(connection):
        connection.recv(1 << 16)
        connection.sendall(HEAD + b"\r\nuntil the end")
        if clean:
            connection.unwrap()

    load = Workload("get", protocol="http")
    driven = fleet(serve_tls(answer), load, tls=secured[1])
    if clean:
        with loaded(driven, 2):
            until(lambda: driven.progress().messages >= 5)
            assert drained(driven).errors == {}
    else:
        assert failed(driven) == {"closed_by_server": 1}


def test_a_connection_of_http_is_kept(serve_tls, secured, fleet):
    def answer(connection):
        while b"\r\n\r\n" in connection.recv(1 << 16):
            connection.sendall(HEAD + b"Content-Length: 40000\r\n\r\n" + bytes(40_000))

    load = Workload("get", protocol="http")
    with loaded(fleet(serve_tls(answer), load, tls=secured[1]), 3) as driven:
        until(lambda: driven.progress().messages >= 10)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert snapshot.opened == 3
