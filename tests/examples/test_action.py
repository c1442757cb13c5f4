"""The action's steps as GitHub would run them, in a pull request to the example project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from c10k.results.store import read_run
from tests.examples.conftest import ROOT, Job, Runner

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("ab"),
]

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EXAMPLE = ROOT / "examples" / "echo-project"
WORKFLOW = EXAMPLE / ".github" / "workflows" / "bench.yml"
INPUTS = yaml.safe_load(WORKFLOW.read_text())["jobs"]["compare"]["steps"][-1]["with"]
SMALL = {
    "budget": "40s",
    "connections": "5",
    "workload": "chat,rate=50",
    "args": "--duration 0.2 --force --seed 7 --margin 'memory = 5 %'",
}
# Less warm-up than servers need whose speed matters, one metric, and a verdict that is wrong more
# often: a few pairs decide.
QUICK = f"""#!{sys.executable}
import sys
from c10k.ab import command
from c10k.cli.main import main
from c10k.results import verdicts
command.WARMUP_S = command.WARMUP_LIMIT_S = 0.05
verdicts.METRICS = {{"memory": verdicts.METRICS["memory"]}}
verdicts.FALSE_VERDICT = 4.0
sys.exit(main(sys.argv[1:]))
"""
# Makes an environment whose pip writes down what it is asked, and whose c10k is the one here.
VENV = f"""#!/bin/bash
if [[ $1 != -m ]]; then exec {sys.executable} "$@"; fi
mkdir -p "$3/bin"
printf '#!/bin/bash\\necho "$@" >> "$0.asked"' > "$3/bin/pip"
cp "$(dirname "$0")/c10k" "$3/bin/c10k"
chmod +x "$3/bin/pip"
"""


def pull_request(place, **inputs):
    """A job for a pull request whose server keeps a megabyte for each connection."""
    repository, runner = place / "repository", Runner(place / "runner")
    shutil.copytree(EXAMPLE, repository)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "base")):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    server = repository / "server.py"
    text = server.read_text().replace("16 * 1024", "1024 * 1024")
    assert text != server.read_text()
    server.write_text(text)
    runner.program("python3", VENV)
    runner.program("c10k", QUICK)
    event = {
        "event_name": "pull_request",
        "token": "secret",
        "event.pull_request.number": "7",
        "event.pull_request.base.sha": commit(repository),
    }
    return Job(runner, ACTION, repository, {**INPUTS, **inputs}, event)


def commit(repository):
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.check_output(command, cwd=repository, text=True).strip()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A job whose steps were run, and how each ended."""
    job = pull_request(tmp_path_factory.mktemp("action"), **SMALL)
    return job, {name: job.run(name) for name, step in job.steps.items() if "run" in step}


@pytest.fixture
def job(tmp_path):
    """A job whose c10k writes down its arguments, and cannot measure."""
    job = pull_request(tmp_path, workload="paced")
    job.runner.program("c10k", '#!/bin/bash\nprintf "%s\\n" "$@" > "$0.asked"\nexit 3\n')
    job.run("Install c10k")
    return job


def test_a_worse_server_fails_the_job(done):
    _, ended = done
    assert {name: each.returncode for name, each in ended.items()} == {
        "Install c10k": 0,
        "Compare": 0,
        "Comment on the pull request": 0,
        "End with the exit status of c10k": 1,
    }, ended["Compare"].stderr
    assert "a regression: resident memory per connection" in ended["Compare"].stderr


def test_the_job_page_shows_the_verdicts(done):
    job, _ = done
    assert job.runner.summary.startswith("### regression: chat, 5 connections\n")
    (memory,) = (line for line in job.runner.summary.splitlines() if "resident memory" in line)
    assert memory.endswith("| **regression** |")
    assert f" at {commit(job.directory)[:12]}`" in job.runner.summary


