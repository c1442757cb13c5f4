"""Experiments that are walked: real servers, the fewest connections, the shortest windows."""

import math
import os
import sys
from dataclasses import replace

import pytest

from c10k import manifest
from c10k.cpus import CpuSplit
from c10k.experiment import Experiment
from c10k.plan import Plan, Profile
from loadgen.workload import WORKLOADS
from reports.measured import Measured
from results.store import RunWriter, read_run
from servers.catalogue import parse_spec
from servers.catalogue.program import Launch

TINY = Profile("tiny", "", settle_s=0.05, settle_limit_s=0.1, windows=1, window_s=0.3, repeats=1)


class Watcher:
    """A progress that remembers what it was told."""

    def __init__(self):
        self.begun, self.said = [], []

    def expect(self, visits):
        pass

    def begin(self, visit):
        if visit.server != "ceiling":
            self.begun.append(visit)

    def see(self, moment):
        pass

    def end(self, visit, record):
        pass

    def say(self, line):
        self.said.append(line)


@pytest.fixture
def walk(tmp_path):
    """Walk a plan, or what is left of it, in the same directory; what was seen and the run."""
    before = os.sched_getaffinity(0)

    def walked(plan):
        cpus = CpuSplit.of_this_process()
        watcher, directory = Watcher(), tmp_path / "run"
        if directory.exists():
            writer = RunWriter.open(directory)
        else:
            described = manifest.describe(plan, cpus, [])
            writer = RunWriter(directory).create(described)
        with writer:
            Experiment(plan, writer, cpus, watcher, 0.0).walk()
        return watcher, read_run(directory)

    yield walked
    os.sched_setaffinity(0, before)


def plan(spec, *workloads, steps=(4,), **others):
    return Plan((spec,), tuple(WORKLOADS[name] for name in workloads), steps, TINY, **others)


def test_a_search_finds_how_many_threads_an_address_space_has_room_for(walk):
    spec = parse_spec("threaded,limit=as:512m,stack=64m")
    searching = plan(spec, "saturated", steps=(2,), find_max=True, slo_p99_ms=60_000.0)
    watcher, run = walk(searching)
    (found,) = run.manifest["max_connections"]
    most = found["connections"]
    assert 2 <= most < 16
    assert "can't start new thread" in found["why"]
    assert watcher.said[-1].startswith(f"max connections  {spec.text}, saturated: {most}")
    probes = [visit.connections for visit in watcher.begun]
    assert probes[0] == 2
    assert len(probes) > 2
    served = run.steps.set_index("connections").status
    assert served[most] == "ok"
    assert served[most + 1] == "partial"

    measured = Measured(run)
    assert measured.steps == [2]
    assert measured.max_connections(spec.text, "saturated").value == most
    assert measured.planned_missing == 0

    watcher, run = walk(searching)  # resumed, although nothing is left to do
    assert watcher.begun == []
    writer = RunWriter.open(run.directory)
    writer.update_manifest(max_connections=[])  # interrupted just before it was found
    writer.close()
    watcher, run = walk(searching)
    assert watcher.begun == []
    assert run.manifest["max_connections"] == [found]


def test_work_is_done_by_the_server_and_churn_opens_connections(walk):
    spec = parse_spec("asyncio_streams")
    _, run = walk(plan(spec, "work_sleep", "work_cpu", "churn"))
    steps = run.steps.set_index("workload")
    assert list(steps.status) == ["ok"] * 3
    assert (steps.response_p50_ms[["work_sleep", "work_cpu"]] > 5).all()
    assert steps.cpu_us_per_message["work_cpu"] > 5_000
    assert steps.ceiling_messages_per_s.isna().all()
    assert set(steps.protocol) == {"echo"}
    opened = run.histograms(spec.text, "churn", 4, "first_echo").total
    assert opened == pytest.approx(steps.messages["churn"], abs=8)
    assert steps.accepts_per_s["churn"] > 10


SERVER = """
import asyncio, json

async def converse(reader, writer):
    while line := await reader.readline():
        if line.startswith(b"GET"):
            await reader.readuntil(b"\\r\\n\\r\\n")
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
        else:
            writer.write(bytes(i % 251 for i in range(int(line))))
        await writer.drain()
    writer.close()

async def serve():
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()

asyncio.run(serve())
"""


class Other:
    """A program that answers http and downloads."""

    def missing(self, options):
        return ""

    def launch(self, options, place):
        return Launch([sys.executable, "-c", SERVER])


@pytest.mark.parametrize(
    ("protocol", "workload", "size"), [("http", "saturated", 0), ("download", "download", 1024**2)]
)
def test_a_server_is_driven_over_its_own_protocol(walk, protocol, workload, size):
    known = parse_spec("threaded")
    spec = replace(known, server=replace(known.server, program=Other(), protocol=protocol))
    _, run = walk(plan(spec, workload, steps=(2,)))
    (step,) = run.steps.to_dict("records")
    assert (step["status"], step["protocol"], step["size_bytes"]) == ("ok", protocol, size)
    assert step["messages"] > 0
    assert math.isnan(step["ceiling_messages_per_s"])


def test_a_server_that_cannot_start_fails_its_steps_with_the_load_that_it_missed(walk):
    _, run = walk(plan(parse_spec("threaded,limit=as:1m"), "game", steps=(2,)))
    (step,) = run.steps.to_dict("records")
    assert (step["status"], step["protocol"], step["size_bytes"]) == ("failed", "echo", 64)
    assert step["rate_per_connection"] == 10
