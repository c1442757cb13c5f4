"""A runner of GitHub's, as far as our action and scripts see it: files, variables, a fake gh."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Writes down what it was asked, and answers what a test has put beside it.
GH = f"""#!{sys.executable}
import json, sys
from pathlib import Path
here = Path(__file__).parent
body = json.load(sys.stdin) if "--input" in sys.argv else None
with (here / "asked").open("a") as asked:
    print(json.dumps([sys.argv[1:], body]), file=asked)
if (here / "refusal").exists():
    sys.exit((here / "refusal").read_text())
if sys.argv[1:3] == ["run", "download"]:
    Path(sys.argv[-1]).mkdir(parents=True) if sys.argv[3] != "2" else sys.exit("no such artefact")
print((here / "answer").read_text())
"""


class Runner:
    """A machine for one job: programs of its own before those of PATH."""

    def __init__(self, place):
        self.programs = place / "programs"
        self.temporary = place / "temporary"
        self.files = {
            name: place / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV")
        }
        for directory in (self.programs, self.temporary):
            directory.mkdir(parents=True)
        for file in self.files.values():
            file.touch()
        self.program("gh", GH)
        self.answers([])

    def program(self, name, text):
        """Have a program of that name."""
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def answers(self, answer):
        """Let GitHub answer so."""
        (self.programs / "answer").write_text(json.dumps(answer))

    def refuses(self, why):
        """Let GitHub refuse everything."""
        (self.programs / "refusal").write_text(why)

    @property
    def asked(self):
        """What gh was asked: arguments, and the body or None."""
        return [json.loads(line) for line in (self.programs / "asked").read_text().splitlines()]

    @property
    def summary(self):
        """The job's page."""
        return self.files["GITHUB_STEP_SUMMARY"].read_text()

    def run(self, command, directory, **variables):
        """Run a command with GitHub's variables."""
        environment = os.environ | variables | {k: str(v) for k, v in self.files.items()}
        environment["PATH"] = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        environment |= {
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_REPOSITORY": "someone/echo",
        }
        return subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=100
        )


class Job:
    """Runs steps of an action, by the name each has."""

    def __init__(self, runner, action, directory, inputs, event):
        self.runner, self.directory = runner, directory
        self.steps = {step["name"]: step for step in action["runs"]["steps"]}
        self.known = {f"github.{key}": value for key, value in event.items()}
        for name, declared in action["inputs"].items():
            self.known[f"inputs.{name}"] = self.evaluated(declared.get("default", ""))
        assert inputs.keys() <= action["inputs"].keys()
        self.known |= {f"inputs.{name}": value for name, value in inputs.items()}

    def evaluated(self, text):
        """The text with its expressions replaced; each is a name."""
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.known[found[1]], text)

    def wanted(self, step):
        """Whether the step's condition holds: comparisons with `==`, joined by `&&`."""
        pairs = (part.split(" == ") for part in step["if"].split(" && "))
        return all(self.known[name] == literal.strip("'") for name, literal in pairs)

    def inputs(self, name):
        """What a step that uses another action gives it."""
        return {key: self.evaluated(value) for key, value in self.steps[name]["with"].items()}

    def run(self, name):
        """Run a step's script as GitHub does; keep its outputs."""
        step = self.steps[name]
        assert "${{" not in step["run"]
        variables = {key: self.evaluated(value) for key, value in step.get("env", {}).items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended = self.runner.run(command, self.directory, **variables)
        for line in self.runner.files["GITHUB_OUTPUT"].read_text().splitlines():
            key, _, value = line.partition("=")
            self.known[f"steps.{step.get('id')}.outputs.{key}"] = value
        return ended


@pytest.fixture
def runner(tmp_path):
    """A runner for one test."""
    return Runner(tmp_path / "runner")
