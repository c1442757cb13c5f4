"""A call of `c10k ab` from another program."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def call(sides: Sequence[str], out: Path, options: Sequence[str]) -> dict[str, Any]:
    """What it found, as its JSON says; `sides` are the options that name base and head."""
    shutil.rmtree(out, ignore_errors=True)  # of a call that was interrupted
    command = [sys.executable, "-m", "c10k", "ab", "--quiet", "--out", str(out), *sides]
    ended = subprocess.run([*command, *options, "--json", "-"], stdout=subprocess.PIPE, text=True)
    if ended.returncode not in (0, 1):
        sys.exit(f"the call failed with status {ended.returncode}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """A program's own arguments, and after `--` those of `c10k ab`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])
