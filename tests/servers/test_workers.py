"""Processes that share a port: one that dies is replaced, and nobody who waits for it is lost."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from c10k.servers.process import ServerProcess
from tests.servers.talk import served, tree

pytestmark = pytest.mark.system

SLOW_TO_START = """
import json, time
from pathlib import Path
from c10k.servers.framework.children import supervise
from c10k.servers.framework.log import Log

def work(index, ready):
    time.sleep(0.3)
    Path({folder!r}, str(index)).touch()
    ready()
    time.sleep(300)

supervise(3, work, lambda: print(json.dumps(dict(port=1)), flush=True), Log("slow", False))
"""


def workers(server):
    return [process.pid for process in tree(server)[1:]]


def test_a_server_has_started_when_all_its_workers_have(tmp_path):
    code = SLOW_TO_START.format(folder=str(tmp_path))
    command = ["env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, "-c", code]
    with ServerProcess("slow", command, log=tmp_path / "log"):
        assert all((tmp_path / str(index)).exists() for index in range(3))


@pytest.mark.parametrize("name", ["prefork", "asyncio_workers"])
def test_a_worker_that_dies_is_replaced(name, serve, connect, wait_until):
    server = serve(f"{name},workers=3")
    victim, *others = workers(server)
    assert len(others) == 2
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in workers(server) and len(workers(server)) == 3)
    assert set(others) < set(workers(server))
    assert f"worker {victim} ended with status -9: another takes its place" in server.log_tail()
    for connection in [connect(server) for _ in range(3)]:
        assert served(connection)


@pytest.mark.parametrize("name", ["prefork", "asyncio_workers"])
def test_who_waits_for_a_worker_that_dies_is_served_by_the_next(name, serve, connect):
    server = serve(f"{name},workers=1")
    assert served(connect(server))
    (worker,) = workers(server)
    os.kill(worker, signal.SIGSTOP)
    connection = connect(server)
    os.kill(worker, signal.SIGKILL)
    assert served(connection)


@pytest.mark.parametrize("name", ["prefork", "threadpool"])
def test_who_comes_while_all_workers_are_busy_waits_until_one_leaves(
    name, serve, connect, wait_until
):
    server = serve(f"{name},workers=2", verbose=True)
    first, second = connect(server), connect(server)
    assert served(first)
    assert served(second)
    third, fourth = connect(server), connect(server)
    for waiting in (third, fourth):
        waiting.sendall(b"!")
    peer = f"127.0.0.1:{third.getsockname()[1]}"
    if name == "threadpool":  # a process does not know who waits in the kernel's queue
        wait_until(lambda: "2 wait" in server.log_tail())
        assert f"threadpool: {peer}: all 2 workers are busy: 1 wait\n" in server.log.read_text()
    third.settimeout(0.2)
    with pytest.raises(TimeoutError):
        third.recv(1)
    assert served(first), "while those who have a worker are served"
    assert f"{peer}: connected" not in server.log.read_text()

    third.settimeout(15)
    first.close()
    assert third.recv(1) == b"!"
    assert f"{peer}: connected" in server.log.read_text()
    third.shutdown(socket.SHUT_WR)
    assert fourth.recv(1) == b"!", "in the order in which they came"


def test_a_growing_queue_is_stated_of_as_often_as_it_doubles(serve, connect, wait_until):
    server = serve("threadpool,workers=1")
    connections = [connect(server) for _ in range(11)]
    wait_until(lambda: server.log_tail().endswith("8 wait"))
    assert [line.split()[-2] for line in server.log_tail().splitlines()[1:]] == list("1248")
    for connection in connections:
        assert served(connection)
        connection.close()
