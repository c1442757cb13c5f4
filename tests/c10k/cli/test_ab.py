"""`c10k ab` as people and CI use it: its verdicts, its files, and its refusals."""

import json
import os
import re
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from c10k.cli.main import main
from c10k.host.run_lock import OneRun
from c10k.results.store import read_run
from tests.c10k.cli.conftest import await_steps, c10k

pytestmark = [
    pytest.mark.system,
    pytest.mark.usefixtures("mark"),
    pytest.mark.xdist_group("ab"),
]

# A saturated server would keep both CPUs busy.
SMALL = ("--connections", "5", "--workload", "chat,rate=50", "--duration", "0.2", "--force")
# Less warm-up than servers need whose speed matters, two metrics, and verdicts that are wrong more
# often: a few pairs decide.
QUICK = """
import sys
from c10k.ab import checkout, command, pair
from c10k.cli.main import main
from c10k.results import metrics, verdicts
command.WARMUP_S = command.WARMUP_LIMIT_S = pair.COUNTING_S = 0.05
verdicts.FALSE_VERDICT = 4.0
checkout.VENV += ("--without-pip",)
for name in metrics.METRICS.keys() - {"memory", "throughput"}:
    del metrics.METRICS[name]
sys.exit(main(sys.argv[1:]))
"""
ECHO = """
import socket, sys, threading
kept = []
def serve(connection):
    kept.append(bytearray(int(sys.argv[2])))
    while data := connection.recv(4096):
        connection.sendall(bytes(data) if len(sys.argv) < 4 else data[::-1])
with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


# Ends a connection that sent nothing for 0.04 s: a rest is longer.
TIRED = ECHO.replace("    while data :=", "    connection.settimeout(0.04)\n    while data :=")


def command(directory, name, *arguments):
    (directory / "echo.py").write_text(ECHO)
    return (
        f"{name}={sys.executable} {directory / 'echo.py'} {{port}} {' '.join(map(str, arguments))}"
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A server beside one that keeps a megabyte for each connection, until that is known."""
    directory = tmp_path_factory.mktemp("compared")
    shown = c10k(
        "ab", *SMALL, "--budget", "40s", "--seed", "7", "--out", directory / "run",
        "--base-command", command(directory, "slim", 0),
        "--head-command", command(directory, "fat", 1 << 20),
        "--margin", "throughput=100%",
        "--json", directory / "found.json", "--junit", directory / "found.xml",
        "--markdown", directory / "found.md", cwd=directory, code=QUICK,
    )  # fmt: skip
    return directory, shown


def test_a_server_that_needs_more_memory_fails(compared):
    directory, shown = compared
    assert (shown.returncode, shown.stderr) == (
        1, "c10k: a regression: resident memory per connection\n",
    )  # fmt: skip
    found = json.loads((directory / "found.json").read_text())
    metrics = {each["metric"]: each for each in found["metrics"]}
    assert metrics["memory"]["verdict"] == "regression"
    assert metrics["memory"]["head"] - metrics["memory"]["base"] == pytest.approx(1 << 20, rel=0.5)
    assert metrics["memory"]["low"] > 1
    assert found["pairs"] > 5
    assert str(directory / "run") == shown.stdout.splitlines()[-1]


def test_every_format_says_the_same(compared):
    directory, shown = compared
    found = json.loads((directory / "found.json").read_text())
    markdown = (directory / "found.md").read_text()
    (suite,) = ElementTree.parse(directory / "found.xml").getroot()
    cases = {case.get("name"): {child.tag for child in case} for case in suite}
    for each in found["metrics"]:
        (line,) = (line for line in shown.stdout.splitlines() if line.startswith(each["meaning"]))
        assert each["verdict"] in line
        assert f"| {each['meaning']} |" in markdown
        assert ("failure" in cases[each["meaning"]]) is (each["verdict"] == "regression")
    assert "**regression**" in markdown
    assert found == read_run(directory / "run").manifest["comparison"]


def test_pairs_are_kept_in_the_order_that_a_coin_decided(compared):
    directory, _ = compared
    steps = read_run(directory / "run").steps.sort_values("started_at")
    turns = steps.groupby("repeat")["server"].agg(tuple)
    assert {*turns} == {("base", "head"), ("head", "base")}
    assert (steps["connections"] == 5).all()


