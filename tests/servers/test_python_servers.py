"""What the Python echo servers promise beyond test_conformance.py: their logs and options."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from c10k.servers.catalogue import CATALOGUE
from c10k.servers.catalogue.program import FOLDER
from c10k.servers.framework.options import OPTIONS
from tests.servers.talk import echo, receive, reset, served, tree

pytestmark = pytest.mark.system

PYTHON = [name for name in OPTIONS if CATALOGUE[name].protocol == "echo"]
ASYNCIO_READS = 256 * 1024  # what asyncio's protocols read at once, at most
DELAY_S = 0.1


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
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    assert served(rude)
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
    connections = [connect(chatty) for _ in range(40)]
    message = bytes(3 * read_bytes)
    began = time.monotonic()
    for connection in connections[1:]:
        connection.sendall(b"?")
    assert echo(connections[0], message) == message
    if name != "splice":  # which takes no handler
        assert time.monotonic() - began >= 3 * DELAY_S, "three reads, one after the other"
    for connection in connections[1:]:
        assert receive(connection, 1) == b"?"
    assert time.monotonic() - began < 39 * DELAY_S, "but not one connection after the other"
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


@pytest.mark.parametrize("name", ["threaded", "event_loop", "asyncio_streams", "asyncio_protocol"])
def test_a_computing_handler_uses_cpu_for_every_read(name, serve, connect):
    """Where a handler is called: the others have one of these places."""
    server = serve(f"{name},handler=cpu:20ms")
    connection = connect(server)
    assert served(connection)
    before = psutil.Process(server.pid).cpu_times()
    for _ in range(5):
        assert served(connection)
    after = psutil.Process(server.pid).cpu_times()
    assert after.user + after.system - before.user - before.system >= 0.08  # in ticks of 10 ms


@pytest.mark.parametrize(
    ("spec", "threads"),
    [
        ("threaded", [3]),
        ("forking", [1, 2]),
        ("prefork,workers=2", [1, 2, 2]),
        ("event_loop_threads,threads=2", [4]),
        ("asyncio_workers,workers=2", [1, 2, 2]),
    ],
)
def test_a_gil_hog_is_in_each_process_that_serves(spec, threads, serve, connect, wait_until):
    server = serve(f"{spec},gil_hog=1ms:1ms")
    assert served(connect(server))
    # With several threads the last may begin after the first has served.
    wait_until(lambda: [process.num_threads() for process in tree(server)] == threads)


def test_a_gil_hog_holds_up_the_server(serve, connect):
    connection = connect(serve("threaded,gil_hog=50ms:100us"))
    began = time.monotonic()
    for _ in range(20):
        assert served(connection)
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--port", "70000"], 1, "port must be 0-65535"),
        (["--host", "192.0.2.1"], 1, "Cannot assign requested address"),
        (["--buffer", "0"], 2, "argument --buffer: must be from 1 to 1g"),
        (["--handler", "nap"], 2, "--handler: a handler is none, sleep:5ms or cpu:5ms, not 'nap'"),
        (["--stack", "abc"], 2, "argument --stack: a size is a number of bytes"),
    ],
)
def test_a_wrong_argument_is_answered_in_a_line(arguments, status, message):
    command = [sys.executable, str(FOLDER), "threaded", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == status
    assert message in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
