"""The HTTP servers that run an application: each answers, keeps connections, and ends."""

import os
import signal

import pytest

from c10k.servers.catalogue import CATALOGUE, parse_spec
from c10k.servers.catalogue.applications import ApplicationServer
from tests.servers.talk import tree
from tests.servers.test_web_servers import DOCUMENT, get, reply

pytestmark = pytest.mark.system

NAMES = [n for n, entry in CATALOGUE.items() if isinstance(entry.program, ApplicationServer)]


@pytest.mark.parametrize("spec", [*NAMES, "uvicorn,loop=uvloop", "hypercorn,loop=uvloop"])
def test_many_clients_are_answered_again_and_again_and_sigterm_ends_all(
    spec, serve, connect, ended
):
    if missing := parse_spec(spec).missing:
        pytest.skip(missing)
    server = serve(spec)
    connections = [connect(server) for _ in range(100)]
    for _ in range(3):
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert all(reply(connection) == (200, DOCUMENT) for connection in connections)
    assert "GET" not in server.log.read_text()
    for connection in connections:
        connection.close()
    pids = [process.pid for process in tree(server)]
    os.kill(server.pid, signal.SIGTERM)
    server.stop(timeout_s=20)
    assert all(map(ended, pids))


@pytest.mark.parametrize("name", NAMES)
def test_it_has_as_many_workers_as_it_is_given(name, serve, connect, wait_until):
    if missing := parse_spec(name).missing:
        pytest.skip(missing)
    server = serve(f"{name},workers=2")
    assert get(connect(server)) == (200, DOCUMENT)
    wait_until(lambda: len(tree(server)) > 2)  # one more looks after them


@pytest.mark.parametrize("name", NAMES)
def test_where_it_is_not_installed_the_extra_is_named(name, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert parse_spec(name).missing == "pip install 'c10k-bench[http]'"
