"""Commands: in a process of their own, as their users have them, or by main() where that does."""

import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress

import psutil
import pyarrow.parquet as pq
import pytest

# Other runs may be under way. A saturated server would keep both CPUs busy.
SMALL = ("--duration", "0.2", "--profile", "quick", "--force", "--no-report")
SMALLEST = (*SMALL, "--rate", "50")


def c10k(*arguments, code=None, timeout=100, **how):
    """Run the command, or Python code that is given its arguments; what it wrote and its status."""
    command = [sys.executable, *(("-c", code) if code else ("-m", "c10k"))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "errors": "replace"}
    return subprocess.run(
        [*command, *map(str, arguments)], text=True, timeout=timeout, **pipes | how
    )


def await_steps(out, number):
    """Wait until a run has stored so many steps."""
    deadline = time.monotonic() + 60
    steps = out / "steps.parquet"
    while not steps.exists() or pq.read_metadata(steps).num_rows < number:
        assert time.monotonic() < deadline, "no step was measured"
        time.sleep(0.05)


def limited(limit, number):
    """Code that runs the command with a lower limit of the system."""
    return (
        f"import resource as r, sys; r.setrlimit(r.{limit}, ({number}, {number}));"
        "from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )


@pytest.fixture(autouse=True)
def _process_restored():
    """main() changes its process, which here is that of the tests."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


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
