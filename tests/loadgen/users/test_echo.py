"""Locust, in processes of its own, against servers that echo and servers that do not."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loadgen.conftest import echo

pytestmark = pytest.mark.system

LOCUSTFILE = Path(__file__).parents[3] / "loadgen" / "locustfile.py"

FAILING = """
from c10k.loadgen.users import echo, options
from locust import events

events.init_command_line_parser.add_listener(options.add_options)

class Empty(echo.EchoUser):
    host = {empty!r}
    def exchange(self, message):
        super().exchange(b"")

class Corrupt(echo.EchoUser): host = {corrupt!r}
class HungUp(echo.EchoUser): host = {hung_up!r}
class Silent(echo.EchoUser): host = {silent!r}
class Refused(echo.EchoUser): host = {refused!r}
class NoPort(echo.EchoUser): host = "127.0.0.1"
"""


def corrupt(connection):
    while data := connection.recv(65_536):
        connection.sendall(data[:-1] + bytes([data[-1] ^ 1]))


def hang_up(connection):
    connection.recv(65_536)


def keep_silent(connection):
    while connection.recv(65_536):
        pass


@pytest.fixture
def swarm():
    """Start Locust with a number of users, which begin at once."""
    started = []

    def start(users, *arguments):
        command = [sys.executable, "-m", "locust", "--headless", "--json", "-u", str(users)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([*command, "-r", str(users), *arguments], **pipes))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def ended(process):
    """(requests, failures) by host and what was done, the errors, and the status."""
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors, errors
    counts = {
        (entry["name"], entry["method"]): (entry["num_requests"], entry["num_failures"])
        for entry in json.loads(out)
    }
    return counts, errors, process.returncode


def test_users_count_what_is_echoed_and_name_and_try_again_what_fails(
    serve, swarm, refusing, tmp_path
):
    servers = {
        "empty": serve(keep_silent),
        "corrupt": serve(corrupt),
        "hung_up": serve(hang_up),
        "silent": serve(keep_silent),
        "refused": refusing,
    }
    hosts = {name: "tcp://{}:{}".format(*address) for name, address in servers.items()}
    (tmp_path / "failing.py").write_text(FAILING.format(**hosts))
    echoing = "tcp://{}:{}".format(*serve(echo))
    large = ("--size", "100000", "--think-time", "0.1", "EchoUser")
    good = swarm(10, "-f", str(LOCUSTFILE), "--host", echoing, *large)
    impatient = ("--timeout", "0.1")
    bad = swarm(12, "-f", str(tmp_path / "failing.py"), *impatient)
    for process in (good, bad):
        while "All users spawned" not in (line := process.stderr.readline()):
            assert line, "Locust ended"
    time.sleep(1.2)  # after a failure a user pauses for 0.5 s

    counts, errors, status = ended(good)
    assert status == 0, errors
    assert counts[echoing, "connect"] == (10, 0), "one connection per user"
    requests, failures = counts[echoing, "echo"]
    assert requests > 10
    assert failures == 0

    counts, errors, status = ended(bad)
    assert status == 1
    messages = {
        "a message has 1 byte or more": (hosts["empty"], "echo"),
        "the echo is not what was sent": (hosts["corrupt"], "echo"),
        "the server ended the connection": (hosts["hung_up"], "echo"),
        "timed out": (hosts["silent"], "echo"),
        "Connection refused": (hosts["refused"], "connect"),
        "Host must be tcp://ADDRESS:PORT": ("127.0.0.1", "connect"),
    }
    for message, (host, act) in messages.items():
        assert message in errors
        requests, failures = counts[host, act]
        assert requests == failures > 2, "two users tried again"
        if act == "echo":
            connects, refusals = counts[host, "connect"]
            assert connects >= requests, "each failure is followed by a new connection"
            assert refusals == 0
