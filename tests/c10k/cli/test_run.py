"""`c10k run` as people and scripts use it: from a file to the page, and through bad luck."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from xml.etree import ElementTree

import pandas as pd
import psutil
import pytest

from c10k.cli.main import main
from c10k.experiment import run_directory
from c10k.host.run_lock import OneRun
from c10k.reports import figures
from c10k.results.store import read_run
from tests.c10k.cli.conftest import SMALL, SMALLEST, await_steps, c10k, limited

pytestmark = [
    pytest.mark.system,
    pytest.mark.usefixtures("mark"),
    pytest.mark.xdist_group("runs"),
]  # one at a time on a machine

EXPERIMENT = """
servers = ["threaded", "asyncio_streams,python=python0.0"]
steps = [100_000_000]
profile = "quick"
duration = 0.2
slo = ["errors < 1", "response_p99_ms{server=threaded,stack=256k,connections=3} > 1e9"]
slo-p99 = "1us"
[[workloads]]
name = "saturated"
[[workloads]]
name = "chat"
rate = 50
size = "2k"
active = "50%"
[[techniques]]
name = "small-stacks"
with = "threaded,stack=256k"
without = "threaded"
workloads = ["saturated"]
claim = "zero copy"
"""
OBJECTIVE = "response_p99_ms <= 0.001 and no failed message"
SLOW = "response_p99_ms{server=threaded,stack=256k,connections=3} > 1e9"
MISSED = f"threshold missed at 1 of 1 steps: {SLOW}; threshold missed at 3 of 3 steps: {OBJECTIVE}"


class Measured:
    """A run of EXPERIMENT while another run was under way, and all that it left."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "mine.toml").write_text(EXPERIMENT)
        arguments = ("--config", "mine.toml", "--steps", "3", "--force", "--json", "-")
        arguments += ("--junit", "run.xml", "--markdown", "run.md")
        with OneRun(directory / "first") as self.other:
            self.shown = c10k("run", *arguments, cwd=directory)
        assert self.shown.returncode == 1, self.shown.stderr
        self.found = json.loads(self.shown.stdout)
        self.run = read_run(directory / self.found["run"])
        self.report = self.run.directory / "report"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return Measured(tmp_path_factory.mktemp("measured"))


class TestAnExperimentOfOnesOwn:
    def test_json_alone_says_how_it_ended(self, measured):
        found = measured.found
        assert (found["schema"], found["outcome"]) == ("c10k.run.outcome/1", "failed")
        assert found["failure"] == MISSED
        steps = {step["workload"]: step for step in found["steps"]}
        assert steps["saturated"]["ceiling_messages_per_s"] > 0
        assert steps["chat"]["ceiling_messages_per_s"] is None
        assert (steps["chat"]["size_bytes"], steps["chat"]["rate_per_connection"]) == (2048, 50)
        assert steps["chat"]["offered_per_s"] == 100  # two of three send
        assert steps["chat"]["error_causes"] == {}

    def test_people_read_it_beside(self, measured):
        stated = measured.shown.stderr
        assert "left out: asyncio_streams,python=python0.0 cannot run here" in stated
        assert f"\nc10k: {MISSED}\n" in stated
        assert re.search(r"\nthreshold errors < 1\n  met +threaded +saturated +3 +0\n", stated)
        assert "\nceiling " in stated
        assert measured.found["run"] in stated.splitlines()

    def test_thresholds_are_judged_at_their_steps_in_every_format(self, measured):
        thresholds = measured.found["thresholds"]
        assert measured.run.manifest["thresholds"] == thresholds
        assert Counter((each["threshold"], each["outcome"]) for each in thresholds) == {
            ("errors < 1", "met"): 3,
            (SLOW, "missed"): 1,
            (OBJECTIVE, "missed"): 3,
        }
        p99 = measured.run.steps.set_index(["server", "workload"]).response_p99_ms
        (slow,) = (each for each in thresholds if each["threshold"] == SLOW)
        assert slow["value"] == p99[slow["server"], slow["workload"]]
        directory = measured.directory
        assert (directory / "run.md").read_text().startswith(f"### {MISSED}\n")
        (suite,) = ElementTree.parse(directory / "run.xml").getroot()
        assert (suite.get("tests"), suite.get("failures")) == ("8", "4")

    def test_an_option_overrides_the_file(self, measured):
        plan = measured.run.manifest["plan"]
        assert plan["slo-p99"] == 0.001
        assert [load["name"] for load in plan["workloads"]] == ["saturated", "chat"]
        assert set(measured.run.steps.connections) == {3}

    def test_every_step_is_measured(self, measured):
        steps = measured.run.steps
        assert sorted(zip(steps.server, steps.workload, strict=True)) == [
            ("threaded", "chat"),
            ("threaded", "saturated"),
            ("threaded,stack=256k", "saturated"),
        ]
        assert set(steps.status) == {"ok"}
        assert (steps.connected == steps.connections).all()
        assert (steps.errors == 0).all()
        assert (steps.rss_bytes > 0).all()
        assert (steps.cpu_us_per_message > 0).all()
        assert steps.warmup_s.between(0.3, 5).all()
        assert {"warmup", "window"} <= set(measured.run.samples.phase)
        (ceiling,) = measured.run.manifest["ceiling"]
        closed = steps[steps.loop == "closed"]
        assert (closed.ceiling_messages_per_s == ceiling["messages_per_s"]).all()
        # In so short a window some get no turn on a busy machine, which makes it less; and what
        # began before counts whole, which makes it more.
        assert closed.littles_law_ratio.between(0.1, 3).all()

    def test_the_page(self, measured):
        page = (measured.report / "index.html").read_text()
        assert "50 messages/s per client; 50% of the clients send; messages of 2 KB" in page
        assert "--workload chat,rate=50,active=0.5,size=2048" in page
        assert "Techniques, with and without" in page
        assert "left out: asyncio_streams" in page.lower()
        techniques = pd.read_csv(measured.report / "tables" / "techniques.csv")
        assert list(techniques.connections) == [3]
        assert techniques.messages_per_s_with.item() > 0

    def test_both_runs_that_were_under_way_know_of_each_other(self, measured):
        # Somebody else may measure at the same time: then it may be of these that it knows.
        warnings = measured.run.manifest["warnings"]
        others = [each["message"] for each in warnings if each["code"] == "other_run"]
        if measured.other.other is None:
            first = f"process {os.getpid()}, {measured.other._directory.decode()}"
            assert any(first in message for message in others)
            assert str(measured.run.directory) in [o.directory for o in measured.other.concurrent]