def test_all_that_was_measured_is_kept(done):
    job, _ = done
    kept = job.inputs("Keep the run")
    assert kept["name"] == "c10k-echo-chat-rate-50-5"
    directory = Path(kept["path"])
    assert (directory / "comparison.md").read_text() == job.runner.summary
    found = json.loads((directory / "comparison.json").read_text())
    assert found["base_commit"] == commit(job.directory)
    assert ElementTree.parse(directory / "comparison.xml").find(".//failure") is not None
    assert len(read_run(directory / "run").steps) == 2 * found["pairs"]


def test_the_pull_request_has_the_comment(done):
    job, _ = done
    step = job.steps["Comment on the pull request"]
    assert job.wanted(step)
    job.known["inputs.comment"] = "false"
    assert not job.wanted(step)
    _, (arguments, body) = job.runner.asked
    assert arguments[:4] == ["api", "--method", "POST", "repos/someone/echo/issues/7/comments"]
    assert body == {"body": f"<!-- c10k: c10k-echo-chat-rate-50-5 -->\n{job.runner.summary}"}


@pytest.mark.parametrize(
    ("version", "packages"),
    [
        (
            "",
            [
                f"--require-hashes --requirement {ROOT}/.ci/action.lock",
                f"--no-deps --no-build-isolation {ROOT}",
            ],
        ),
        ("0.1.0", ["c10k-bench[report]==0.1.0"]),
    ],
)
def test_the_action_installs_its_own_commit_with_its_lock_or_a_release(tmp_path, version, packages):
    job = pull_request(tmp_path, version=version)
    assert job.run("Install c10k").returncode == 0
    asked = job.runner.temporary / "c10k" / "bin" / "pip.asked"
    assert asked.read_text().splitlines() == [f"install --quiet {each}" for each in packages]


def test_a_comparison_that_fails_ends_with_its_status(job):
    assert job.run("Compare").returncode == 0
    assert "c10k-echo-paced: not compared" in job.runner.summary
    assert "no comment" in job.run("Comment on the pull request").stdout
    assert job.run("End with the exit status of c10k").returncode == 3


def test_only_inputs_that_were_given_become_options(job):
    job.run("Compare")
    asked = job.runner.temporary / "c10k" / "bin" / "c10k.asked"
    arguments = asked.read_text().splitlines()
    assert arguments[:7] == [
        *("ab", "--base-ref", commit(job.directory)),
        *("--command", INPUTS["command"], "--workload", "paced"),
    ]
    assert {"--setup", "--budget", "--connections"}.isdisjoint(arguments)


@pytest.mark.parametrize("named", ["by its id", "by a branch"])
def test_a_shallow_checkout_fetches_the_base(job, tmp_path, named):
    base = commit(job.directory)
    if named == "by a branch":
        job.known["inputs.base-ref"] = "stable"
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (
        ("branch", "stable"),
        (*identity, "commit", "-qam", "worse"),
        ("config", "uploadpack.allowAnySHA1InWant", "true"),  # as GitHub allows
        ("clone", "-q", "--depth=1", f"file://{job.directory}", str(tmp_path / "shallow")),
    ):
        subprocess.run(["git", *arguments], cwd=job.directory, check=True)
    job.directory = tmp_path / "shallow"
    known = ["git", "cat-file", "-e", base]
    assert subprocess.run(known, cwd=job.directory, stderr=subprocess.DEVNULL).returncode
    assert job.run("Compare").returncode == 0
    assert subprocess.run(known, cwd=job.directory).returncode == 0
    assert base in (job.runner.temporary / "c10k" / "bin" / "c10k.asked").read_text()


def test_without_a_pull_request_a_base_must_be_named(job):
    job.known["inputs.base-ref"] = ""
    ended = job.run("Compare")
    assert ended.returncode == 1
    assert "base-ref" in ended.stderr


def test_the_example_needs_under_twenty_lines():
    assert len(WORKFLOW.read_text().splitlines()) < 20
