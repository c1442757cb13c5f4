"""What the echo servers in Python promise beyond test_conformance.py: their logs and options."""

import os
import signal
import subprocess
import time

import psutil
import pytest

from c10k.servers.catalogue import CATALOGUE, Endpoint, parse_spec
from c10k.servers.catalogue.program import PythonProgram
from tests.servers.talk import echo, receive, reset, served, signal_all, tree

PYTHON = [
    name
    for name, server in CATALOGUE.items()
    if server.protocol == "echo" and isinstance(server.program, PythonProgram)
]
HANDLING = [name for name in PYTHON if "handler" in CATALOGUE[name].options]
ASYNCIO_READS = 256 * 1024  # what asyncio's protocols get at once, at most
DELAY_S = 0.1


@pytest.fixture(scope="module", params=PYTHON)
def name(request):
    if missing := parse_spec(request.param).missing:
        pytest.skip(f"{request.param} cannot run here: {missing}")
    return request.param


@pytest.fixture(scope="module")
def chatty(name, tmp_path_factory):
    """One that tells of all that it does, for all tests that do not end it."""
    spec = parse_spec(f"{name},buffer=16" if "buffer" in CATALOGUE[name].options else name)
    with spec.process(log=tmp_path_factory.mktemp(name) / "log", verbose=True) as running:
        yield running


def name_of(connection):
    return f"127.0.0.1:{connection.getsockname()[1]}"


def test_verbose_tells_of_connections_messages_and_ends(name, chatty, connect, wait_until):
    connection = connect(chatty)
    peer = name_of(connection)
    assert echo(connection, b"hello") == b"hello"
    connection.close()
    wait_until(lambda: f"{peer}: end of file" in chatty.log_tail())
    assert f"{name}: {peer}: connected" in chatty.log_tail()
    seen = "" if name == "splice" else ": b'hello'"
    assert f"{name}: {peer}: echoed 5 bytes{seen}" in chatty.log_tail()


def test_a_reset_is_told_from_an_end(name, chatty, connect, wait_until):
    rude = connect(chatty)
    peer = name_of(rude)
    assert served(rude)
    rude.sendall(b"half of a mess")
    reset(rude)
    wait_until(lambda: f"{name}: {peer}: connection broken: " in chatty.log_tail())
    assert f"{peer}: end of file" not in chatty.log.read_text()
    assert "Traceback" not in chatty.log.read_text()


def test_it_reads_as_many_bytes_as_the_buffer_option_says(name, chatty, connect, wait_until):
    if "buffer" not in CATALOGUE[name].options:
        return
    connection = connect(chatty)
    assert echo(connection, b"x" * 64) == b"x" * 64
    echoed = f"{name_of(connection)}: echoed "

    def lines():
        return [line for line in chatty.log.read_text().splitlines() if echoed in line]

    wait_until(lambda: sum(int(line.split()[3]) for line in lines()) == 64)
    assert all(int(line.split()[3]) <= 16 for line in lines())


@pytest.mark.parametrize("name", ["threaded", "asyncio_workers"])
def test_a_port_that_another_has_is_refused(name, serve):
    """With one listener, and with several on one port."""
    command = parse_spec(name).launch(Endpoint(port=serve(name).port)).command
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "cannot listen: [Errno 98] Address already in use" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_300_clients_may_wait_for_accept(chatty, connect):
    signal_all(chatty, signal.SIGSTOP)
    try:
        connections = [connect(chatty) for _ in range(300)]
    finally:
        signal_all(chatty, signal.SIGCONT)
    for connection in connections:
        assert served(connection)
        connection.close()


def test_ctrl_c_ends_it_soon_and_cleanly(name, serve, connect, wait_until, ended):
    server = serve(name)
    assert served(connect(server))
    others = [process.pid for process in tree(server)[1:]]
    os.killpg(server.pid, signal.SIGINT)
    assert wait_until(lambda: not server.alive and all(map(ended, others))) < 2
    assert server.returncode == 0
    assert server.log.read_text().count("\n") == 1, "nothing but where it listened"


@pytest.fixture(params=HANDLING)
def handling(request):
    if missing := parse_spec(request.param).missing:
        pytest.skip(f"{request.param} cannot run here: {missing}")
    return request.param


def test_a_sleeping_handler_holds_up_its_own_connection_alone(handling, serve, connect):
    own = CATALOGUE[handling].options
    server = serve(f"{handling},handler=sleep:{DELAY_S}s" + ",buffer=1024" * ("buffer" in own))
    connections = [connect(server) for _ in range(40)]
    message = bytes(3 * (1024 if "buffer" in own else ASYNCIO_READS))
    began = time.monotonic()
    for connection in connections[1:]:
        connection.sendall(b"?")
    assert echo(connections[0], message) == message
    assert time.monotonic() - began >= 3 * DELAY_S, "three reads, one after the other"
    for connection in connections[1:]:
        assert receive(connection, 1) == b"?"
    assert time.monotonic() - began < 39 * DELAY_S, "but not one connection after the other"


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
        (["--buffer", "0"], 2, "argument --buffer: must be at least 1"),
        (["--handler", "nap"], 2, "--handler is none, sleep:5ms or cpu:5ms, not 'nap'"),
    ],
)
def test_what_it_cannot_do_is_said_in_a_line(arguments, status, message):
    command = [*parse_spec("threaded").launch(Endpoint()).command, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == status
    assert message in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
