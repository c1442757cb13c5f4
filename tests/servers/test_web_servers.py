"""The real web servers: that they serve their document, as few or as many, as root or anyone."""

import os
import signal
import socket
from pathlib import Path

import pytest

from c10k.servers.catalogue import parse_spec
from c10k.servers.catalogue.apache import pool
from tests.servers.talk import tree

pytestmark = pytest.mark.system

DOCUMENT = b"x" * 63 + b"\n"
# Pools that a test can afford, and that hold the 200 clients of one.
SPECS = {
    "nginx": "nginx",
    "apache_prefork": "apache_prefork,start=210",
    "apache_worker": "apache_worker,start=256",
    "apache_event": "apache_event,workers=256",
}


@pytest.fixture(scope="module", params=SPECS)
def name(request):
    if missing := parse_spec(request.param).missing:
        pytest.skip(f"{request.param} is not installed: {missing}")
    return request.param


@pytest.fixture(scope="module")
def server(name, tmp_path_factory):
    """One for all tests of that name, in a directory that is hard to read and to spell."""
    hidden = tmp_path_factory.mktemp(name) / 'a "hidden" $place; of {mine}'
    before = os.umask(0o077)
    try:
        hidden.mkdir(mode=0o700)
        with parse_spec(SPECS[name]).process(log=hidden / "log") as running:
            yield running
    finally:
        os.umask(before)


def get(connection, path="/"):
    """Ask for a path and read the whole reply: its status and its body."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reply(connection)


def reply(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        assert part, "the connection was closed before a reply"
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    assert headers.get("connection", "keep-alive") == "keep-alive"
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return int(status.split()[1]), body


def test_a_kept_connection_gets_the_document_again_and_again_and_the_log_stays_silent(
    server, connect
):
    connection = connect(server)
    assert [get(connection) for _ in range(50)] == [(200, DOCUMENT)] * 50
    said = server.log.read_text()  # at most on its beginning, and on its pool
    assert "127.0.0.1" not in said
    assert "GET" not in said
    assert len(said.splitlines()) < 5


def test_nothing_but_the_document_is_served(server, connect):
    for path in ("/nginx.conf", "/apache2.conf", "/../nginx.conf", "/pid"):
        connection = connect(server)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(12) in (b"HTTP/1.1 404", b"HTTP/1.1 400")


def test_200_clients_at_once_are_all_answered(name, server, connect):
    connections = [connect(server) for _ in range(200)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert all(reply(connection) == (200, DOCUMENT) for connection in connections)
    if name != "apache_event":  # which closes them when a connection comes and no thread is idle
        assert all(get(connection) == (200, DOCUMENT) for connection in connections), "kept alive"


def test_whoever_starts_it_its_workers_are_nobody_and_it_keeps_to_its_directory(
    server, connect, wait_until
):
    assert get(connect(server)) == (200, DOCUMENT)
    assert tree(server)[0].uids().real == os.geteuid()
    wait_until(lambda: all(worker.uids().real != 0 for worker in tree(server)[1:]))

    def elsewhere():
        opened = {file.path for process in tree(server) for file in process.open_files()}
        return [path for path in opened if not Path(path).is_relative_to(server.log.parent)]

    wait_until(lambda: not elsewhere())  # a worker that has just begun reads /etc/group


@pytest.mark.parametrize(
    ("spec", "children", "threads", "connections"),
    [
        ("nginx,workers=3", 3, 1, 9),
        ("apache_prefork,workers=8,start=7", 7, 1, 8),
        ("apache_worker,start=100", 2, 65, 130),
        ("apache_event,workers=10", 1, 12, 9),
    ],
)
def test_its_pool_is_as_its_options_say_verbose_tells_of_each_request_and_sigterm_ends_all_soon(
    spec, children, threads, connections, serve, connect, wait_until, ended
):
    server = serve(spec, host="::1", verbose=True)
    wait_until(lambda: len(tree(server)) == 1 + children)
    # A thread that accepts, and with the event MPM the one that it began with, come on top.
    wait_until(lambda: all(child.num_threads() >= threads for child in tree(server)[1:]))
    kept = [connect(server) for _ in range(connections)]
    assert all(get(connection) == (200, DOCUMENT) for connection in kept), "the pool grows"
    wait_until(lambda: server.log.read_text().count('"GET / HTTP/1.1" 200 64') == connections)
    pids = [process.pid for process in tree(server)]
    os.kill(server.pid, signal.SIGTERM)
    assert wait_until(lambda: not server.alive and all(map(ended, pids[1:]))) < 2
    assert server.returncode == 0
    assert not list(server.log.parent.glob("*/pid"))


@pytest.mark.parametrize(
    ("mpm", "options", "directives"),
    [
        ("prefork", {"workers": "5", "start": "9"}, {"StartServers 5", "MaxRequestWorkers 5"}),
        ("worker", {"start": "65"}, {"StartServers 2", "MaxRequestWorkers 10240"}),
        ("worker", {"workers": "10"}, {"StartServers 1", "ThreadsPerChild 10"}),
        ("event", {"workers": "65"}, {"StartServers 2", "MaxRequestWorkers 128"}),
    ],
)
def test_apaches_pool_is_no_larger_than_its_most_and_no_smaller_than_asked(
    mpm, options, directives
):
    assert directives < set(pool(mpm, options).splitlines())


@pytest.mark.parametrize("spec", ["nginx", "apache_worker,workers=64", "apache_event,workers=64"])
def test_a_shortage_of_descriptors_is_survived_and_left_again(spec, serve, connect, wait_until):
    """Not by prefork, a process of which has one connection."""
    server = serve(f"{spec},limit=nofile:64")
    assert get(connect(server)) == (200, DOCUMENT)
    connections = [connect(server) for _ in range(100)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "Too many open files" in server.log_tail())
    for connection in connections:
        connection.close()

    def served():  # a process of Apache's that ends may take a connection with it
        try:
            with socket.create_connection((server.host, server.port), timeout=1) as late:
                return get(late) == (200, DOCUMENT)
        except (OSError, AssertionError):
            return False

    wait_until(served)
    assert server.alive
    server.stop(timeout_s=0)  # Apache takes a second to end politely


@pytest.mark.parametrize("name", SPECS)
def test_where_it_is_not_installed_the_remedy_is_known(name, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("c10k.servers.catalogue.web.SYSTEM_PROGRAMS", "/nowhere")
    package = "nginx" if name == "nginx" else "apache2-bin"
    assert parse_spec(name).missing == f"sudo apt install {package}"
