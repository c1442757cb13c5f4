"""`c10k serve` and `c10k ui`: what they say, what they refuse, and how they end."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from c10k.cli.main import main
from c10k.servers.catalogue.program import free_port

pytestmark = pytest.mark.system

C10K = [sys.executable, "-m", "c10k"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@contextlib.contextmanager
def running(*arguments, **options):
    with subprocess.Popen([*C10K, *map(str, arguments)], **options) as process:
        try:
            yield process
        finally:
            process.kill()


def below(process):
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_serve_ends_cleanly_on_a_signal(number):
    with running("serve", "prefork,workers=2", stdout=subprocess.PIPE) as process:
        said = json.loads(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", said["port"]), timeout=15) as connection:
            connection.sendall(b"hello")
            assert connection.recv(5) == b"hello"
        started = below(process)
        assert said["pid"] in {each.pid for each in started}
        process.send_signal(number)
        assert process.wait(15) == 0
        assert process.stdout.read() == b""
        assert not [each for each in started if each.is_running()]


def test_a_server_has_as_many_workers_as_so_many_connections_need():
    """A worker of 500 descriptors has room for some 340 connections, as their share varies."""
    limited = ["prlimit", "--nofile=500:500", *C10K, "serve", "asyncio_workers", "-c", "1000"]
    with subprocess.Popen(limited, stdout=subprocess.PIPE) as process:
        try:
            pid = json.loads(process.stdout.readline())["pid"]
            assert len(psutil.Process(pid).children()) == 3
        finally:
            process.terminate()
            process.wait(15)


def test_a_server_of_one_process_is_not_served_for_more_than_it_can_hold():
    ended = subprocess.run(
        ["prlimit", "--nofile=500:500", *C10K, "serve", "event_loop", "-c", "1000"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "serve asyncio_workers" in ended.stderr


def test_serve_tells_a_person_a_sentence():
    ours, theirs = pty.openpty()
    with running("serve", "threaded", stdout=theirs) as process, os.fdopen(ours, "rb") as terminal:
        os.close(theirs)
        line = terminal.readline().decode()
        said = re.fullmatch(
            r"threaded listens on 127\.0\.0\.1:(\d+) \(pid (\d+)\); Ctrl-C ends it\r\n", line
        )
        assert said, line
        socket.create_connection(("127.0.0.1", int(said[1])), timeout=15).close()
        assert int(said[2]) in {each.pid for each in below(process)}
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0


def test_serve_shows_what_the_server_writes_and_that_it_died():
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running("serve", "threaded", "--verbose", **output) as process:
        said = json.loads(process.stdout.readline())
        socket.create_connection(("127.0.0.1", said["port"]), timeout=15).close()
        assert b"connected" in process.stderr.readline()
        os.kill(said["pid"], signal.SIGKILL)
        assert process.wait(15) == 1
        assert process.stderr.read().decode().endswith("c10k: threaded died (signal 9)\n")


def test_ui_ends_cleanly_on_a_signal(tmp_path):
    port = free_port("127.0.0.1")
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with running("ui", "--port", port, "--server", "threaded", **output) as process:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=15).close()
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = below(process)
        process.terminate()
        assert process.wait(15) == 130
        assert not [each for each in started if each.is_running()]
    socket.create_server(("127.0.0.1", port)).close()
    assert {each.name for each in tmp_path.rglob("*.log")} == {"locust.log", "threaded.log"}


@pytest.mark.parametrize("command", [["serve"], ["run", "--server"], ["ui", "--server"]])
@pytest.mark.parametrize(
    "option", ["limit=foo:1", "stack=bananas", "stack=1", "python=/bin/true", "cpus=1-0"]
)
def test_an_option_that_cannot_be_is_refused_by_all_alike(command, option, capsys):
    assert main([*command, f"threaded,{option}"]) == 2
    shown = capsys.readouterr()
    assert re.match(rf"c10k: (--server: )?{re.escape(option)}: ", shown.err)
    assert shown.err.count("\n") == 1
    assert shown.out == ""
