"""Locust, in a process of its own, against a server that echoes and against some that do not."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loadgen.conftest import echo

pytestmark = pytest.mark.system

LOCUSTFILE = Path(__file__).parents[2] / "loadgen" / "locustfile.py"
USERS = 10


def corrupt(connection):
    while data := connection.recv(65_536):
        connection.sendall(data[:-1] + bytes([data[-1] ^ 1]))


def hang_up(connection):
    connection.recv(65_536)


def keep_silent(connection):
    while connection.recv(65_536):
        pass


@pytest.fixture
def swarms(serve):
    """Run Locust for a second, all at once, by what serves and Locust's arguments.

    (requests, failures) by what was done, the errors, and the status.
    """
    started = []

    def host(target):
        return target if isinstance(target, str) else "tcp://{}:{}".format(*serve(target))

    def run(*asked):
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--json"]
        command += ["-u", str(USERS), "-r", str(USERS), "--host"]
        for target, *arguments in asked:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            started.append(subprocess.Popen([*command, host(target), *arguments], **pipes))
        for process in started:
            while "All users spawned" not in (line := process.stderr.readline()):
                assert line, "Locust ended"
        time.sleep(1.2)
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            out, errors = process.communicate(timeout=60)
            assert "Traceback" not in errors, errors
            counts = {
                entry["method"]: (entry["num_requests"], entry["num_failures"])
                for entry in json.loads(out)
            }
            yield counts, errors, process.returncode

    yield run
    for process in started:
        with process:
            process.kill()


def test_users_of_an_echo_server_count_and_do_not_fail(swarms):
    ((counts, errors, status),) = swarms((echo, "--message-bytes", "100000", "--wait-s", "0.1"))
    assert status == 0, errors
    assert counts["connect"] == (USERS, 0), "one connection per user"
    requests, failures = counts["echo"]
    assert requests > USERS
    assert failures == 0


def test_failures_are_counted_named_and_tried_again(swarms):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    asked = {
        "the echo is not what was sent": (corrupt, "--wait-s", "0"),
        "the server ended the connection": (hang_up, "--wait-s", "0"),
        "timed out": (keep_silent, "--wait-s", "0", "--timeout-s", "0.1"),
        "Message bytes must be 1 or more": (keep_silent, "--message-bytes", "0", "--wait-s", "0"),
        "Connection refused": (f"tcp://127.0.0.1:{port}", "--wait-s", "0"),
        "Host must be tcp://ADDRESS:PORT": ("127.0.0.1", "--wait-s", "0"),
    }
    for (counts, errors, status), message in zip(swarms(*asked.values()), asked, strict=True):
        assert message in errors
        assert status == 1
        if "echo" in counts:
            requests, failures = counts["echo"]
            assert counts["connect"][0] >= requests, "each failure is followed by a new connection"
            assert counts["connect"][1] == 0
        else:
            requests, failures = counts["connect"]
        assert requests == failures > USERS
