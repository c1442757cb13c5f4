"""`c10k run --command`: a program of the user's measured from nothing to the report."""

import json
import shlex
import subprocess
import sys
import time

import pytest

from c10k.cli.main import main
from c10k.experiment import manifest
from c10k.experiment.config import plan_of
from c10k.host.cpus import CpuSplit
from c10k.results.store import read_run

# One run at a time on a machine: they would measure each other.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("runs")]

# Anyone's echo server, which says nothing of where it listens.
ECHO = """
import socket, sys, threading

def echo(connection):
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)

listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=64)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""
MINE = f"mine,model=anyone's={shlex.quote(sys.executable)} echo.py {{host}} {{port}}"
BROKEN = "broken=sh -c 'echo out of {port}s; exit 4'"
QUICK = ("--duration", "0.2", "--profile", "quick", "--workload", "saturated", "--force")


def run(*arguments, cwd):
    command = [sys.executable, "-m", "c10k", "run", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_is_measured_and_after_a_crash_resumed_from_another_directory(tmp_path):
    home, elsewhere, out = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "run"
    home.mkdir()
    elsewhere.mkdir()
    (home / "echo.py").write_text(ECHO)
    commands = ("--command", MINE, "--command", BROKEN)
    begun = run(*commands, "--steps", "2,4", *QUICK, "--out", out, cwd=home)
    deadline = time.monotonic() + 60
    while not (out / "run.json").exists() or read_run(out).steps.empty:
        assert begun.poll() is None, begun.communicate()
        assert time.monotonic() < deadline, "no step was measured"
        time.sleep(0.05)
    begun.kill()
    begun.communicate(timeout=60)

    resumed = run("--force", "--resume", out, cwd=elsewhere)
    _, said = resumed.communicate(timeout=60)
    assert resumed.returncode == 1, said
    assert "2 of 4 steps failed" in said
    measured = read_run(out)
    steps = measured.steps[measured.steps.server == "mine"]
    assert list(steps.connected) == [2, 4]
    assert set(steps.status) == {"ok"}
    assert (steps.rss_bytes > 0).all()
    failed = measured.steps[measured.steps.server == "broken"]
    assert list(failed.status) == ["failed"] * 2
    assert all("ended with status 4 before it listened (out of" in why for why in failed.reason)
    described = measured.manifest["servers"][0]
    assert described["model"] == "anyone's"
    assert described["command"][1:] == ["echo.py", "{host}", "{port}"]
    assert "mine" in (out / "report" / "index.html").read_text()


def test_the_manifest_holds_what_makes_its_servers_again(tmp_path, monkeypatch):
    definition = (
        r"kv,protocol=raw,send=PING\r\n,expect=7,limit=nofile:99=redis-server --port {port}"
    )
    asked = {"servers": ["threaded,stack=256k"], "commands": [definition], "steps": [1, 2]}
    monkeypatch.chdir(tmp_path)
    plan = plan_of(asked, str)
    described = manifest.describe(plan, CpuSplit.of_this_process(), [])
    assert manifest.plan_of(json.loads(json.dumps(described))).servers == plan.servers


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--command", "./server {port}"], 2, "a command is NAME=COMMAND LINE"),
        (["--command", "mine=./server"], 2, "say where its port goes"),
        (["--command", "mine=a {port}", "--command", "mine=b {port}"], 2, "'mine' is given twice"),
        (["--command", "mine=./no-server {port}"], 3, "there is no program './no-server' in"),
        (["--resume", "nowhere", "--command", "mine=a {port}"], 2, "leave out --command"),
    ],
)
def test_one_line_says_what_is_wrong(arguments, status, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", *arguments]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not list(tmp_path.iterdir()), "nothing was begun"
