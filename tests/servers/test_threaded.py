"""What only the threaded server has: threads that may not start, and their stacks."""

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
MIB = 1024**2


def test_threads_that_cannot_start_are_survived(serve, connect, wait_until):
    # An address space for some dozens of stacks of 4 MiB, whatever the interpreter itself maps.
    server = serve("threaded,stack=4m,limit=as:512m")
    connections = []
    while len(connections) < 200 and "can't start new thread" not in server.log_tail():
        connections.append(connect(server))
        connections[-1].sendall(b"?")
        with contextlib.suppress(ConnectionResetError):
            connections[-1].recv(1)  # a connection without a thread is closed
    wait_until(lambda: "cannot accept: RuntimeError" in server.log_tail())
    assert len(connections) > 5
    for connection in connections:
        connection.close()

    wait_until(lambda: psutil.Process(server.pid).num_threads() == 1)
    late = connect(server)
    late.sendall(b"?")
    assert late.recv(1) == b"?"


def test_every_connection_has_its_thread(serve, connect):
    server = serve("threaded")
    for count in range(1, 6):
        connection = connect(server)
        connection.sendall(b"?")
        assert connection.recv(1) == b"?"
        assert psutil.Process(server.pid).num_threads() == 1 + count


def test_the_stack_option_sets_what_a_thread_reserves(serve, connect):
    reserved = {}
    for stack in ("256k", "8m"):
        server = serve(f"threaded,stack={stack}")
        before = psutil.Process(server.pid).memory_info().vms
        for _ in range(20):
            connection = connect(server)
            connection.sendall(b"?")
            assert connection.recv(1) == b"?"
        reserved[stack] = psutil.Process(server.pid).memory_info().vms - before
    # What else a thread maps (malloc's arenas) is the same for both.
    difference = 20 * (8 * MIB - MIB // 4)
    assert reserved["8m"] - reserved["256k"] == pytest.approx(difference, rel=0.1, abs=64 * MIB)


def test_a_stack_that_no_thread_can_have_is_refused():
    command = [sys.executable, "-m", "c10k.servers.threaded", "--stack", "1k"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert "--stack: size not valid: 1024 bytes" in ran.stderr
