"""`c10k run` as scripts use it: exit status, JSON, and outputs that break."""

import json
import subprocess
import sys

import pytest

from c10k.results.store import read_run

# One run at a time on a machine: they would measure each other.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("runs")]

TINY = (
    "--profile",
    "quick",
    "--duration",
    "200ms",
    "--force",
    "--no-report",
)  # other runs may be under way
BROKEN = "broken=sh -c 'echo out of {port}s; exit 4'"


def run(*arguments, cwd, before="pass", **how):
    code = f"import sys; {before}; from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [sys.executable, "-c", code, "run", *map(str, arguments)],
        **pipes | how,
        cwd=cwd,
        text=True,
        timeout=100,
    )


def test_workloads_of_ones_own_an_objective_and_json_alone(tmp_path):
    (tmp_path / "mine.toml").write_text(
        """
        servers = ["threaded"]
        steps = ["3"]
        slo-p99 = "1us"
        [[workloads]]
        name = "saturated"
        [[workloads]]
        name = "chat"
        rate = 50
        size = "2k"
        active = "50%"
        """
    )
    tiny = [word for word in TINY if word != "--no-report"]
    shown = run("--config", "mine.toml", *tiny, "--out", "run", "--json", "-", cwd=tmp_path)
    assert shown.returncode == 1, shown.stderr
    found = json.loads(shown.stdout)
    assert (found["schema"], found["run"], found["outcome"]) == (
        *("c10k.run.outcome/1", "run", "failed"),
    )
    assert found["failure"] == "2 of 2 steps missed the objective, a p99 within 0.001 ms"
    assert "c10k: 2 of 2 steps missed the objective" in shown.stderr
    assert "objective missed: threaded, chat at 3: p99 of" in shown.stderr
    steps = {step["workload"]: step for step in found["steps"]}
    assert steps["saturated"]["ceiling_messages_per_s"] > 0
    assert steps["chat"]["ceiling_messages_per_s"] is None
    assert (steps["chat"]["size_bytes"], steps["chat"]["rate_per_connection"]) == (2048, 50)
    assert steps["chat"]["offered_per_s"] == 100  # two of three send
    assert steps["chat"]["error_causes"] == {}
    plan = read_run(tmp_path / "run").manifest["plan"]
    assert plan["slo-p99"] == 0.001
    assert [load["name"] for load in plan["workloads"]] == ["saturated", "chat"]
    (page,) = tmp_path.rglob("index.html")
    assert "50 messages/s per client; 50% of the clients send; messages of 2 KB" in page.read_text()
    assert "--workload chat,rate=50,active=0.5,size=2048" in page.read_text()


def test_nothing_succeeded(tmp_path):
    arguments = ("--command", BROKEN, "--steps", "2,3", "--workload", "saturated", *TINY)
    shown = run(*arguments, "--quiet", "--out", "run", "--json", "out.json", cwd=tmp_path)
    assert shown.returncode == 1
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["failure"].startswith("no step succeeded: broken: ended with status 4 before")
    assert f"c10k: {found['failure']}" in shown.stderr
    assert [step["status"] for step in found["steps"]] == ["failed"] * 2
    assert shown.stdout.splitlines()[-1] == "run"
    assert "failed: broken, saturated at 2" in shown.stdout
    assert "bare echo" not in shown.stdout  # it is quiet


def test_a_full_standard_output(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        shown = run("--steps", "2", *TINY, "--out", "run", cwd=tmp_path, stdout=full)
    assert shown.returncode == 130
    assert shown.stderr == (
        "c10k: interrupted, because standard output cannot be written (No space left on device): "
        "what was measured is kept; continue with `c10k run --resume run`\n"
    )
    assert read_run(tmp_path / "run").manifest["interrupted"]


def test_a_full_disk(tmp_path):
    """Files may have 20 KB: enough to begin, and too few for a step."""
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (20_000, 20_000))"
    one = ("--server", "threaded", "--steps", "1,2,3,4", "--workload", "saturated", *TINY)
    shown = run(*one, "--out", "run", cwd=tmp_path, before=limit)
    assert shown.returncode == 3
    (line,) = shown.stderr.splitlines()
    assert line.startswith("c10k: run/")
    assert "cannot be written: File too large; correct that, then continue with" in line
    assert line.endswith("`c10k run --resume run`")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["interrupted"]
