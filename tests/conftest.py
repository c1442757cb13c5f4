"""What holds for every test."""

import resource
import signal
import subprocess
import sys

import pytest

# A shell starts what it runs in the background with SIGINT ignored, and every child inherits that:
# no test could interrupt a command as a user does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Servers and their clients are often one process here, with two files a connection: more than the
# 1,024 that are usual.
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="session")
def realtime_permitted() -> bool:
    """Whether this machine lets us have real-time priority: root in a container may not."""
    code = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
