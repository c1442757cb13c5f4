"""The HTTP servers that run an application: each answers, keeps connections, and ends."""

import os
import signal

import pytest

from c10k.servers.catalogue import CATALOGUE, parse_spec
from c10k.servers.catalogue.applications import ApplicationServer
from tests.servers.talk import tree
from tests.servers.test_web_servers import DOCUMENT, reply

pytestmark = pytest.mark.system

NAMES = [n for n, entry in CATALOGUE.items() if isinstance(entry.program, ApplicationServer)]

WORKERS = 2


@pytest.mark.parametrize("spec", [*NAMES, "uvicorn,loop=uvloop", "hypercorn,loop=uvloop"])
def test_two_workers_answer_many_clients_again_and_again_and_sigterm_ends_all(
    spec, serve, connect, wait_until, ended
):
    if missing := parse_spec(spec).missing:
        pytest.skip(missing)
    server = serve(f"{spec},workers={WORKERS}")
    connections = [connect(server) for _ in range(100)]
    for _ in range(3):
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert all(reply(connection) == (200, DOCUMENT) for connection in connections)
    assert "GET" not in server.log.read_text()
    for connection in connections:
        connection.close()
    wait_until(lambda: len(tree(server)) > WORKERS)  # and one process that looks after them
    pids = [process.pid for process in tree(server)]
    os.kill(server.pid, signal.SIGTERM)
    server.stop(timeout_s=20)
    assert all(map(ended, pids))


@pytest.mark.parametrize("name", NAMES)
def test_where_it_is_not_installed_the_extra_is_named(name, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert parse_spec(name).missing == "pip install 'c10k-bench[http]'"
