"""Audits of real loaders, and of programs that are none."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.c10k.cli.conftest import c10k

pytestmark = pytest.mark.system

LOADER = [sys.executable, "-m", "c10k", "load", "tcp://{host}:{port}", "-c", "60", "-d", "2s"]
LOADER += ["--warmup", "0", "--no-ceiling", "--json", "-"]


def audit(*arguments, **how):
    return c10k("audit", *arguments, **how)


@pytest.mark.parametrize("engine", ["native", "portable"])
def test_our_loader_reports_what_it_should(engine):
    """Roughly: on a busy machine a wake-up takes longer than 2 %."""
    ended = audit(
        *("--reader", "c10k", "--behaviour", "fixed-delay", "--behaviour", "wrong"),
        *("--json", "-", "--", *LOADER, "--engine", engine),
    )
    found = {
        (row["behaviour"], figure["figure"]): figure
        for row in json.loads(ended.stdout)["behaviours"]
        for figure in row["figures"]
    }
    rate, p50 = (found["fixed-delay", figure] for figure in ("rate", "p50"))
    assert rate["should"] < 1.1 * 60 / 0.05
    assert rate["reported"] == pytest.approx(rate["should"], rel=0.3)
    assert p50["reported"] >= p50["should"] >= 50
    assert p50["reported"] < 100
    assert found["wrong", "errors"]["wrong"] == ""
    assert found["wrong", "errors"]["reported"] > 0


def test_a_loader_that_believes_every_byte_is_found_out(tmp_path):
    script = tmp_path / "believing"
    script.write_text(
        f"#!{sys.executable}\n"
        "import socket, sys\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "for _ in range(30): s.sendall(b'x' * 64 * 40), s.recv(64 * 40, socket.MSG_WAITALL)\n"
        "print('0 errors')\n"
    )
    script.chmod(0o755)
    reader = tmp_path / "mine.toml"
    reader.write_text("programs = ['believing']\nfigures = { errors = '(\\d+) errors' }\n")
    ended = audit(
        *("--behaviour", "wrong", "--reader", "mine.toml"),
        *("--", "./believing", "{host}", "{port}"),
        timeout=60,
        cwd=tmp_path,
    )
    assert ended.returncode == 1
    assert "unverified bytes" in " ".join(ended.stdout.split())
    assert "1,200 messages on 1 connections" in ended.stdout


def test_a_loader_that_gives_up_under_one_behaviour_is_found_out(tmp_path):
    script = tmp_path / "timid"
    script.write_text(
        f"#!{sys.executable}\n"
        "import socket, sys, pathlib\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "s.sendall(b'x' * 64_000), s.recv(64_000, socket.MSG_WAITALL)\n"
        "seen = pathlib.Path(__file__).with_name('seen')\n"
        "if seen.exists(): sys.exit(7)\n"
        "seen.touch(), print('50 ms')\n"
    )
    script.chmod(0o755)
    reader = tmp_path / "mine.toml"
    reader.write_text("programs = ['timid']\nfigures = { p50 = '(\\d+) (ms)' }\n")
    ended = audit(
        *("--behaviour", "fixed-delay", "--behaviour", "two-delays", "--reader", reader),
        *("--json", "-", "--", script, "{host}", "{port}"),
        timeout=60,
    )
    assert ended.returncode == 1
    one, other = json.loads(ended.stdout)["behaviours"]
    reported = {each["figure"]: each["reported"] for each in one["figures"]}
    assert reported == {"rate": None, "p50": 50, "p99": None}
    assert {each["wrong"] for each in other["figures"]} == {
        "no report (it has none of the figures): it ended with exit status 7"
    }


@pytest.mark.parametrize(
    ("command", "status", "why"),
    [
        ("", 2, "give the loader's command"),
        ("wrk http://127.0.0.1:80/", 2, "must say {port}"),
        ("nosuchloader {port}", 3, "is not installed"),
        ("true {port}", 2, "no reader is known for true"),
        ("--reader nosuch -- true {port}", 2, "--reader nosuch"),
        ("--reader wrk --behaviour slow -- true {port}", 2, "no behaviour is called 'slow'"),
        ("--reader wrk -- true {port}", 3, "it sent nothing to 127.0.0.1:"),
        ("--reader wrk -- false {port}", 3, "exit status 1"),
        ("--reader wrk --limit 0.5s -- sh -c 'sleep 60' {port}", 3, "did not end within 0.5 s"),
        (
            "--reader wrk -- bash -c "
            "'echo -e \"GET / HTTP/1.1\\r\\n\\r\" >/dev/tcp/{host}/{port}; sleep 0.3'",
            3,
            "is not understood",
        ),
        (
            "--reader wrk --behaviour stall -- bash -c "
            "'echo Requests/sec: 9; "
            'echo -e "GET / HTTP/1.1\\r\\n\\r" >/dev/tcp/{host}/{port}; sleep 0.3\'',
            3,
            "and the server is silent until 4 s: give it at least 5 s",
        ),
        (
            "--reader wrk --behaviour stall -- bash -c 'exec 3<>/dev/tcp/{host}/{port}; "
            'get() { echo -e "GET / HTTP/1.1\\r\\n\\r" >&3; }; '
            "get; sleep 4.5; get; sleep 0.3; echo 9 requests in 1.0s'",
            3,
            "after its first message, but the server is silent from 3 s on",
        ),
    ],
)
def test_what_cannot_be_audited_is_refused_in_one_line(command, status, why):
    ended = audit(*shlex.split(command), timeout=60)
    assert ended.returncode == status
    assert why in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_ctrl_c_ends_the_loader_and_the_server():
    """The loader is a program of its own, which ignores SIGINT."""
    loader = "trap '' INT; sleep 300; : {port}"
    command = ["audit", "--reader", "wrk", "--", "bash", "-c", loader]
    with subprocess.Popen(
        [sys.executable, "-m", "c10k", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        watched = psutil.Process(process.pid)
        deadline = time.monotonic() + 60
        while not any(each.name() == "sleep" for each in watched.children(recursive=True)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        below = watched.children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive
