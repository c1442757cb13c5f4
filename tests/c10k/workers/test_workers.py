"""Workers: what they measure together, how they are lost, and who may join.

All of it is one story of four workers under one master, which the tests look back at: a worker
takes a second of CPU to start.
"""

import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import pytest
from msgspec.structs import replace

from c10k.cli.main import main
from c10k.experiment import loader_ceiling, manifest
from c10k.experiment.config import plan_of
from c10k.experiment.profile import Profile
from c10k.experiment.progress import QuietProgress, TimeLeft
from c10k.experiment.runner import Experiment
from c10k.host.cpus import CpuSplit
from c10k.reports.model.measured import Measured
from c10k.reports.page.facts import facts
from c10k.results.store import RunError, RunWriter, read_run
from c10k.servers.catalogue.program import free_port
from c10k.workers.options import Workers
from c10k.workers.pool import WorkerPool
from tests.c10k.cli.conftest import SMALL, c10k

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("workers")]

TINY = Profile("tiny", warmup_s=0.05, warmup_limit_s=0.1, windows=2, window_s=0.2, repeats=1)
SERVER = "asyncio_streams"
STEPS = (5, 8)
PACED = "mine,rate=100"
ANOTHER_VERSION = (
    "import sys, c10k; c10k.VERSION = '9.9.9'; from c10k.cli.main import main;"
    "sys.exit(main(sys.argv[1:]))"
)


class Watching(QuietProgress):
    """Calls back once, in a window."""

    def __init__(self, plan, lines):
        super().__init__(TimeLeft(loader_ceiling.time(plan) | plan.time()), lines.append)
        self.in_window = None

    def see(self, moment):
        if moment.phase == "window" and self.in_window:
            act, self.in_window = self.in_window, None
            act()


class Story:
    """Runs with two workers, with a late one, and after the loss of one and another."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port("127.0.0.1")
        self.said = []
        self.started = []
        try:
            self.play()
        finally:
            for each in self.started:
                each.kill()
                each.communicate()

    def worker(self, *arguments, code=("-m", "c10k")):
        where = "--master", f"127.0.0.1:{self.port}"
        started = subprocess.Popen(
            [sys.executable, *code, "worker", *where, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(started)
        return started

    def play(self):
        asked = Workers(master_bind=f"127.0.0.1:{self.port}", expect_workers=2)
        first, second = self.worker("--name", "a"), self.worker("--name", "b")
        cpus = CpuSplit.of_this_process()
        with WorkerPool(asked, cpus, asked.serve_address(""), self.said.append) as self.pool:
            self.grown = self.run("grown", in_window=self.one_joins)
            other = self.worker(code=("-c", ANOTHER_VERSION))
            self.refused = *other.communicate(timeout=60), other.returncode

            self.repeated = self.run("repeated", in_window=first.kill)
            self.pool.repeats_steps = False
            self.failed = self.run("failed", in_window=second.kill)
            interrupt = partial(self.late.send_signal, signal.SIGINT)
            with pytest.raises(RunError) as self.none_left:
                self.run("left", in_window=interrupt)
            self.interrupted = *self.late.communicate(timeout=30), self.late.returncode

    def one_joins(self):
        self.late = self.worker()
        assert self.late.stdout.readline().endswith(" as worker-1\n")

    def run(self, name, in_window):
        content = {"workloads": [PACED], "steps": STEPS, "servers": [SERVER]}
        plan = replace(plan_of(content, str), profile=TINY)
        cpus = CpuSplit.of_this_process()
        progress = Watching(plan, self.said)
        progress.in_window = in_window
        described = manifest.describe(plan, cpus, [])
        with RunWriter(self.directory / name).create(described) as writer:
            Experiment(plan, writer, cpus, progress, time.monotonic(), loader=self.pool).run()
        return read_run(self.directory / name)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    before = os.sched_getaffinity(0)
    yield Story(tmp_path_factory.mktemp("workers"))
    os.sched_setaffinity(0, before)


def shares(table):
    """The messages of each worker, by the number of connections."""
    texts = zip(table.connections, table.worker_messages, strict=True)
    return {connections: json.loads(text or "{}") for connections, text in texts}


def test_what_they_measure_is_the_sum_of_all_and_the_histograms_the_union(story):
    run = story.grown
    for table in (run.windows, run.steps):
        for row in table.itertuples():
            assert sum(json.loads(row.worker_messages).values()) == row.messages > 0
    assert set(run.steps.status) == {"ok"}
    for row in run.steps.itertuples():
        key = row.server, row.workload, row.connections
        assert run.histograms(*key, "response").total == row.messages
        assert run.histograms(*key, "connect").total == row.connections


def test_a_schedule_is_one_for_all(story):
    """Each sends what is due on its connections: 8 are shared out as 3, 3 and 2."""
    assert story.grown.steps.send_lag_p50_ms.max() < 500
    messages = shares(story.grown.steps)[8]
    expected = {"a": 3 / 8, "b": 3 / 8, "worker-1": 2 / 8}
    assert messages.keys() == expected.keys()
    for name, share in expected.items():
        assert messages[name] / sum(messages.values()) == pytest.approx(share, abs=0.05)


def test_a_late_one_joins_at_the_next_step(story):
    steps = shares(story.grown.steps)
    assert steps[5].keys() == {"a", "b"}
    assert steps[8].keys() == {"a", "b", "worker-1"}


def test_each_is_described_and_the_report_says_so(story):
    described = {each["name"]: each for each in story.grown.manifest["workers"]}
    assert described.keys() == {"a", "b", "worker-1"}
    for each in described.values():  # on this host, the clock is the same
        assert abs(each["clock_offset_ms"]) <= each["clock_uncertainty_ms"] < 50
    said = facts(Measured(story.grown))["Workers"]
    assert said.keys() == {"a", "b", "worker-1"}
    assert " of the messages, clock offset " in said["a"]


def test_a_step_is_repeated_without_the_one_that_was_killed(story):
    steps = shares(story.repeated.steps)
    assert {key: set(each) for key, each in steps.items()} == {
        5: {"b", "worker-1"},
        8: {"b", "worker-1"},
    }
    assert set(story.repeated.steps.status) == {"ok"}
    lines = " ".join(story.said)
    assert "was lost: no heartbeat for 5 s; the step is repeated with those that" in lines
    lost = {each["name"]: each["lost"] for each in story.repeated.manifest["workers"]}
    assert lost == {"a": "no heartbeat for 5 s", "b": "", "worker-1": ""}


def test_or_it_fails_and_the_next_goes_on_with_the_rest(story):
    steps = story.failed.steps.set_index("connections")
    assert steps.status.to_dict() == {5: "failed", 8: "ok"}
    assert steps.reason[5].startswith("b on ")
    assert "was lost: no heartbeat" in steps.reason[5]
    assert shares(story.failed.steps)[8].keys() == {"worker-1"}


def test_one_that_is_interrupted_says_so_at_once_and_without_any_the_run_ends(story):
    _, err, status = story.interrupted
    assert (err, status) == ("c10k: interrupted\n", 130)
    assert str(story.none_left.value).endswith("the last one was lost: it was interrupted")
    (step,) = read_run(story.directory / "left").steps.itertuples()
    assert step.status == "failed"  # kept


def test_another_version_is_refused_in_one_line_at_both_ends(story):
    out, err, status = story.refused
    assert (out, status) == ("", 3)
    (line,) = err.splitlines()
    assert "this worker: it has c10k 9.9.9 and the master " in line
    assert [said for said in story.said if "9.9.9" in said] == [
        f"a worker on {platform.node()} is refused: {line.partition('refuses this worker: ')[2]}"
    ]


def test_a_run_with_workers_of_this_host(tmp_path, capsys):
    directory = tmp_path / "run"
    run = ("run", "--workers", "2", "--server", SERVER, "--steps", "4", *SMALL)
    assert main([*run, "--workload", "saturated", "--out", str(directory)]) == 0
    measured = read_run(directory)
    (messages,) = shares(measured.steps).values()
    assert messages.keys() == {"worker-1", "worker-2"}
    (step,) = measured.steps.itertuples()
    assert sum(messages.values()) == step.messages == step.received
    assert measured.histograms(SERVER, "saturated", 4, "response").total == step.messages
    assert step.ceiling_messages_per_s > 0
    assert 0.5 < step.littles_law_ratio < 2  # in so short a window
    cpus = CpuSplit.of_this_process().loader
    for number, worker in enumerate(measured.manifest["workers"]):
        (alone,) = worker["ceiling"]
        assert (alone["connections"], alone["messages_per_s"] > 0) == (2, True)
        assert worker["cpus"] == ([cpus[number]] if len(cpus) >= 2 else list(cpus))
    capsys.readouterr()
    assert main(["run", "--resume", str(directory)]) == 2
    assert "was measured with workers: add --workers or --master-bind" in capsys.readouterr().err


def test_a_master_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()
    shown = c10k("worker", "--master", f"127.0.0.1:{port}", "--timeout", "0.5")
    assert shown.returncode == 3
    assert shown.stderr.count("\n") == 1
    assert f"no master answers at 127.0.0.1:{port} within 0.5 s" in shown.stderr
    assert time.monotonic() - began < 20


def test_a_way_through_ssh_that_does_not_open():
    shown = c10k("worker", "--via", "nobody@127.0.0.1", "--timeout", "3")
    assert shown.returncode == 3
    (line,) = shown.stderr.splitlines()
    assert re.match("c10k: ssh (to nobody@127.0.0.1 failed|cannot be started): ", line)


def test_what_is_refused_before_anything_starts(tmp_path, capsys):
    for arguments, why in (
        (("--expect-workers", "2"), "--expect-workers needs --master-bind"),
        (("--serve-address", "127.0.0.2"), "give --serve-on or --master-bind"),
        (("--master-bind", "0.0.0.0"), "say with --serve-address which of them"),
        (("--master-bind", "192.0.2.1"), "the master cannot listen at 192.0.2.1:5557: "),
        (("--master-bind", "127.0.0.1:0"), "needs HOST or HOST:PORT"),
    ):
        assert main(["run", *arguments, "--out", str(tmp_path / "run"), "--force"]) in (2, 3)
        (line,) = capsys.readouterr().err.splitlines()
        assert why in line
    assert not (tmp_path / "run").exists()
