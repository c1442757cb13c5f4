"""A visit from its connections' opening to their end, to a server of its own."""

import sys
import time
from pathlib import Path

from c10k.experiment import trial
from c10k.experiment.plan import Profile, Trial
from c10k.experiment.trial import TrialRunner
from c10k.host.cpus import CpuSplit
from c10k.loadgen.workload import Workload
from c10k.servers.process import ServerProcess

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


def test_what_a_pool_keeps_when_its_connections_end_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "LEAVE_S", 1000.0)
    profile = Profile("tiny", 0.1, 0.2, 1, 0.2, 1)
    with ServerProcess("grows", [sys.executable, "-c", GROWING], log=tmp_path / "log") as server:
        runner = TrialRunner(server, profile, CpuSplit.of_this_process(), lambda _: None)
        first = runner.measure(Trial("grows", "w", 0, 5), Workload("w"), time.monotonic())
    assert first.step["status"] == "ok"
    assert first.step["connected"] == 5


def test_a_server_that_ends_when_its_clients_leave_has_served_them(tmp_path, monkeypatch):
    profile = Profile("tiny", 0.1, 0.2, 1, 0.2, 1)
    echo = "connection.sendall(data)"
    ending = GROWING.replace(echo, f"{echo}\n    os._exit(0)")
    with ServerProcess("ends", [sys.executable, "-c", ending], log=tmp_path / "log") as server:
        runner = TrialRunner(server, profile, CpuSplit.of_this_process(), lambda _: None)
        with monkeypatch.context() as patched:  # it ends just after it was seen alive
            patched.setattr(ServerProcess, "alive", True)
            record = runner.measure(Trial("ends", "w", 0, 5), Workload("w"), time.monotonic())
    assert record.step["status"] == "ok"
    assert record.step["resident_bytes"] > 0


def test_a_server_that_is_busy_ending_connections_is_waited_for(tmp_path, monkeypatch):
    """As threads are that wait for the GIL: none ends for longer than a pool would be given."""
    monkeypatch.setattr(trial, "STILL_S", 0.3)
    end = "connection.sendall(data)\n"
    busy = GROWING.replace(end, f"{end}        work()\n        os.close(kept.pop())\n")
    work = "\ndef work():\n    began = time.process_time()\n"
    work += "    while time.process_time() < began + 1.5:\n        pass\n"
    busy = busy.replace("kept = []\n", f"import time\nkept = []\n{work}")
    profile = Profile("tiny", 0.1, 0.2, 1, 0.2, 1)
    with ServerProcess("busy", [sys.executable, "-c", busy], log=tmp_path / "log") as server:
        before = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        runner = TrialRunner(server, profile, CpuSplit.of_this_process(), lambda _: None)
        record = runner.measure(Trial("busy", "w", 0, 3), Workload("w"), time.monotonic())
        assert len(list(Path(f"/proc/{server.pid}/fd").iterdir())) == before
    assert record.step["connected"] == 3
