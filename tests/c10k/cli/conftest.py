"""The command as its users run it: in a process of its own."""

import os
import subprocess
import sys
import uuid
from contextlib import suppress

import psutil
import pytest

# Other runs may be under way.
SMALL = ("--duration", "400ms", "--profile", "quick", "--force")
SMALLEST = (
    *("--duration", "0.2", "--profile", "quick", "--workload", "saturated"),
    *("--force", "--no-report"),
)


def c10k(*arguments, cwd=None, timeout=100):
    command = [sys.executable, "-m", "c10k", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout)


@pytest.fixture
def mark(monkeypatch):
    """A mark in the environment that every process of a test inherits; none may be left."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("C10K_TEST", mark)
    yield mark
    assert not marked(mark)


def marked(mark):
    """The processes, other than this one, that carry the mark."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("C10K_TEST") == mark:
                found.append(process)
    return found
