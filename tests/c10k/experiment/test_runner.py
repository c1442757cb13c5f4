"""Experiments that run: real servers, the fewest connections, the shortest windows."""

import math
import os
import shlex
import sys
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from c10k.experiment import manifest
from c10k.experiment.config import plan_of
from c10k.experiment.profile import Profile
from c10k.experiment.runner import Experiment
from c10k.host.cpus import CpuSplit
from c10k.reports.model.capacity import max_connections
from c10k.reports.model.measured import Measured
from c10k.results.slo import refusal
from c10k.results.store import RunWriter, read_run

pytestmark = pytest.mark.system

TINY = Profile("tiny", warmup_s=0.05, warmup_limit_s=0.1, windows=1, window_s=0.15, repeats=1)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a plan, or what is left of it, in the same directory, without a loader ceiling.

    It returns the trials that began, the lines that were said, and the run.
    """
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(manifest.environment, "warnings", lambda cpus: [])  # which takes a while

    def ran(plan):
        cpus = CpuSplit.of_this_process()
        progress, directory = Mock(), tmp_path / "run"
        if directory.exists():
            writer = RunWriter.open(directory)
        else:
            described = manifest.describe(plan, cpus, []) | {"ceiling": []}
            writer = RunWriter(directory).create(described)
        with writer:
            Experiment(plan, writer, cpus, progress, 0.0).run()
        begun, said = (
            [call.args[0] for call in method.call_args_list]
            for method in (progress.begin, progress.say)
        )
        return begun, said, read_run(directory)

    yield ran
    os.sched_setaffinity(0, before)


def plan(*workloads, steps=(4,), profile=TINY, **content):
    content |= {"workloads": workloads, "steps": steps}
    return replace(plan_of(content, str), profile=profile)


def test_a_search_finds_how_many_threads_an_address_space_has_room_for(run):
    spec = "threaded,limit=as:512m,stack=128m"
    goal = {"find-max": True, "slo-p99": 60_000.0}
    searching = plan("saturated", steps=(2,), servers=[spec], **goal)
    begun, said, searched = run(searching)
    (found,) = searched.manifest["max_connections"]
    most = found["connections"]
    assert 2 <= most < 16
    assert "can't start new thread" in found["why"]
    assert said[-1].startswith(f"max connections  {spec}, saturated: {most}")
    probes = [trial.connections for trial in begun]
    assert probes[0] == 2
    assert len(probes) > 2
    served = searched.steps.set_index("connections").status
    assert served[most] == "ok"
    assert served[most + 1] == "partial"

    measured = Measured(searched)
    assert measured.steps == [2]
    assert max_connections(measured, spec, "saturated").held == most
    assert measured.planned_missing == 0

    begun, _, searched = run(searching)  # resumed, although nothing is left to do
    assert begun == []
    writer = RunWriter.open(searched.directory)
    writer.update_manifest(max_connections=[])  # interrupted just before it was found
    writer.close()
    begun, _, searched = run(searching)
    assert begun == []
    assert searched.manifest["max_connections"] == [found]


def test_work_is_done_by_the_server_and_churn_opens_connections(run):
    *_, run = run(plan("work_sleep", "work_cpu", "churn", servers=["asyncio_streams"]))
    steps = run.steps.set_index("workload")
    assert list(steps.status) == ["ok"] * 3
    assert (steps.response_p50_ms[["work_sleep", "work_cpu"]] > 5).all()
    assert steps.cpu_us_per_message["work_cpu"] > 4_500  # 5 ms; one is cut at each end of a window
    assert steps.ceiling_messages_per_s.isna().all()
    assert set(steps.protocol) == {"echo"}
    opened = run.histograms("asyncio_streams", "churn", 4, "first_echo").total
    assert opened == pytest.approx(steps.messages["churn"], abs=8)
    assert steps.accepts_per_s["churn"] > 5


WEB = shlex.join(
    [sys.executable, "-m", "http.server", "{port}", "--bind", "{host}", "--protocol", "HTTP/1.1"]
)


@pytest.mark.parametrize(
    ("server", "workload", "protocol", "size"),
    [
        ({"commands": [f"web,protocol=http={WEB}"]}, "saturated", "http", 0),
        ({"servers": ["websockets_asyncio"]}, "saturated", "websocket", 64),
        ({"servers": ["files"]}, "download", "download", 1024**2),
    ],
    ids=["http", "websocket", "download"],
)
def test_a_server_is_driven_over_its_own_protocol(
    run, server, workload, protocol, size, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # which is what the web server lists
    *_, run = run(plan(workload, steps=(2,), **server))
    (step,) = run.steps.to_dict("records")
    assert (step["status"], step["protocol"], step["size_bytes"]) == ("ok", protocol, size)
    assert step["messages"] > 0
    assert math.isnan(step["ceiling_messages_per_s"])


def test_a_server_that_cannot_start_fails_its_steps_with_the_load_that_it_missed(run):
    *_, run = run(plan("game", steps=(2,), servers=["threaded,limit=as:1m"]))
    (step,) = run.steps.to_dict("records")
    assert (step["status"], step["protocol"], step["size_bytes"]) == ("failed", "echo", 64)
    assert step["rate_per_connection"] == 10


# Counts its starts in a file. The first serves nobody, or ends with the first message.
MORTAL = """
import os, socket, sys, threading
with open(sys.argv[2], "a") as starts:
    starts.write("x")
