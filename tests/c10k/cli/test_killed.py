"""`kill -9` of a command that has started other processes: none is left, nor a file of theirs."""

import contextlib
import functools
import resource
import shlex
import socket
import subprocess
import sys
import time

import psutil
import pyarrow.parquet as pq
import pytest

from c10k.results.store import read_run
from c10k.servers.catalogue import parse_spec
from c10k.servers.catalogue.program import free_port
from tests.c10k.cli.conftest import SMALLEST

# One run at a time on a machine: they would measure each other.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("runs")]

C10K = [sys.executable, "-m", "c10k"]
STEPS = [*SMALLEST, "--steps", "2,4"]

# Instead of an interpreter: a server whose helper ignores SIGTERM, in a session of its own.
HELPED = f"""#!/bin/sh
case "$*" in *--port*) trap '' TERM HUP; setsid sleep 300 & trap - TERM HUP;; esac
exec {sys.executable} "$@"
"""
# A server that ignores SIGTERM, forks, and then becomes a daemon.
DAEMON = """
import os, signal, socket, sys, threading, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=100)
for _ in range(2):
    if os.fork() == 0:
        time.sleep(300)
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""


@pytest.fixture
def helped(tmp_path):
    """The SPEC of a server that has such a helper."""
    interpreter = tmp_path / "helped"
    interpreter.write_text(HELPED)
    interpreter.chmod(0o755)
    return f"asyncio_streams,python={interpreter}"


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """Kill a command once a condition holds for the processes below it; then nothing is left."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def kill(command, ready, **options):
        below = []

        def started():
            with contextlib.suppress(psutil.NoSuchProcess):  # one has just ended: try again
                below[:] = psutil.Process(process.pid).children(recursive=True)
                return ready(below)
            return False

        with subprocess.Popen(
            [*C10K, *map(str, command)], cwd=tmp_path, stdout=subprocess.DEVNULL, **options
        ) as process:
            try:
                wait_until(started)
                ports = [port for each in below for port in listening(each)]
                process.kill()
                wait_until(lambda: not any(map(runs, below)))
            finally:
                process.kill()
                for each in below:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
        assert not list(temporary.iterdir())
        for port in ports:
            socket.create_server(("127.0.0.1", port)).close()
        return ports

    return kill


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.2)


def runs(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def listening(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return {
            connection.laddr.port
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    return set()


def has_helper(below):
    return any(each.name() == "sleep" for each in below) and any(map(listening, below))


def test_of_run(killed, helped, tmp_path):
    """What it had measured by then can be read."""
    daemon = shlex.join([sys.executable, "-c", DAEMON])
    servers = ("--server", helped, "--server", "prefork,workers=2")
    servers += ("--command", f"daemon={daemon} {{port}}")

    def measures(below):
        steps = tmp_path / "run" / "steps.parquet"
        all_listen = len([each for each in below if listening(each)]) >= 8
        measured = steps.exists() and pq.read_metadata(steps).num_rows
        return has_helper(below) and all_listen and measured

    assert killed(["run", *STEPS, *servers, "--out", "run", "--workers", "2"], measures)
    assert not read_run(tmp_path / "run").steps.empty


def test_of_serve(killed, helped):
    assert killed(["serve", helped], has_helper)


def test_of_ui(killed, helped):
    port = free_port("127.0.0.1")

    def both(below):
        return has_helper(below) and any(port in listening(each) for each in below)

    assert port in killed(["ui", "--port", port, "--server", helped], both)


def test_of_load_with_processes(killed, tmp_path):
    few = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (100, 100))
    with parse_spec("asyncio_streams").process(log=tmp_path / "log") as server:
        target = f"{server.host}:{server.port}"
        load = ["load", target, "--connections", 200, "--duration", 300]
        killed(load, lambda below: len(below) >= 2, preexec_fn=few)
