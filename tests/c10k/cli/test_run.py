"""`c10k run` as its users run it: from nothing to the page, and through what may interrupt it."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from c10k.cli import run
from c10k.host.run_lock import OneRun
from c10k.results.store import read_run
from tests.c10k.cli.conftest import SMALL, SMALLEST, c10k, marked

pytestmark = [
    pytest.mark.system,
    pytest.mark.usefixtures("mark"),
    pytest.mark.xdist_group("runs"),
]  # one at a time on a machine


class TestRun:
    def test_from_nothing_to_the_page(self, tmp_path):
        shown = c10k("run", "--steps", "5,20", *SMALL, "--out", tmp_path / "run", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.splitlines()[-1] == str(tmp_path / "run")
        steps = pd.read_parquet(tmp_path / "run" / "steps.parquet")
        assert len(steps) == 2 * 2 * 2
        assert set(steps.status) == {"ok"}
        assert (steps.connected == steps.connections).all()
        assert (steps.errors == 0).all()
        assert (steps.rss_bytes > 0).all()
        assert (steps.cpu_us_per_message > 0).all()
        # On a busy machine some do not get a turn within so short a window: then it is less.
        assert steps[steps.loop == "closed"].littles_law_ratio.between(0.1, 1.2).all()
        page = tmp_path / "run" / "report" / "index.html"
        assert "threaded" in page.read_text()
        samples = pd.read_parquet(tmp_path / "run" / "samples.parquet")
        assert {"warmup", "window"} <= set(samples.phase)
        assert steps.warmup_s.between(0.3, 5).all()
        run = read_run(tmp_path / "run")
        ceiling = {
            point["connections"]: point["messages_per_s"] for point in run.manifest["ceiling"]
        }
        assert set(ceiling) == {5, 20}
        closed = steps[steps.loop == "closed"]
        assert (closed.ceiling_messages_per_s == closed.connections.map(ceiling)).all()
        assert steps[steps.loop == "open"].ceiling_messages_per_s.isna().all()
        assert "ceiling" in shown.stdout

    def test_a_report_that_cannot_be_written_is_a_failure(self, tmp_path):
        (tmp_path / "a run").mkdir()
        (tmp_path / "a run" / "report").write_text("")  # where the report's directory would be
        small = [word for word in SMALLEST if word != "--no-report"]
        shown = c10k("run", "--steps", "3", *small, "--out", "a run", cwd=tmp_path)
        assert shown.returncode == 1
        assert shown.stdout.splitlines()[-1] == "a run"
        (line,) = [line for line in shown.stderr.splitlines() if "no report" in line]
        assert line.endswith(": c10k report 'a run' --out DIR")
        assert c10k("report", "a run", "--out", "page", cwd=tmp_path).returncode == 0

    def test_one_server_one_workload(self, tmp_path):
        with OneRun(tmp_path / "first") as first:
            shown = c10k(
                *("run", "--server", "threaded,stack=256k", "--steps", "3", *SMALLEST),
                cwd=tmp_path,
            )
        assert shown.returncode == 0, shown.stderr
        run = read_run(tmp_path / shown.stdout.splitlines()[-1])
        assert list(run.steps.server) == ["threaded,stack=256k"]
        # Somebody else may measure at the same time: then it may be of these that it knows.
        others = [
            each["message"] for each in run.manifest["warnings"] if each["code"] == "other_run"
        ]
        if first.other is None:
            first_named = f"process {os.getpid()}, {tmp_path / 'first'}"
            assert any(first_named in message for message in others)
            assert str(run.directory) in [other.directory for other in first.concurrent]

    def test_one_run_at_a_time(self, tmp_path):
        with OneRun(tmp_path / "first") as first:
            shown = c10k("run", "--steps", "3", cwd=tmp_path)
        assert shown.returncode == 3
        assert "another run is under way on this machine (process " in shown.stderr
        assert "wait for its end, or measure regardless with --force" in shown.stderr
        if first.other is None:
            assert f"process {os.getpid()}, {tmp_path / 'first'}" in shown.stderr
        assert (shown.stdout, list(tmp_path.iterdir())) == ("", [])

    def test_runs_that_begin_in_one_second_have_directories_of_their_own(self, tmp_path):
        made = [run._made(tmp_path / "runs" / "now") for _ in range(3)]
        assert [path.name for path in made] == ["now", "now_2", "now_3"]

    def test_an_experiment_file(self, tmp_path):
        """Its technique is reported; what cannot run is left out; an option overrides it."""
        (tmp_path / "stacks.toml").write_text(
            """
            servers = ["asyncio_streams,python=python0.0"]
            workloads = ["churn"]
            steps = [100_000_000]
            profile = "quick"
            duration = 0.4
            [[techniques]]
            name = "small-stacks"
            with = "threaded,stack=256k"
            without = "threaded"
            workloads = ["saturated"]
            claim = "zero copy"
            """
        )
        shown = c10k(
            *("run", "--config", "stacks.toml", "--steps", "3", "--out", "run", "--force"),
            cwd=tmp_path,
        )
        assert shown.returncode == 0, shown.stderr
        assert "left out: asyncio_streams,python=python0.0 cannot run here" in shown.stdout
        steps = read_run(tmp_path / "run").steps
        assert sorted(steps.server) == ["threaded", "threaded,stack=256k"]
        assert set(steps.workload) == {"saturated"}
        assert "small-stacks" in shown.stdout.partition("the claim")[2]
        out = tmp_path / "run" / "report"
        trials = pd.read_csv(out / "tables" / "techniques.csv")
        assert list(trials.connections) == [3]
        assert trials.messages_per_s_ratio.item() > 0
        page = (out / "index.html").read_text()
        assert "Techniques, with and without" in page
        assert "left out: asyncio_streams" in page.lower()

    def test_a_run_is_not_overwritten(self, tmp_path):
        (tmp_path / "run.json").write_text("{}")
        shown = c10k("run", "--steps", "3", *SMALL, "--out", tmp_path, cwd=tmp_path)
        assert shown.returncode == 2
        assert "holds a run already" in shown.stderr


class TestBadLuck:
    def start(self, tmp_path, *arguments):
        command = [sys.executable, "-m", "c10k", "run", "--out", str(tmp_path / "run"), *arguments]
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def await_steps(self, tmp_path, number):
        steps = tmp_path / "run" / "steps.parquet"
        deadline = time.monotonic() + 60
        while not steps.exists() or len(pd.read_parquet(steps)) < number:
            assert time.monotonic() < deadline, "no step was measured"
            time.sleep(0.05)

    def test_an_interrupted_run_keeps_what_it_measured_and_can_be_resumed(self, tmp_path):
        run = self.start(tmp_path, "--steps", "2,4", *SMALLEST)
        self.await_steps(tmp_path, 1)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 130, err
        assert "Traceback" not in err
        assert out.splitlines()[-1] == str(tmp_path / "run")
        kept = read_run(tmp_path / "run")
        assert 1 <= len(kept.steps) < 4
        assert kept.manifest["interrupted"]
        assert c10k("report", tmp_path / "run", "--out", tmp_path / "page").returncode == 0
        assert (tmp_path / "page" / "index.html").exists()

        resume = ("--force", "--no-report", "--resume", tmp_path / "run")
        shown = c10k("run", *resume, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        whole = read_run(tmp_path / "run")
        assert len(whole.steps) == 4
        assert whole.manifest["ceiling"] == kept.manifest["ceiling"] != []
        assert (
            whole.steps.ceiling_messages_per_s.groupby(whole.steps.connections)
            .nunique()
            .eq(1)
            .all()
        )
        assert not whole.manifest["interrupted"]
        assert list(whole.steps.started_at[: len(kept.steps)]) == list(kept.steps.started_at)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_other_signals_end_a_run_like_ctrl_c(self, tmp_path, number):
        run = self.start(tmp_path, "--steps", "2,4", *SMALLEST)
        self.await_steps(tmp_path, 1)
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 130
        assert f"continue with `c10k run --resume {tmp_path / 'run'}`" in err
        assert out.splitlines()[-1] == str(tmp_path / "run")
        assert read_run(tmp_path / "run").manifest["interrupted"]

    def test_a_run_whose_output_nobody_reads_ends_as_an_interrupted_one(self, tmp_path):
        run = self.start(tmp_path, "--steps", "2,4", *SMALLEST)
        while "bare echo" not in run.stdout.readline():  # then servers run
            assert run.poll() is None
        run.stdout.close()
        err = run.stderr.read()
        assert run.wait(60) == 130
        assert err.startswith("c10k: interrupted, because standard output cannot be written (Br")
        assert err.rstrip().endswith(f"continue with `c10k run --resume {tmp_path / 'run'}`")
        assert len(err.splitlines()) == 1
        assert read_run(tmp_path / "run").manifest["interrupted"]

    def test_a_server_that_is_killed_fails_its_step_and_the_rest_is_measured(self, tmp_path):
        run = self.start(tmp_path, "--steps", "2,4", *SMALLEST)
        self.await_steps(tmp_path, 1)
        victims = [
            child.pid
            for child in psutil.Process(run.pid).children(recursive=True)
            if "servers threaded" in " ".join(child.cmdline())
        ]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        _, err = run.communicate(timeout=90)
        assert victims
        assert run.returncode == 0, err
        steps = read_run(tmp_path / "run").steps
        assert len(steps) == 4
        failed = steps[steps.status == "failed"]
        assert set(failed.server) <= {"threaded"}
        assert len(failed) <= 1  # none if it was killed between two trials
        assert all("signal 9" in reason for reason in failed.reason)
        assert (steps[steps.server == "asyncio_streams"].status == "ok").all()

    def test_killing_the_run_itself_leaves_a_readable_run_and_no_server(self, tmp_path, mark):
        run = self.start(tmp_path, "--steps", "2,4", *SMALLEST)
        self.await_steps(tmp_path, 1)
        run.kill()
        run.communicate(timeout=60)
        deadline = time.monotonic() + 20
        while marked(mark) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(read_run(tmp_path / "run").steps) >= 1
