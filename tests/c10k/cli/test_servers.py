"""`c10k servers` and `c10k serve`: what can be measured, and one of it in the foreground."""

import dataclasses
import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from c10k.cli.main import main
from c10k.servers import catalogue
from c10k.servers.catalogue import CATALOGUE, parse_spec
from c10k.servers.catalogue.program import PythonProgram

pytestmark = pytest.mark.system


@pytest.fixture
def lacking(monkeypatch):
    """A catalogue whose first server cannot run here."""
    servers = dict(CATALOGUE)
    first = next(iter(servers))
    servers[first] = dataclasses.replace(
        servers[first], program=PythonProgram(first, needs="no_such_package")
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", servers)
    return first


def listed(capsys):
    assert main(["servers", "--json", "-"]) == 0
    return {server["name"]: server for server in json.loads(capsys.readouterr().out)}


def test_json_says_of_each_what_it_is_and_whether_it_can_run(lacking, capsys):
    servers = listed(capsys)
    assert servers.keys() == CATALOGUE.keys()
    assert not servers[lacking]["available"]
    assert servers[lacking]["missing"] == "pip install 'c10k-bench[no_such_package]'"
    for name, server in servers.items():
        known = CATALOGUE[name]
        assert server["available"] == (not server["missing"])
        assert (server["model"], server["language"]) == (known.model, known.language)
        assert server["protocol"] == known.protocol
        assert server["options"].keys() == known.options.keys()
        assert all(server["options"].values())
    assert servers["asyncio_streams"]["available"]


def test_people_see_what_can_run_first_and_how_to_have_the_rest(lacking, capsys):
    assert main(["servers"]) == 0
    shown = capsys.readouterr().out
    rows = [line for line in shown.splitlines() if line[:2] in ("✓ ", "✗ ")]
    assert {row.split()[1] for row in rows} == CATALOGUE.keys()
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key="✓✗".index)
    assert f"✗ {lacking} " in shown
    remedy = "cannot run here: pip install 'c10k-bench[no_such_package]'"
    assert remedy in " ".join(shown.split())
    assert len({row.index(CATALOGUE[row.split()[1]].model[:8]) for row in rows}) == 1, "aligned"
    for server in CATALOGUE.values():
        for option in server.options:
            assert f"\n  {option}= " in shown


@pytest.mark.parametrize("columns", [40, 72, 300])
def test_no_line_is_wider_than_the_terminal_or_than_one_reads(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["servers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert max(map(len, lines)) <= min(max(columns, 72), 100)


@pytest.mark.parametrize(
    ("spec", "host"),
    [("nginx", "::1"), ("apache_event,workers=64", "127.0.0.1"), ("threaded", "::1")],
)
def test_one_of_them_serves_in_the_foreground(spec, host, tmp_path, monkeypatch):
    if missing := parse_spec(spec).missing:
        pytest.skip(f"{spec} is not installed: {missing}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [sys.executable, "-m", "c10k", "serve", spec, "--host", host]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    port = json.loads(server.stdout.readline())["port"]
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = socket.create_connection((host, port), timeout=15)
                break
            except ConnectionRefusedError:
                assert server.poll() is None
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.05)
        with connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.recv(65_536)
        protocol = parse_spec(spec).server.protocol
        assert answer.startswith({"http": b"HTTP/1.1 200", "echo": b"GET / HTTP/1.1"}[protocol])
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(15) == 0
