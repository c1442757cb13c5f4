"""What holds for every test."""

import contextlib
import gc
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (  # of its own accord a browser asks for updates and lists
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
)
PATIENCE_MS = 60_000

# A busy machine makes an example slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell starts what it runs in the background with SIGINT ignored, nohup with SIGHUP, and every
# child inherits that: no test could interrupt a command as a user does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A second thread of numpy's BLAS would spin for 0.1 s in each process that imports numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Servers and their clients are often one process here, with two files a connection: more than the
# 1,024 that are usual.
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: the garbage collector need not walk them each time."""
    gc.freeze()


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
def browser():
    """A Chromium. One for each process: a second Playwright in one refuses to start."""
    from playwright.sync_api import sync_playwright  # an extra of the tests

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    with sync_playwright() as playwright:
        # Playwright's default is no sandbox: containers and root have none, and the pages are ours.
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def refusing():
    """An address that refuses connections: bound, so that nothing else takes it, not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.2", 0))
        yield bound.getsockname()


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