first = os.path.getsize(sys.argv[2]) == 1
if first and sys.argv[3] == "mute":
    sys.exit("no luck today")
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def echo(connection):
    with connection:
        while data := connection.recv(4096):
            if first:
                print("all", "is", "lost", file=sys.stderr, flush=True)
                os._exit(7)
            connection.sendall(data)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""


def mortal(directory, how):
    command = shlex.join([sys.executable, "-c", MORTAL, "{port}", str(directory / "starts"), how])
    return {"commands": [f"mortal={command}"]}


def test_a_server_that_never_listened_is_not_started_again(run, tmp_path):
    repeated = replace(TINY, repeats=2)
    server = mortal(tmp_path, "mute")
    *_, run = run(plan("paced", "saturated", steps=(2, 4), profile=repeated, **server))
    assert (tmp_path / "starts").read_text() == "x"
    assert set(run.steps.status) == {"failed"}
    assert len(run.steps) == 8
    (reason,) = set(run.steps.reason)
    assert reason == "mortal: ended with status 1 before it listened (no luck today)"


def test_a_server_that_died_is_started_again_and_the_last_line_of_its_log_is_quoted(run, tmp_path):
    *_, run = run(plan("saturated", steps=(2, 4), **mortal(tmp_path, "late")))
    assert (tmp_path / "starts").read_text() == "xx"
    first, second = run.steps.sort_values("connections").to_dict("records")
    assert (first["status"], second["status"]) == ("failed", "ok")
    died = "the server died (exit status 7; its log: all is lost)"
    assert first["reason"].startswith(f"{died}; 0 of 2 connections were served")
    assert refusal([first]) == first["reason"], "which says it once"


# Forks, becomes a daemon whose first process has ended by then, and echoes.
DAEMON = """
import os, socket, sys, threading, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork() == 0:
    time.sleep(300)
held = b"x" * (64 << 20)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def echo(connection):
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""


def test_a_server_that_becomes_a_daemon_is_measured(run, tmp_path):
    command = shlex.join([sys.executable, "-c", DAEMON, "{port}"])
    *_, run = run(plan("saturated", commands=[f"daemon={command}"]))
    (step,) = run.steps.to_dict("records")
    assert (step["status"], step["connected"], step["processes"]) == ("ok", 4, 2)
    assert 64 << 20 <= step["rss_bytes"] < 512 << 20
    assert step["cpu_us_per_message"] > 0
