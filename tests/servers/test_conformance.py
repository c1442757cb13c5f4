"""What every echo server does, in whatever language it is written.

The servers of the catalogue are tested, and a program that is not in it. To test another one:
pytest tests/servers/test_conformance.py -k mine --command 'mine=./server --port {port}'.
"""

import contextlib
import os
import signal
import socket
import sys
import threading

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from c10k.servers.catalogue import CATALOGUE
from c10k.servers.catalogue.program import FOLDER, PythonProgram
from tests.servers.talk import (
    echo,
    fill,
    parse,
    receive,
    reset,
    rss_bytes,
    served,
    signal_all,
    tree,
)

pytestmark = pytest.mark.system

MIB = 1024**2
ECHO = [name for name, server in CATALOGUE.items() if server.protocol == "echo"]
FOREIGN = f"foreign={sys.executable} {FOLDER} event_loop --host {{host}} --port {{port}}"

# Where each connection has a process, it has a limit of descriptors to itself, and none runs out of
# them: test_forking.py has what these run out of.
PROCESSES = {"forking", "prefork"}
# With one queue, the first to connect is the first to be accepted.
ONE_QUEUE = {
    "event_loop_threads": "event_loop_threads,threads=1",
    "asyncio_workers": "asyncio_workers,workers=1",
}
HOST = "::1" if socket.has_dualstack_ipv6() else "127.0.0.1"


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        programs = [*ECHO, FOREIGN, *metafunc.config.getoption("command")]
        ids = [program.partition("=")[0] for program in programs]
        # In one process of the tests, each is started once.
        named = [
            pytest.param(program, id=name, marks=pytest.mark.xdist_group(f"conformance of {name}"))
            for program, name in zip(programs, ids, strict=True)
        ]
        metafunc.parametrize("name", named, indirect=True, scope="module")


@pytest.fixture(scope="module")
def name(request):
    """A name of the catalogue, or the definition of a program that is not there."""
    if missing := parse(request.param).missing:
        pytest.skip(f"{request.param} cannot run here: {missing}")
    return request.param


@pytest.fixture(scope="module")
def server(name, tmp_path_factory):
    """One for all tests of that name; the last of them ends it."""
    spec = parse(name)
    with spec.process(log=tmp_path_factory.mktemp(spec.text) / "log", host=HOST) as running:
        yield running


def test_a_message_comes_back_intact(server, connect):
    for size in (1, 1024, 1025, MIB):
        message = os.urandom(size)
        assert echo(connect(server), message) == message, size


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=8))
def test_the_stream_comes_back_however_it_was_cut(server, connect, parts):
    connection = connect(server)
    for part in parts:
        connection.sendall(part)
    assert receive(connection, sum(map(len, parts))) == b"".join(parts)
    connection.close()


def test_200_clients_wait_for_accept_and_each_gets_its_own_bytes(server, connect):
    signal_all(server, signal.SIGSTOP)
    try:
        connections = [connect(server) for _ in range(200)]
    finally:
        signal_all(server, signal.SIGCONT)
    messages = [f"client {number}".encode() for number in range(200)]
    for connection, message in zip(connections, messages, strict=True):
        connection.sendall(message)
    for connection, message in zip(connections, messages, strict=True):
        assert receive(connection, len(message)) == message
        connection.close()  # a bounded pool has a worker for the next only then


def test_a_half_closed_connection_is_answered_in_full_and_then_closed(server, connect):
    connection = connect(server)
    message = os.urandom(300_000)

    def send():
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    assert receive(connection, len(message) + 1) == message
    sender.join()
    assert connection.recv(1) == b""


def test_resets_hurt_nobody_else(server, connect):
    witness = connect(server)
    assert served(witness)
    for sent in (b"", b"half of a mess", bytes(100_000)):
        for _ in range(3):
            rude = connect(server)
            rude.sendall(sent)
            reset(rude)
    assert served(witness)
    assert served(connect(server))


def test_a_client_that_never_reads_is_held_back_alone(server, connect):
    greedy, other = connect(server), connect(server)
    assert served(greedy)
    before = rss_bytes(server)
    assert fill(greedy, 128 * MIB, stall_s=0.1) < 128 * MIB
    assert served(other)
    assert rss_bytes(server) - before < 32 * MIB


def test_descriptors_may_run_out_and_be_there_again(name, server, serve, connect, wait_until):
    server = serve(ONE_QUEUE[name]) if name in ONE_QUEUE else server
    _, most = limits = psutil.Process(server.pid).rlimit(psutil.RLIMIT_NOFILE)
    limit_descriptors(server, (64, most))
    connections = [connect(server) for _ in range(80)]
    for connection in connections:
        connection.sendall(b"?")
    for connection in connections[:30]:
        assert receive(connection, 1) == b"?", "who came before the shortage is served during it"
    in_python = name in CATALOGUE and isinstance(CATALOGUE[name].program, PythonProgram)
    if in_python and name not in PROCESSES:
        wait_until(lambda: "cannot accept" in server.log_tail())
    for connection in connections[:30]:
        connection.close()
    for connection in connections[30:]:
        with contextlib.suppress(ConnectionError):  # some turn away whom they cannot serve
            assert receive(connection, 1) == b"?" or not in_python, "who waited has its turn"
        connection.close()
    wait_until(lambda: served(connect(server)))
    limit_descriptors(server, limits)


def limit_descriptors(server, limits):
    """Set how many each of its processes may have, soft and hard."""
    for process in tree(server):
        with contextlib.suppress(psutil.NoSuchProcess):  # of a connection that has just ended
            process.rlimit(psutil.RLIMIT_NOFILE, limits)


def test_sigterm_ends_it_soon_and_a_quiet_server_has_said_nothing(
    server, connect, wait_until, ended
):
    before = len(server.log.read_bytes())  # what earlier tests made it say
    connections = [connect(server) for _ in range(50)]
    assert all(served(connection) for connection in connections)
    peers = [b":%d: " % connection.getsockname()[1] for connection in connections]
    others = [process.pid for process in tree(server)[1:]]
    os.kill(server.pid, signal.SIGTERM)
    assert wait_until(lambda: not server.alive and all(map(ended, others))) < 2
    assert not any(answered(connection) for connection in connections)
    assert server.returncode in (0, -signal.SIGTERM)
    said = server.log.read_bytes()[before:]
    assert not any(peer in said for peer in peers), "nothing about connections and messages"


def answered(connection):
    """Whether more comes than the end of the connection, in whatever form."""
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(1)
    return b""


def test_this_machine_has_ipv6():
    """All of the above was on IPv6, which other tests do not use."""
    if HOST != "::1":
        pytest.skip("this machine has no IPv6: enable it (net.ipv6.conf.lo.disable_ipv6=0)")
