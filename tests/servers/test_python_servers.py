"""What the Python echo servers promise beyond test_conformance.py: their logs and options."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from c10k.servers.catalogue import CATALOGUE, Endpoint, parse_spec
from c10k.servers.catalogue.program import FOLDER
from c10k.servers.framework.options import OPTIONS
from tests.servers.talk import echo, receive, reset, served, tree

PYTHON = [name for name in OPTIONS if CATALOGUE[name].protocol == "echo"]
BUFFERED = [name for name in PYTHON if "buffer" in OPTIONS[name]]
HANDLING = [name for name in PYTHON if "handler" in OPTIONS[name]]
ASYNCIO_READS = 256 * 1024  # what asyncio's protocols read at once, at most
DELAY_S = 0.1


@pytest.fixture(scope="module")
def chatty(tmp_path_factory):
    """Start a server that logs all that it does, once for all tests that do not end it."""
    with contextlib.ExitStack() as servers:
        started = {}

        def start(name):
            if missing := parse_spec(name).missing:
                pytest.skip(f"{name} cannot run here: {missing}")
            if name not in started:
                spec = parse_spec(f"{name},buffer=16" if name in BUFFERED else name)
                log = tmp_path_factory.mktemp(name) / "log"
                started[name] = servers.enter_context(spec.process(log=log, verbose=True))
            return started[name]

        yield start


def peer_of(connection):
    return f"127.0.0.1:{connection.getsockname()[1]}"


@pytest.mark.parametrize("name", PYTHON)
def test_verbose_logs_connections_messages_and_how_they_end(name, chatty, connect, wait_until):
    server = chatty(name)
    connection, rude = connect(server), connect(server)
    ended, broken = peer_of(connection), peer_of(rude)
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    assert served(rude)
    rude.sendall(b"half of a mess")
    reset(rude)
    wait_until(lambda: f"{ended}: end of file" in server.log.read_text())
    wait_until(lambda: f"{name}: {broken}: connection broken: " in server.log.read_text())
    log = server.log.read_text()
    assert f"{name}: {ended}: connected" in log
    seen = "" if name == "splice" else ": b'hello'"
    assert f"{name}: {ended}: echoed 5 bytes{seen}" in log
    assert f"{broken}: end of file" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize("name", BUFFERED)
def test_it_reads_as_many_bytes_as_the_buffer_option_says(name, chatty, connect, wait_until):
    server = chatty(name)
    connection = connect(server)
    assert echo(connection, b"x" * 64) == b"x" * 64
    echoed = f"{peer_of(connection)}: echoed "

    def sizes():
        lines = server.log.read_text().splitlines()
        return [int(line.split()[3]) for line in lines if echoed in line]

    wait_until(lambda: sum(sizes()) == 64)
    assert max(sizes()) <= 16


@pytest.mark.parametrize("name", ["threaded", "asyncio_workers"])
def test_a_port_that_another_has_is_refused(name, chatty):
    """With one listener, and with several on one port."""
    command = parse_spec(name).launch(Endpoint(port=chatty(name).port)).command
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "cannot listen: [Errno 98] Address already in use" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("name", HANDLING)
def test_a_sleeping_handler_holds_up_its_own_connection_alone_and_ctrl_c_ends_it_soon(
    name, serve, connect, wait_until, ended
):
    if missing := parse_spec(name).missing:
        pytest.skip(f"{name} cannot run here: {missing}")
    buffered = name in BUFFERED
    server = serve(f"{name},handler=sleep:{DELAY_S}s" + ",buffer=1024" * buffered)
    connections = [connect(server) for _ in range(40)]
    message = bytes(3 * (1024 if buffered else ASYNCIO_READS))
    began = time.monotonic()
    for connection in connections[1:]:
        connection.sendall(b"?")
    assert echo(connections[0], message) == message
    assert time.monotonic() - began >= 3 * DELAY_S, "three reads, one after the other"
    for connection in connections[1:]:
        assert receive(connection, 1) == b"?"
    assert time.monotonic() - began < 39 * DELAY_S, "but not one connection after the other"

    others = [process.pid for process in tree(server)[1:]]
    os.killpg(server.pid, signal.SIGINT)
    assert wait_until(lambda: not server.alive and all(map(ended, others))) < 2
    assert server.returncode == 0
    assert server.log.read_text().count("\n") == 1, "nothing but where it listened"


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
        (["--buffer", "0"], 2, "argument --buffer: it is from 1 to 1g"),
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