def test_a_server_that_sends_other_bytes_is_named(tmp_path):
    shown = c10k(
        "ab", *SMALL, "--budget", "20s", "--out", tmp_path / "run",
        "--base-command", command(tmp_path, "good", 0),
        "--head-command", command(tmp_path, "bad", 0, "reversed"), cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 3
    assert "head failed in pair 1" in shown.stderr
    assert len(read_run(tmp_path / "run").steps) == 2


def test_connections_that_end_while_a_server_rests_are_counted(tmp_path):
    (tmp_path / "tired.py").write_text(TIRED)
    shown = c10k(
        "ab", *SMALL, "--workload", "brisk,rate=500", "--budget", "20s", "--out", tmp_path / "run",
        "--base", "threaded", "--head-command",
        f"tired={sys.executable} {tmp_path / 'tired.py'} {{port}} 0", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 3
    assert "head failed in pair 1" in shown.stderr
    assert "closed_by_server" in shown.stderr


def test_a_budget_that_no_verdict_fits_into_is_named(tmp_path):
    same = ("--base", "event_loop", "--head", "event_loop", "--out", tmp_path / "run")
    shown = c10k("ab", *SMALL, "--budget", "8s", *same)
    assert shown.returncode == 0
    assert re.search(r"a verdict needs \d+ pairs, and there are \d", shown.stderr)


def test_ctrl_c_keeps_the_pairs(tmp_path):
    code = QUICK.replace("verdicts.FALSE_VERDICT = 4.0", "")  # it takes long
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", code, "ab", *SMALL, "--out", tmp_path / "run"),
            *("--markdown", tmp_path / "found.md"),
            *("--base", "threaded", "--head", "threaded", "--budget", "100s"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    await_steps(tmp_path / "run", 3)  # then the first pair counts
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted: what was measured is kept" in err
    assert "inconclusive" in out
    assert "### interrupted, undecided" in (tmp_path / "found.md").read_text()
    run = read_run(tmp_path / "run")
    assert run.manifest["interrupted"]
    assert run.manifest["comparison"]["pairs"] >= 1


@pytest.fixture
def repository(tmp_path):
    """A git repository whose first commit has a slim server, and whose working tree a fat one."""
    (tmp_path / "server.py").write_text(ECHO.replace("int(sys.argv[2])", "16"))
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "slim")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    (tmp_path / "server.py").write_text(ECHO.replace("int(sys.argv[2])", "1 << 20"))
    return tmp_path


def test_the_working_tree_is_compared_with_a_commit(repository):
    shown = c10k(
        "ab", *SMALL, "--budget", "60s", "--base-ref", "HEAD", "--json", "-",
        "--command", "mine=python server.py {port}", cwd=repository, code=QUICK,
    )  # fmt: skip
    assert shown.returncode == 1, shown.stderr
    found = json.loads(shown.stdout)
    (memory,) = (each for each in found["metrics"] if each["metric"] == "memory")
    assert memory["head"] - memory["base"] == pytest.approx(1 << 20, rel=0.5)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True
    )
    assert found["base_commit"] == head.stdout.strip()
    (run,) = repository.glob("results/runs/*/run.json")
    commit, changed, _ = json.loads(run.read_text())["commit"].partition("+")
    assert head.stdout.startswith(commit)
    assert changed
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True)
    assert len(worktrees.stdout.splitlines()) == 1


def test_a_setup_has_an_environment_of_its_own_and_ends_the_command_if_it_fails(repository):
    said = "import os, sys; print(sys.prefix == os.environ['VIRTUAL_ENV'])"
    shown = c10k(
        *("ab", *SMALL, "--base-ref", "HEAD", "--command", "mine=python server.py {port}"),
        *("--setup", f'python -c "{said}"; exit 7'),
        cwd=repository,
        code=QUICK,
    )
    assert shown.returncode == 3
    assert "--setup ended with status 7" in shown.stderr
    assert "True" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--base", "threaded"), 2, "name both"),
        (("--base", "threaded", "--head", "threadde"), 2, "no server is called"),
        (("--base", "threaded", "--head", "files"), 2, "compare two that serve the same"),
        (("--base", "threaded", "--head", "threaded", "--budget", "1s"), 2, "too short for a pair"),
        (("--base", "threaded", "--head", "threaded", "--margin", "cup=3%"), 2, "no metric"),
        (("--base", "threaded", "--head", "threaded", "--margin", "cpu=0%"), 2, "above 0%"),
        (("--base", "threaded", "--head", "threaded", "--setup", "true"), 2, "needs --base-ref"),
        (("--base-ref", "HEAD", "--base", "threaded"), 2, "needs a --command"),
        (("--base-ref", "nothing", "--command", "a=cat {port}"), 2, "no repository|not a git"),
        (
            ("--base", "threaded", "--head", "threaded", "--config", "none.toml"),
            2,
            "cannot be read",
        ),
        (("--base", "threaded", "--head-command", "x=no-such-program {port}"), 3, "no program"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    arguments, status, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["ab", *arguments, "--force"]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert any(each in shown.err for each in said.split("|")), shown.err
    assert shown.err.count("\n") == 1


def test_two_at_once_are_refused(tmp_path, capsys):
    with OneRun(tmp_path):
        assert main(["ab", "--base", "threaded", "--head", "threaded"]) == 3
    assert "another run is under way" in capsys.readouterr().err


def test_one_cpu_is_refused(tmp_path):
    one = {min(os.sched_getaffinity(0))}
    code = f"import os, sys; os.sched_setaffinity(0, {one}); from c10k.cli.main import main; "
    code += "sys.exit(main(sys.argv[1:]))"
    shown = c10k("ab", "--base", "threaded", "--head", "threaded", code=code, cwd=tmp_path)
    assert shown.returncode == 3
    assert "one CPU" in shown.stderr


def test_a_file_holds_what_options_override(tmp_path, capsys):
    file = tmp_path / "ab.toml"
    file.write_text('base = "threaded"\nhead = "threaded"\nbudget = "x"\n')
    assert main(["ab", "--config", str(file), "--force"]) == 2
    assert f"{file}: budget" in capsys.readouterr().err
