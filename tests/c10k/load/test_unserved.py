"""The line of a load of which no connection was served."""

import socket
import threading
from types import SimpleNamespace

import pytest

from c10k.load.unserved import reason
from c10k.loadgen.address import Address
from c10k.loadgen.workload import Workload


@pytest.fixture
def serve_unix(tmp_path, monkeypatch):
    """Answer one request on a Unix socket: serve_unix(ANSWER) is where, with a relative path."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(20)

        def serve(answer):
            with listener.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(answer)

        def start(answer):
            listener.bind("./app.sock")
            listener.listen()
            threading.Thread(target=serve, args=(answer,), daemon=True).start()
            return "unix:./app.sock"

        yield start


def test_over_a_unix_socket_the_status_is_stated_too_and_no_port_is_named(serve_unix):
    address = Address.resolve(serve_unix(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), 0)
    get = Workload("get", protocol="http", path="/x")
    line = reason("there", address, get, SimpleNamespace(errors={"http_status": 2}))
    assert "answered 404 (Not Found) to GET /x" in line
    line = reason("there", address, Workload("echo"), SimpleNamespace(errors={"reset": 2}))
    assert "is an echo server listening there?" in line
    assert "port" not in line


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ({"unreachable": 5}, "(unreachable): is the host up"),
        ({"connect_timeout": 128, "never_opened": 872}, "(connect_timeout): is the host up"),
        ({"never_opened": 5}, "(never_opened): is an echo server listening there?"),
        ({"connect_refused": 4, "reset": 1}, "(connect_refused): is an echo server listening"),
    ],
)
def test_it_names_the_cause_and_what_to_look_at(errors, said):
    address = Address.resolve("127.0.0.1", 9000)
    line = reason("there:9000", address, Workload("echo"), SimpleNamespace(errors=errors))
    assert line.startswith("no connection to there:9000 was ")
    assert said in line
