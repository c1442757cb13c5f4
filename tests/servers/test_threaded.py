"""Threads and memory, in Python and C++: how many, how large, and what happens without more."""

import psutil
import pytest

from tests.servers.talk import served

pytestmark = pytest.mark.system

MIB = 1024**2


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


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        # An address space for some dozens of stacks of 4 MiB, whatever the interpreter itself maps.
        ("threaded,stack=4m,limit=as:512m", 'RuntimeError("can\'t start new thread")'),
        ("boost_threads,stack=4m,limit=as:256m", "Resource temporarily unavailable"),
        ("boost_asio,buffer=1048576,limit=as:64m", "std::bad_alloc"),
        ("boost_asio,threads=2,buffer=1048576,limit=as:256m", "std::bad_alloc"),
    ],
)
def test_memory_that_runs_out_is_survived(spec, why, serve, connect, wait_until):
    server = serve(spec)
    admitted, turned_away = [], 0
    while turned_away < 3 and len(admitted) < 300:
        connection = connect(server)
        if served(connection):
            admitted.append(connection)
        else:
            turned_away += 1
    assert len(admitted) > 5
    wait_until(lambda: f"cannot accept: {why} (3 times so far)" in server.log_tail())
    assert all(served(connection) for connection in admitted), "who has a connection keeps it"

    descriptors = psutil.Process(server.pid).num_fds() - len(admitted)
    for connection in admitted:
        connection.close()
    wait_until(lambda: psutil.Process(server.pid).num_fds() == descriptors)
    assert served(connect(server))
