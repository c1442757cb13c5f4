"""The floor's C programs: compiled, run as a foreign server is, and used on each other."""

import json
import os
import socket
import subprocess

import psutil
import pytest

from benchmarks.floor import CompileError, compile_program
from c10k.servers.process import ServerProcess
from tests.servers.talk import echo, fill, served

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    into = tmp_path_factory.mktemp("floor")
    return {name: compile_program(name, into) for name in ("echo_server", "load")}


@pytest.fixture
def floor(programs, tmp_path):
    with ServerProcess(
        "floor", [str(programs["echo_server"]), "0"], log=tmp_path / "log"
    ) as server:
        yield server


def test_the_echo_server_returns_what_it_was_sent(floor, connect):
    for size in (1, 16_384, 16_385, 8 * 1024**2):
        connection = connect(floor)
        message = os.urandom(size)
        assert echo(connection, message) == message
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_several_processes_share_the_port_and_end_together(programs, connect, tmp_path):
    command = [str(programs["echo_server"]), "0", "3"]
    with ServerProcess("floor", command, log=tmp_path / "log") as server:
        children = psutil.Process(server.pid).children()
        assert len(children) == 2
        for number in range(30):
            connection = connect(server)
            connection.sendall(b"%d" % number)
            assert connection.recv(16) == b"%d" % number
    assert server.returncode == 0
    assert not psutil.wait_procs(children, timeout=10)[1]


def test_a_client_that_never_reads_is_held_back_alone(floor, connect):
    greedy, other = connect(floor), connect(floor)
    assert fill(greedy, 64 * 1024**2, stall_s=0.1) < 64 * 1024**2
    assert served(other)


@pytest.mark.parametrize(("connections", "size"), [(1, 1), (100, 64), (10, 65_536)])
def test_the_loader_counts_what_the_echo_server_returned(programs, floor, connections, size):
    command = [str(programs["load"]), floor.host, str(floor.port)]
    command += [str(connections), "0.1", str(size)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    said = json.loads(ran.stdout)
    assert said["connections"] == connections
    assert said["messages"] > 0
    assert said["seconds"] >= 0.1
    assert said["messages_per_s"] == pytest.approx(
        said["messages"] / said["seconds"], rel=0.01, abs=1
    )
    assert floor.alive
    floor.stop()
    assert floor.returncode == 0


def test_the_loader_says_that_nothing_listens(programs, refusing):
    host, port = refusing
    command = [str(programs["load"]), host, str(port), "1", "1", "64"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert ran.stderr == "load: cannot connect: Connection refused\n"


def test_a_missing_compiler_is_named_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(CompileError, match=r"no-such-compiler.*build-essential"):
        compile_program("load", tmp_path)
