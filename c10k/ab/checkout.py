"""The base from a commit: a worktree of git's, and what makes a checkout ready to run."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from c10k.outcome import CommandError, Status
from c10k.servers.catalogue.foreign import in_environment

VENV = ("-m", "venv")
TAIL: Final = 200  # characters of what a program says when it fails


@contextmanager
def checked_out(ref: str, tree: Path) -> Iterator[tuple[Path, str]]:
    """That commit of this repository in a new `tree`: its directory that is here this one, and its
    id.

    Raises CommandError where this is no repository, or it has no such commit.
    """
    here = Path.cwd()
    top = Path(_git("rev-parse", "--show-toplevel"))
    try:
        commit = _git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    except CommandError:
        remedy = "name a commit, branch or tag that `git rev-parse` knows here (in CI, fetch it)"
        raise CommandError(f"--base-ref: there is no commit {ref[:60]!r}: {remedy}") from None
    try:
        _git("worktree", "add", "--detach", "--quiet", str(tree), commit)
        if not (directory := tree / here.relative_to(top)).is_dir():
            raise CommandError(f"--base-ref: {ref} has no directory {here.relative_to(top)}")
        yield directory, commit
    finally:
        shutil.rmtree(tree, ignore_errors=True)
        with suppress(CommandError):
            _git("worktree", "prune")


def made_ready(definition: str, directory: Path, setup: str, environment: Path, log: Path) -> str:
    """The definition of a program, to be run in a new virtual environment after the setup.

    Raises CommandError, with the end of what was printed.
    """
    variables = {
        "VIRTUAL_ENV": str(environment),
        "PATH": os.pathsep.join((str(environment / "bin"), os.environ.get("PATH", os.defpath))),
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    made = shlex.join([sys.executable, *VENV, str(environment)])
    with log.open("wb") as output:
        ended = subprocess.run(
            ["/bin/sh", "-c", f"{made} && {{ {setup}\n}}"],
            cwd=directory,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if ended.returncode:
        said = log.read_text(errors="replace").rstrip().rpartition("\n")[2][-TAIL:]
        raise CommandError(
            f"--setup ended with status {ended.returncode} in {directory}: {said} (all that it "
            f"said is in {log})",
            Status.UNABLE,
        )
    return in_environment(definition, variables)


def _git(*arguments: str) -> str:
    """What git prints. Raises CommandError."""
    try:
        ended = subprocess.run(["git", *arguments], capture_output=True, text=True)
    except OSError as error:
        raise CommandError(f"--base-ref needs git: {error.strerror}", Status.UNABLE) from None
    if ended.returncode:
        said = ended.stderr.strip().rpartition("\n")[2][-TAIL:]
        raise CommandError(f"--base-ref: git {arguments[0]}: {said}")
    return ended.stdout.strip()