class TestTheDirectory:
    def test_one_run_at_a_time(self, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with OneRun(tmp_path / "first") as first:
            assert main(["run", "--steps", "3"]) == 3
        out, err = capsys.readouterr()
        assert "another run is under way on this machine (process " in err
        assert "wait for its end, or measure regardless with --force" in err
        if first.other is None:
            assert f"process {os.getpid()}, {tmp_path / 'first'}" in err
        assert (out, list(tmp_path.iterdir())) == ("", [])

    def test_runs_that_begin_in_one_second_have_directories_of_their_own(self, tmp_path):
        made = [run_directory.made(tmp_path / "runs" / "now") for _ in range(3)]
        assert [path.name for path in made] == ["now", "now_2", "now_3"]

    def test_a_run_is_not_overwritten(self, tmp_path, capsys):
        (tmp_path / "run.json").write_text("{}")
        assert main(["run", "--steps", "3", *SMALLEST, "--out", str(tmp_path)]) == 2
        assert "holds a run already" in capsys.readouterr().err


@pytest.fixture
def out(tmp_path, monkeypatch):
    """The directory of the run, from where it is started; a shell must quote its name."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a run"


def start(out, *how):
    """Start a run of two steps in a process of its own."""
    command = ["run", "--server", "threaded", "--steps", "2,3", *how, "--out", str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "c10k", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestBadLuck:
    def test_an_interrupted_run_keeps_what_it_measured_and_can_be_resumed(
        self, out, capsys, monkeypatch
    ):
        monkeypatch.setattr(figures, "pictures", lambda _: [])
        process = start(out, *SMALL, "--workload", "saturated", "--slo", "connected > 1")
        await_steps(out, 1)
        process.send_signal(signal.SIGINT)
        stated, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert err.count("\n") == 1
        assert stated.splitlines()[-1] == str(out)
        kept = read_run(out)
        assert len(kept.steps) == 1
        assert kept.manifest["interrupted"]
        assert main(["report", str(out), "--out", "page"]) == 0
        assert "threaded" in (out.parent / "page" / "index.html").read_text()

        resume = ["run", "--force", "--resume", str(out)]
        assert main([*resume, "--no-report"]) == 0
        whole = read_run(out)
        assert len(whole.steps) == 2
        assert whole.manifest["ceiling"] == kept.manifest["ceiling"]
        ceiling = {each["connections"]: each["messages_per_s"] for each in kept.manifest["ceiling"]}
        measured = dict(
            zip(whole.steps.connections, whole.steps.ceiling_messages_per_s, strict=True)
        )
        assert measured == ceiling
        assert not whole.manifest["interrupted"]
        assert {each["outcome"] for each in kept.manifest["thresholds"]} <= {"met"}
        assert [each["connections"] for each in whole.manifest["thresholds"]] == [2, 3]
        assert list(whole.steps.started_at[: len(kept.steps)]) == list(kept.steps.started_at)

        # All is measured; where the report would be, there is something else.
        (out / "report").write_text("")
        capsys.readouterr()
        assert main(resume) == 1
        shown = capsys.readouterr()
        assert shown.out.splitlines()[-1] == str(out)
        assert shown.err.endswith(f": c10k report '{out}' --out DIR\n")
        assert "no report" in shown.err

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_other_signals_end_it_like_ctrl_c(self, out, number):
        process = start(out, *SMALLEST)
        process.stdout.readline()
        process.send_signal(number)
        stated, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert f"continue with `c10k run --resume '{out}'`" in err
        assert stated.splitlines()[-1] == str(out)
        assert read_run(out).manifest["interrupted"]

    def test_a_second_ctrl_c_does_not_wait_for_the_report(self, out):
        process = start(out, *[each for each in SMALLEST if each != "--no-report"])
        await_steps(out, 1)
        for _ in range(600):  # as somebody without patience does, also while it exits
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
            if process.poll() is not None:
                break
        _, err = process.communicate(timeout=60)
        assert process.returncode in (130, -signal.SIGINT), err
        assert "Traceback" not in err
        assert not (out / "report" / "index.html").exists()
        assert len(read_run(out).steps) == 1

    def test_a_run_whose_output_nobody_reads_ends_as_an_interrupted_one(
        self, out, capsys, monkeypatch
    ):
        reading, writing = os.pipe()

        def read():
            with open(reading) as pipe:  # noqa: PTH123
                while "clients" not in pipe.readline():  # then servers run
                    pass

        with ThreadPoolExecutor() as threads, os.fdopen(writing, "w") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            threads.submit(read)
            assert main(["run", "--out", str(out), "--steps", "2", *SMALLEST]) == 130
        err = capsys.readouterr().err
        assert err.startswith("c10k: interrupted, because standard output cannot be written (Br")
        assert err.endswith(f"continue with `c10k run --resume '{out}'`\n")
        assert err.count("\n") == 1
        assert read_run(out).manifest["interrupted"]

    def test_a_full_standard_output(self, out, capsys, monkeypatch):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            monkeypatch.setattr(sys, "stdout", full)
            assert main(["run", "--out", "run", "--steps", "2", *SMALLEST]) == 130
        assert capsys.readouterr().err == (
            "c10k: interrupted, because standard output cannot be written (No space left on "
            "device): what was measured is kept; continue with `c10k run --resume run`\n"
        )
        assert read_run(out.with_name("run")).manifest["interrupted"]

    def test_a_full_disk(self, out):
        """Files may have 20 KB: enough to begin, and too few for a step."""
        arguments = ("--server", "threaded", "--steps", "1", *SMALLEST, "--out", "run")
        shown = c10k("run", *arguments, code=limited("RLIMIT_FSIZE", 20_000))
        assert shown.returncode == 3
        (line,) = shown.stderr.splitlines()
        assert line.startswith("c10k: run/")
        assert "cannot be written: File too large; correct that, then continue with" in line
        assert line.endswith("`c10k run --resume run`")
        assert json.loads((out.with_name("run") / "run.json").read_text())["interrupted"]

    def test_a_server_that_is_killed_fails_its_step_and_the_rest_is_measured(self, out):
        victims = []

        def kill():
            await_steps(out, 1)
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if "servers threaded" in " ".join(child.cmdline()):
                        child.kill()
                        victims.append(child)

        with ThreadPoolExecutor() as threads:
            killing = threads.submit(kill)
            assert main(["run", "--out", str(out), "--steps", "2,4", *SMALLEST]) == 0
            killing.result()
        assert victims
        steps = read_run(out).steps
        assert len(steps) == 4
        failed = steps[steps.status == "failed"]
        assert set(failed.server) <= {"threaded"}
        assert len(failed) <= 1  # none if it was killed between two trials
        assert all("signal 9" in reason for reason in failed.reason)
        assert (steps[steps.server == "asyncio_streams"].status == "ok").all()

    def test_nothing_succeeded(self, out, capsys):
        broken = ("--command", "broken=sh -c 'echo out of {port}s; exit 4'")
        arguments = [*broken, "--steps", "2", *SMALLEST, "--quiet", "--out", "run"]
        assert main(["run", *arguments, "--json", "out.json"]) == 1
        shown = capsys.readouterr()
        found = json.loads(out.with_name("out.json").read_text())
        assert found["failure"].startswith("no step succeeded: broken: ended with status 4 before")
        assert f"c10k: {found['failure']}" in shown.err
        assert [step["status"] for step in found["steps"]] == ["failed"]
        assert shown.out.splitlines()[-1] == "run"
        assert "failed: broken, rate_50 at 2" in shown.out
        assert "clients" not in shown.out  # it is quiet
