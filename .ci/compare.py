"""What action.yml runs: `c10k ab` with the action's inputs, which stand in INPUT_….

    python3 compare.py C10K

Adds the verdicts to the job's page. The step's outputs say with which status `c10k ab` ended, in
which directory all is that it wrote, and the name that the artefact and the comment shall have.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def main(c10k: str) -> None:
    """Compare, and say what came of it."""
    options = ("command", "setup", "budget", "connections", "workload")
    given = {name: value for name in options if (value := os.environ[f"INPUT_{name.upper()}"])}
    name = name_of(given, os.environ["INPUT_NAME"])
    directory = Path(os.environ["RUNNER_TEMP"], "c10k-runs", name)
    if directory.exists():
        sys.exit(f"c10k: this job has a comparison called {name}: give this one another input name")
    directory.mkdir(parents=True)
    markdown = directory / "comparison.md"
    command = [c10k, "ab", "--base-ref", fetched(os.environ["INPUT_BASE_REF"])]
    for option, value in given.items():
        command += [f"--{option}", value]
    command += ["--markdown", str(markdown), "--json", str(directory / "comparison.json")]
    command += ["--junit", str(directory / "comparison.xml"), "--out", str(directory / "run")]
    status = subprocess.run(command + shlex.split(os.environ["INPUT_ARGS"])).returncode
    if markdown.exists():
        append("GITHUB_STEP_SUMMARY", markdown.read_text(encoding="utf-8"))
    else:
        append("GITHUB_STEP_SUMMARY", f"{name}: not compared, the step's log says why\n")
    append("GITHUB_OUTPUT", f"status={status}\nname={name}\ndirectory={directory}\n")


def name_of(given: dict[str, str], own: str = "") -> str:
    """The server's name, and what differs from another comparison of the same workflow."""
    server = re.split("[,=]", given.get("command", ""), maxsplit=1)[0]
    parts = ("c10k", server, given.get("workload", ""), given.get("connections", ""), own)
    return re.sub(r"[^\w.-]+", "-", "-".join(part for part in parts if part))


def fetched(ref: str) -> str:
    """The commit to compare with, which a shallow checkout must fetch first.

    Where that fails, it is the ref itself, and c10k says what is wrong with it.
    """
    if not ref:
        sys.exit("c10k: this is no pull request: say with what to compare, by base-ref")
    fetch = ["git", "fetch", "--quiet", "--depth=1", "origin", ref]
    if not commit(ref) and not subprocess.run(fetch).returncode:
        return commit("FETCH_HEAD")
    return ref


def commit(ref: str) -> str:
    """The commit's id; empty where the checkout lacks it."""
    command = ["git", "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def append(file: str, text: str) -> None:
    """Add to a file that GitHub reads after the step."""
    with Path(os.environ[file]).open("a", encoding="utf-8") as opened:
        opened.write(text)


if __name__ == "__main__":
    main(sys.argv[1])
