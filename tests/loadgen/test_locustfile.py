"""Locust, in a process of its own, against a server that echoes and against some that do not."""

import json
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

from c10k.servers.catalogue import parse_spec

LOCUSTFILE = Path(__file__).parents[2] / "loadgen" / "locustfile.py"


def swarms(*asked):
    """Ten users for two seconds each, all at once, each asked for by a host and its arguments.

    (requests, failures) by what was done, Locust's status, and what it said.
    """
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
    command += ["-u", "10", "-r", "10", "-t", "2s", "--json"]
    started = [
        subprocess.Popen(
            [*command, "--host", host, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host, *arguments in asked
    ]
    try:
        said = [process.communicate(timeout=60) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    for (out, errors), process in zip(said, started, strict=True):
        assert "Traceback" not in errors, errors
        counts = {
            entry["method"]: (entry["num_requests"], entry["num_failures"])
            for entry in json.loads(out)
        }
        yield counts, process.returncode, errors


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


def test_users_of_an_echo_server_count_and_do_not_fail(tmp_path):
    with parse_spec("asyncio_streams").process(log=tmp_path / "log") as server:
        host = f"tcp://{server.host}:{server.port}"
        done = swarms(
            (host, "--message-bytes", "64", "--wait-s", "0.1"),
            (host, "--message-bytes", "100000", "--wait-s", "0.1"),
        )
        for counts, status, errors in done:
            assert status == 0, errors
            assert counts["connect"] == (10, 0), "one connection a user"
            requests, failures = counts["echo"]
            assert requests > 10
            assert failures == 0


def test_a_server_that_does_not_echo_is_a_failure_and_is_tried_again():
    answers = {
        corrupt: "the echo is not what was sent",
        hang_up: "the server ended the connection",
        keep_silent: "timed out",
    }
    with ExitStack() as stack:
        hosts = [stack.enter_context(serving(answer)) for answer in answers]
        done = swarms(*((host, "--wait-s", "0", "--timeout-s", "0.1") for host in hosts))
        for (counts, status, errors), message in zip(done, answers.values(), strict=True):
            requests, failures = counts["echo"]
            assert requests == failures > 0
            assert counts["connect"][0] > 10, "each failure is followed by a new connection"
            assert counts["connect"][1] == 0
            assert message in errors
            assert status == 1


def test_a_server_that_is_not_there_is_a_failure_each_time():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ((counts, status, errors),) = swarms((f"tcp://127.0.0.1:{port}",))
    assert set(counts) == {"connect"}
    requests, failures = counts["connect"]
    assert requests == failures >= 10
    assert "Connection refused" in errors
    assert status == 1


def test_what_the_form_cannot_mean_is_named():
    with serving(keep_silent) as host:
        no_host, no_bytes = swarms(("127.0.0.1",), (host, "--message-bytes", "0"))
    counts, status, errors = no_host
    assert set(counts) == {"connect"}
    assert "Host must be tcp://ADDRESS:PORT" in errors
    assert status == 1
    counts, status, errors = no_bytes
    assert counts["echo"][0] == counts["echo"][1] > 0
    assert "Message bytes must be 1 or more" in errors
    assert status == 1
