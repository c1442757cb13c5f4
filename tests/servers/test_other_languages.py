"""What the servers in C++ and JavaScript have beside what every server promises."""

import os
import socket
import subprocess
import threading
import time

import psutil
import pytest

from c10k.servers.catalogue import CATALOGUE, Endpoint, parse_spec
from tests.servers.talk import served

pytestmark = pytest.mark.system

MIB = 1024**2
NAMES = ["boost_asio", "boost_threads", "node"]


def run(name, *arguments):
    """Run a server's program, which is to end at once."""
    if missing := parse_spec(name).missing:
        pytest.skip(f"{name} cannot run here: {missing}")
    launch = parse_spec(name).launch(Endpoint())
    if launch.prepare:
        launch.prepare()
    program = launch.command[: launch.command.index("--host")]
    return subprocess.run(
        [*program, *arguments], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("name", NAMES)
def test_help_tells_of_every_option(name):
    ran = run(name, "--help")
    assert ran.returncode == 0
    assert all(f"--{option} " in ran.stdout for option in CATALOGUE[name].options)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("boost_asio", ["--threads", "0"], "--threads must be at least 1"),
        ("boost_asio", ["--stack", "1m"], "there is no argument --stack: see --help"),
        ("boost_asio", ["--port"], "--port needs a value"),
        ("boost_asio", ["--port=x"], "--port must be a whole number, not 'x'"),
        ("boost_asio", ["--handler=nap:5ms"], "--handler is none, sleep:5ms or cpu:5ms, not"),
        ("boost_threads", ["--stack", "1024"], "--stack is not a size that a stack can have"),
        ("node", ["--threads", "2"], "Unknown option '--threads'"),
        ("node", ["--port"], "Option '--port <value>' argument missing"),
        ("node", ["--handler=nap:5ms"], "--handler is none, sleep:5ms or cpu:5ms, up to an hour"),
    ],
)
def test_a_wrong_argument_is_said_in_a_line(name, arguments, message):
    ran = run(name, *arguments)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"{name}: {message}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_that_sleeps_holds_up_nobody_else_and_answers_in_full(name, serve, connect):
    server = serve(f"{name},handler=sleep:100ms,buffer=1000")
    connections = [connect(server) for _ in range(40)]
    message = os.urandom(2500)
    began = time.monotonic()
    for connection in connections:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
    for connection in connections:
        assert b"".join(iter(lambda end=connection: end.recv(65_536), b"")) == message
    assert 0.3 <= time.monotonic() - began < 10, "one after the other takes 12 s"


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_that_burns_uses_the_cpu_time_that_it_is_stated(name, serve, connect):
    server = serve(f"{name},handler=cpu:50ms")
    connection = connect(server)
    before = sum(psutil.Process(server.pid).cpu_times()[:2])
    for _ in range(3):
        assert served(connection)
    assert 0.12 < sum(psutil.Process(server.pid).cpu_times()[:2]) - before < 0.4


def test_threads_share_the_event_loop(serve, connect, wait_until):
    server = serve("boost_asio,threads=3,handler=cpu:2ms")
    done = threading.Event()

    def talk(connection):
        while not done.is_set():
            served(connection)

    talkers = [threading.Thread(target=talk, args=(connect(server),)) for _ in range(6)]
    for talker in talkers:
        talker.start()
    try:
        loop = psutil.Process(server.pid)
        wait_until(lambda: all(sum(thread[1:]) > 0.05 for thread in loop.threads()))
        assert loop.num_threads() == 3
    finally:
        done.set()
        for talker in talkers:
            talker.join()


def test_node_turns_connections_without_a_descriptor_away_and_says_so(serve, connect, wait_until):
    server = serve("node,limit=nofile:64")
    connections = [connect(server) for _ in range(100)]
    admitted = [connection for connection in connections if served(connection)]
    assert 20 < len(admitted) < 64
    assert "cannot accept: Too many open files (1 times so far)" in server.log_tail()
    for connection in admitted:
        connection.close()
    wait_until(lambda: served(connect(server)))


def test_without_an_interpreter_its_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert parse_spec("node").missing == "sudo apt install nodejs"
