"""`c10k run --command`: a program of the user's is measured."""

import json
import shlex
import sys

import pytest
from msgspec.structs import replace

from c10k.cli.main import main
from c10k.experiment import manifest
from c10k.experiment.config import plan_of
from c10k.experiment.profile import Profile
from c10k.host.cpus import CpuSplit
from c10k.results.store import RunWriter, read_run

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
TINY = Profile("tiny", warmup_s=0.05, warmup_limit_s=0.1, windows=1, window_s=0.15, repeats=1)


def test_a_run_of_it_is_resumed_from_another_directory(tmp_path, monkeypatch, capsys):
    home, elsewhere, out = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "run"
    home.mkdir()
    elsewhere.mkdir()
    (home / "echo.py").write_text(ECHO)
    monkeypatch.chdir(home)
    asked = {"commands": [MINE, BROKEN], "workloads": ["saturated"], "steps": [2, 4]}
    plan = replace(plan_of(asked, str), profile=TINY)
    described = manifest.describe(plan, CpuSplit.of_this_process(), [])
    RunWriter(out).create(described | {"ceiling": []}).close()

    monkeypatch.chdir(elsewhere)
    assert main(["run", "--force", "--no-report", "--resume", str(out)]) == 1
    assert "2 of 4 steps failed" in capsys.readouterr().err
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
