"""What the Python echo servers promise beyond test_conformance.py: their logs and options."""

import os
import signal
import time

import pytest

from c10k.servers.catalogue import CATALOGUE
from c10k.servers.framework.options import OPTIONS
from tests.servers.talk import echo, receive, reset, served, tree

pytestmark = pytest.mark.system

PYTHON = [name for name in OPTIONS if CATALOGUE[name].protocol == "echo"]
ASYNCIO_READS = 256 * 1024  # what asyncio's protocols read at once, at most
DELAY_S = 0.05


@pytest.fixture(params=PYTHON)
def name(request):
    return request.param


@pytest.fixture
def chatty(name, shared):
    """A server that logs all that it does, whose handler sleeps; the last test ends it."""
    own = {"buffer": "16", "handler": f"sleep:{DELAY_S}s"}
    options = [f"{key}={value}" for key, value in own.items() if key in OPTIONS[name]]
    return shared(",".join([name, *options]), verbose=True)


def peer_of(connection):
    return f"127.0.0.1:{connection.getsockname()[1]}"


def test_verbose_logs_connections_messages_and_how_they_end(name, chatty, connect, wait_until):
    connection, rude = connect(chatty), connect(chatty)
    ended, broken = peer_of(connection), peer_of(rude)
    rude.sendall(b"?")
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    assert receive(rude, 1) == b"?"
    rude.sendall(b"half of a mess")
    reset(rude)
    wait_until(lambda: f"{ended}: end of file" in chatty.log.read_text())
    wait_until(lambda: f"{broken}: connection broken: " in chatty.log.read_text())
    log = chatty.log.read_text()
    assert f"{name}: {ended}: connected" in log
    seen = "" if name == "splice" else ": b'hello'"
    assert f"{name}: {ended}: echoed 5 bytes{seen}" in log
    assert f"{broken}: end of file" not in log
    assert "Traceback" not in log


def test_a_sleeping_handler_holds_up_its_own_connection_alone_once_per_read(
    name, chatty, connect, wait_until
):
    read_bytes = 16 if "buffer" in OPTIONS[name] else ASYNCIO_READS
    connections = [connect(chatty) for _ in range(60)]
    message = bytes(2 * read_bytes)
    began = time.monotonic()
    for connection in connections[1:]:
        connection.sendall(b"?")
    assert echo(connections[0], message) == message
    if name != "splice":  # which takes no handler
        assert time.monotonic() - began >= 2 * DELAY_S, "two reads, one after the other"
    for connection in connections[1:]:
        assert receive(connection, 1) == b"?"
    assert time.monotonic() - began < 59 * DELAY_S, "but not one connection after the other"
    echoed = f"{peer_of(connections[0])}: echoed "

    def sizes():
        lines = chatty.log.read_text().splitlines()
        return [int(line.split()[3]) for line in lines if echoed in line]

    wait_until(lambda: sum(sizes()) == len(message))
    assert max(sizes()) <= read_bytes


def test_ctrl_c_ends_it_soon_and_cleanly(chatty, connect, wait_until, ended):
    assert served(connect(chatty))
    others = [process.pid for process in tree(chatty)[1:]]
    os.killpg(chatty.pid, signal.SIGINT)
    assert wait_until(lambda: not chatty.alive and all(map(ended, others))) < 2
    assert chatty.returncode == 0
    assert "Traceback" not in chatty.log.read_text()


# Those that call a handler themselves: the others have one of these places.
THREADS = {
    "threaded": [3],
    "forking": [1, 2],
    "prefork,workers=2": [1, 2, 2],
    "event_loop_threads,threads=2": [4],
    "asyncio_streams": [2],
    "asyncio_workers,workers=2": [1, 2, 2],
}


@pytest.mark.parametrize("spec", THREADS)
def test_a_handler_computes_per_read_and_a_gil_hog_is_in_each_process_that_serves(
    spec, serve, connect, wait_until
):
    server = serve(f"{spec},handler=cpu:20ms,gil_hog=1ms:1ms")
    connection = connect(server)
    assert served(connection)
    # With several threads the last may begin after the first has served.
    wait_until(lambda: [process.num_threads() for process in tree(server)] == THREADS[spec])
    before_s = cpu_s(server)
    assert all(served(connection) for _ in range(5))
    assert cpu_s(server) - before_s >= 0.08  # in ticks of 10 ms


def cpu_s(server):
    return sum(sum(process.cpu_times()[:2]) for process in tree(server))


def test_a_gil_hog_holds_up_the_server(serve, connect):
    connection = connect(serve("threaded,gil_hog=20ms:100us"))
    began = time.monotonic()
    for _ in range(20):
        assert served(connection)
    assert time.monotonic() - began >= 0.02
