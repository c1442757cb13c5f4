"""Process per connection: reaped, counted, and what happens when the system gives no more."""

import json
import resource
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from c10k.servers.catalogue.program import FOLDER
from c10k.servers.process import ServerProcess
from tests.servers.talk import served, tree

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]

# The kernel's refusal, which root does not get by a limit.
NO_PROCESSES = """
import errno, os
fork, refusals = os.fork, iter(range(3))
def refuse():
    for _ in refusals:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = refuse
from c10k.servers import {name}
{name}.main()
"""


@pytest.fixture
def without_processes(tmp_path):
    """Start a server to which the system gives no process three times, then all that it wants."""

    def start(name, *arguments):
        code = NO_PROCESSES.format(name=name)
        command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code, *arguments]
        return ServerProcess(name, command, log=tmp_path / "log")

    return start


def test_every_connection_has_its_process_which_is_reaped(serve, connect, wait_until):
    server = serve("forking,handler=cpu:20ms")
    connections = []
    for count in range(1, 6):
        connections.append(connect(server))
        assert served(connections[-1])
        assert len(tree(server)) == 1 + count
    for connection in connections:
        connection.close()
    wait_until(lambda: len(tree(server)) == 1)  # a zombie would count
    parent = psutil.Process(server.pid)
    wait_until(lambda: {parent.status() for _ in range(10)} == {psutil.STATUS_SLEEPING})
    spent = parent.cpu_times()
    assert spent.children_user + spent.children_system >= 5 * 0.02 - 0.02, "theirs is the server's"


def test_a_refused_process_is_survived_and_logged(without_processes, connect):
    with without_processes("forking") as server:
        for times in (1, 2, 3):
            assert not served(connect(server)), "who gets no process is turned away"
            assert "cannot accept: BlockingIOError(11, 'Resource temporarily" in server.log_tail()
            assert f"({times} times so far)" in server.log_tail()
        assert served(connect(server))


def test_refused_workers_are_started_later(without_processes, connect, wait_until):
    with without_processes("prefork", "--workers", "4") as server:
        assert served(connect(server))
        wait_until(lambda: len(tree(server)) == 1 + 4)
        assert server.log.read_text().count("cannot accept: BlockingIOError") == 3


@pytest.mark.parametrize(("spec", "accepting"), [("forking", 0), ("prefork,workers=1", 1)])
def test_a_shortage_of_descriptors_is_survived(spec, accepting, serve, connect, wait_until):
    """In the process that accepts, which has few: so its limit becomes what it has."""
    server = serve(spec)
    pid = tree(server)[accepting].pid
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    first = connect(server)
    assert served(first)  # it has the descriptor that the waiting accept() had set aside
    lowest_free = min(set(range(len(taken) + 1)) - taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, most))
    first.close()
    connection = connect(server)
    wait_until(lambda: "cannot accept: OSError(24" in server.log_tail())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
    assert served(connection), "who waited has its turn"


@pytest.mark.parametrize("name", ["forking", "prefork", "asyncio_workers"])
def test_no_process_outlives_a_server_that_is_killed(name, ended, wait_until):
    """Started by hand: launch.py would end them in any case."""
    workers = [] if name == "forking" else ["--workers", "2"]
    command = [sys.executable, FOLDER, name, *workers]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        address = ("127.0.0.1", json.loads(server.stdout.readline())["port"])
        with socket.create_connection(address, timeout=15) as connection:
            assert served(connection)
            children = psutil.Process(server.pid).children()
            assert children
            server.kill()
            wait_until(lambda: all(ended(child.pid) for child in children))
