"""Only one run at a time measures on a machine, whoever starts it and however it ends."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from c10k.host.run_lock import OneRun, OtherRun

pytestmark = pytest.mark.system

HOLD = """
import sys, time
from pathlib import Path
from c10k.host.run_lock import OneRun
with OneRun(Path(sys.argv[1]), address="\\0" + sys.argv[2]) as run:
    print("claimed" if run.other is None else run.other, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def address():
    """A name of this test alone: other runs may be under way."""
    return f"\0{uuid.uuid4().hex}"


@pytest.fixture
def other(address, tmp_path):
    """A process that has claimed the machine."""
    command = [sys.executable, "-c", HOLD, str(tmp_path), address[1:]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "claimed\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_run_learns_of_the_first(other, address, tmp_path):
    with OneRun(Path("here"), address=address) as run:
        assert run.other == OtherRun(other.pid, str(tmp_path))
    assert str(run.other) == f"process {other.pid}, {tmp_path}"


def test_a_killed_run_leaves_no_claim(other, address):
    other.kill()
    other.wait(10)
    with OneRun(Path("here"), address=address) as run:
        assert run.other is None


def test_a_stopped_run_is_known_by_its_process(other, address, monkeypatch):
    monkeypatch.setattr("c10k.host.run_lock.ANSWER_S", 0.2)
    other.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, other.pid, os.WSTOPPED | os.WNOWAIT)
    with OneRun(Path("here"), address=address) as run:
        assert run.other == OtherRun(other.pid, "")


def test_runs_one_after_the_other_see_none(address):
    for _ in range(20):
        with OneRun(Path("here"), address=address) as run:
            assert run.other is None


def test_the_first_learns_of_a_forced_run(address, tmp_path):
    with OneRun(tmp_path, address=address) as first:
        with OneRun(Path("/asks"), address=address) as second:
            assert second.other == OtherRun(os.getpid(), str(tmp_path))
        with OneRun(Path("/goes/on"), address=address, force=True) as third:
            assert third.other == second.other
        deadline = time.monotonic() + 20
        while not first.concurrent and time.monotonic() < deadline:
            time.sleep(0.01)
        assert first.concurrent == [OtherRun(os.getpid(), "/goes/on")]
