"""Thread per connection, in Python and C++: threads that may not start, and their stacks."""

import contextlib

import psutil
import pytest

from tests.servers.talk import served

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
    assert served(connect(server))


@pytest.mark.parametrize(
    ("spec", "threads_per_connection"), [("threaded", 1), ("boost_threads", 1), ("boost_asio", 0)]
)
def test_every_connection_has_its_thread(spec, threads_per_connection, serve, connect):
    server = serve(spec)
    for count in range(1, 6):
        assert served(connect(server))
        threads = psutil.Process(server.pid).num_threads()
        assert threads == 1 + count * threads_per_connection


@pytest.mark.parametrize("name", ["threaded", "boost_threads"])
def test_the_stack_option_sets_what_a_thread_reserves(name, serve, connect):
    reserved = {}
    for stack in ("256k", "8m"):
        server = serve(f"{name},stack={stack}")
        before = psutil.Process(server.pid).memory_info().vms
        assert all(served(connect(server)) for _ in range(20))
        reserved[stack] = psutil.Process(server.pid).memory_info().vms - before
    # What else a thread maps (malloc's arenas) is about the same for both.
    difference = 20 * (8 * MIB - MIB // 4)
    assert reserved["8m"] - reserved["256k"] == pytest.approx(difference, rel=0.1, abs=64 * MIB)
