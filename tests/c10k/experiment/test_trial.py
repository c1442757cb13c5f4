"""Trials, from the opening of the connections to their end, each of a server of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from c10k.experiment import loader, trial
from c10k.experiment.cycle import OPENING_KINDS, WINDOW_KINDS
from c10k.experiment.plan import Trial
from c10k.experiment.profile import Profile
from c10k.experiment.step_record import StepRecording
from c10k.experiment.trial import TrialRunner
from c10k.host.cpus import CpuSplit
from c10k.loadgen.workload import Workload
from c10k.results.store import RunError
from c10k.servers.process import ServerProcess

pytestmark = pytest.mark.system

# Keeps a descriptor for each connection that it ever had, as a pool does that has grown.
GROWING = """
import json, os, socket, threading

kept = []

def echo(connection):
    kept.append(os.open(os.devnull, os.O_RDONLY))
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)

listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""

TINY = Profile("tiny", 0.1, 0.2, 1, 0.2, 1)


def run_trial(
    server, connections, on_progress=lambda _: None, profile=TINY, last=False, **workload
):
    runner = TrialRunner(server, profile, CpuSplit.of_this_process(), on_progress)
    trial = Trial(server.name, "w", 0, connections)
    recording = StepRecording(trial, Workload("w", **workload), time.monotonic())
    return runner.run(recording, last=last)


def test_the_descriptors_that_a_pool_keeps_are_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "LEAVE_S", 1000.0)
    monkeypatch.setattr(trial, "STILL_S", 0.3)
    monkeypatch.setattr(trial, "PERCENTILE_S", 0.05)
    with ServerProcess("grows", [sys.executable, "-c", GROWING], log=tmp_path / "log") as server:
        moments = []
        first = run_trial(server, 5, moments.append, replace(TINY, window_s=0.4))
    assert first.step["status"] == "ok"
    assert first.step["connected"] == 5
    phases = [moment.phase for moment in moments]
    assert list(dict.fromkeys(phases)) == ["open", "warmup", "window", "close"]
    assert moments[-1].ready == 5
    assert any(moment.response_p99_ms > 0 for moment in moments)
    assert {sample["phase"] for sample in first.samples} <= {*phases}
    kinds = [recording.kind for recording in first.histograms]
    assert list(dict.fromkeys(kinds)) == [*OPENING_KINDS, *WINDOW_KINDS, "slice"]


def test_the_response_times_show_that_a_server_was_frozen_within_a_window(tmp_path):
    """By hand: it is frozen for 1 s of 2.5 s. The messages due meanwhile wait for 0 to 1 s, evenly,
    so a tenth of all wait over 0.75 s. Service times hide it: few were sent meanwhile."""
    thaw = None

    def freeze(moment):
        nonlocal thaw
        if moment.phase == "window" and not thaw:
            os.kill(server.pid, signal.SIGSTOP)
            thaw = threading.Timer(1.0, os.kill, (server.pid, signal.SIGCONT))
            thaw.start()

    with ServerProcess("echo", [sys.executable, "-c", GROWING], log=tmp_path / "log") as server:
        profile = replace(TINY, window_s=2.5)
        record = run_trial(server, 5, freeze, profile, last=True, rate_per_connection=20.0)
        thaw.join()
    step = record.step
    assert step["response_p90_ms"] > 500
    assert step["service_p90_ms"] < step["response_p90_ms"]
    assert step["response_max_ms"] > 800
    slices = [each.histogram for each in record.histograms if each.kind == "slice"]
    assert min(part.total for part in slices) == 0


def test_a_window_in_which_the_command_was_stopped_is_measured_again(tmp_path):
    """As by Ctrl-Z and fg. Its servers go on meanwhile: they have a session of their own."""
    begun = []

    def stop(moment):
        if moment.phase == "window" and not begun:
            script = f"kill -STOP {os.getpid()}; sleep 0.8; kill -CONT {os.getpid()}"
            begun.append(subprocess.Popen(["sh", "-c", script]))

    with ServerProcess("echo", [sys.executable, "-c", GROWING], log=tmp_path / "log") as server:
        record = run_trial(server, 5, stop, last=True)
    begun[0].wait()
    step = record.step
    assert (step["status"], step["windows"]) == ("ok", TINY.windows)
    assert step["window_s"] < 0.8
    assert step["response_max_ms"] < 800


def test_a_cpu_that_is_taken_away_ends_the_run(tmp_path):
    """At least two are needed for that."""
    cpus = os.sched_getaffinity(0)
    taken, *left = sorted(cpus)

    def take(moment):
        if moment.phase == "window":
            os.sched_setaffinity(0, left)

    try:
        with (
            ServerProcess("echo", [sys.executable, "-c", GROWING], log=tmp_path / "log") as server,
            pytest.raises(RunError, match=f"^CPU {taken} was taken away$"),
        ):
            run_trial(server, 5, take, last=True)
    finally:
        os.sched_setaffinity(0, cpus)


def test_a_server_that_ends_when_its_clients_leave_has_served_them(tmp_path, monkeypatch):
    echo = "connection.sendall(data)"
    ending = GROWING.replace(echo, f"{echo}\n    os._exit(0)")
    with (
        ServerProcess("ends", [sys.executable, "-c", ending], log=tmp_path / "log") as server,
        monkeypatch.context() as patched,
    ):
        patched.setattr(ServerProcess, "alive", True)  # it ends just after it was seen alive
        record = run_trial(server, 5)
    assert record.step["status"] == "ok"
    assert record.step["resident_bytes"] > 0


def test_connections_are_closed_some_at_a_time_and_the_last_with_their_server(
    tmp_path, monkeypatch
):
    closed = []

    class Watched(loader.Fleet):
        def resize(self, connections):
            closed.append(connections)
            super().resize(connections)

    monkeypatch.setattr(loader, "Fleet", Watched)
    monkeypatch.setattr(trial, "CLOSING", 2)
    command = [sys.executable, "-m", "c10k.servers", "threaded"]
    with ServerProcess("threaded", command, log=tmp_path / "log") as server:
        run_trial(server, 1)  # by its end the server has all descriptors of its own
        for patience in ("CLOSING_S", "STILL_S"):  # so that no slow machine doubles the number
            monkeypatch.setattr(trial, patience, 60.0)
        closed.clear()
        run_trial(server, 5)
        assert (closed, server.alive) == ([5, 3, 1, 0], True)
        record = run_trial(server, 5, last=True)
    assert closed[4:] == [5]
    assert server.returncode is not None
    assert (record.step["status"], record.step["log_tail"]) == ("ok", "")


def test_a_server_that_is_busy_ending_connections_is_waited_for(tmp_path, monkeypatch):
    """Threads that wait for the GIL: none ends for longer than a pool is waited for."""
    monkeypatch.setattr(trial, "STILL_S", 0.2)
    end = "connection.sendall(data)\n"
    busy = GROWING.replace(end, f"{end}        work()\n        os.close(kept.pop())\n")
    work = "\ndef work():\n    began = time.process_time()\n"
    work += "    while time.process_time() < began + 0.7:\n        pass\n"
    busy = busy.replace("kept = []\n", f"import time\nkept = []\n{work}")
    with ServerProcess("busy", [sys.executable, "-c", busy], log=tmp_path / "log") as server:
        before = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        record = run_trial(server, 3)
        assert len(list(Path(f"/proc/{server.pid}/fd").iterdir())) == before
    assert record.step["connected"] == 3
