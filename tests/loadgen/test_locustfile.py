"""Locust, in a process of its own, against a server that echoes and against some that do not."""

import json
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers.catalogue import parse_spec
from servers.process import ServerProcess

LOCUSTFILE = Path(__file__).parents[2] / "loadgen" / "locustfile.py"


def swarm(host, *arguments):
    """Ten users for two seconds; (requests, failures) by what was done, and Locust's status."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", host]
    command += ["--headless", "-u", "10", "-r", "10", "-t", "2s", "--json", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    counts = {
        entry["method"]: (entry["num_requests"], entry["num_failures"])
        for entry in json.loads(ran.stdout)
    }
    return counts, ran.returncode, ran.stderr


@contextmanager
def serving(answer):
    """A server of the test's own: `answer` gets each connected socket."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            answer(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def corrupt(connection):
    while data := connection.recv(65_536):
        connection.sendall(data[:-1] + bytes([data[-1] ^ 1]))


def hang_up(connection):
    connection.recv(65_536)


def keep_silent(connection):
    while connection.recv(65_536):
        pass


@pytest.mark.parametrize("size", [64, 100_000])
def test_users_of_an_echo_server_count_and_do_not_fail(size, tmp_path):
    command = parse_spec("asyncio_streams").command(host="127.0.0.1", port=0)
    with ServerProcess("asyncio_streams", command, log=tmp_path / "log") as server:
        counts, status, errors = swarm(
            f"tcp://{server.host}:{server.port}", "--message-bytes", str(size), "--wait-s", "0.1"
        )
    assert status == 0, errors
    assert counts["connect"] == (10, 0), "one connection a user"
    requests, failures = counts["echo"]
    assert requests > 10
    assert failures == 0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (corrupt, "the echo is not what was sent"),
        (hang_up, "the server ended the connection"),
        (keep_silent, "timed out"),
    ],
)
def test_a_server_that_does_not_echo_is_a_failure_and_is_tried_again(answer, message):
    with serving(answer) as host:
        counts, status, errors = swarm(host, "--wait-s", "0", "--timeout-s", "0.5")
    requests, failures = counts["echo"]
    assert requests == failures > 0
    assert counts["connect"][0] > 10, "each failure is followed by a new connection"
    assert counts["connect"][1] == 0
    assert message in errors
    assert status == 1


def test_a_server_that_is_not_there_is_a_failure_each_time():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    counts, status, errors = swarm(f"tcp://127.0.0.1:{port}")
    assert set(counts) == {"connect"}
    requests, failures = counts["connect"]
    assert requests == failures >= 10
    assert "Connection refused" in errors
    assert status == 1


def test_what_the_form_cannot_mean_is_named():
    counts, status, errors = swarm("127.0.0.1")
    assert set(counts) == {"connect"}
    assert "Host must be tcp://ADDRESS:PORT" in errors
    assert status == 1
    with serving(keep_silent) as host:
        counts, status, errors = swarm(host, "--message-bytes", "0")
    assert counts["echo"][0] == counts["echo"][1] > 0
    assert "Message bytes must be 1 or more" in errors
    assert status == 1
