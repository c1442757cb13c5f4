"""What holds for every test."""

import contextlib
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes an example slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell starts what it runs in the background with SIGINT ignored, nohup with SIGHUP, and every
# child inherits that: no test could interrupt a command as a user does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Servers and their clients are often one process here, with two files a connection: more than the
# 1,024 that are usual.
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--command",
        action="append",
        default=[],
        metavar="NAME=CMDLINE",
        help="a program of which tests/servers/test_conformance.py asks what every server promises",
    )
    parser.addoption(
        "--approve",
        action="store_true",
        help="let tests/reports/approved hold what reports say now: read the difference, commit it",
    )


@pytest.fixture(scope="session")
def realtime_permitted() -> bool:
    """Whether this machine lets us have real-time priority: root in a container may not."""
    code = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def threads_called(name: str) -> set[int]:
    """The ids of this process's threads that the system knows by a name."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if (task / "comm").read_text().strip() == name:
                found.add(int(task.name))
    return found


def await_end_of_threads(name: str) -> None:
    """Wait until none is left: the system lists a thread a moment longer than joining it takes."""
    deadline = time.monotonic() + 20
    while threads_called(name):
        assert time.monotonic() < deadline, f"a thread {name} is left"
        time.sleep(0.01)
