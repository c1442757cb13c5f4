"""The command as its users run it: in a process of its own, by exit status and output."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest

from c10k.cli import run
from c10k.cli.main import main
from c10k.host.run_lock import OneRun
from c10k.results.histogram_log import read
from c10k.results.store import read_run
from c10k.servers.catalogue import parse_spec

# Other runs may be under way.
SMALL = ("--duration", "400ms", "--profile", "quick", "--force")
SMALLEST = (
    *("--duration", "0.2", "--profile", "quick", "--workload", "saturated"),
    *("--force", "--no-report"),
)


def c10k(*arguments, cwd=None, timeout=100):
    command = [sys.executable, "-m", "c10k", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(autouse=True)
def mark(monkeypatch):
    """A mark in the environment that every process of a test inherits; none may be left."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("C10K_TEST", mark)
    yield mark
    assert not marked(mark)


def marked(mark):
    """The processes, other than this one, that carry the mark."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("C10K_TEST") == mark:
                found.append(process)
    return found


@pytest.fixture
def echo_server(tmp_path):
    """An asyncio_streams server started with `c10k serve`, and its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "c10k", "serve", "asyncio_streams"], stdout=subprocess.PIPE
    )
    port = json.loads(server.stdout.readline())["port"]
    yield f"127.0.0.1:{port}"
    server.terminate()
    assert server.wait(10) == 0


class TestHelp:
    def test_it_lists_the_commands(self):
        shown = c10k("--help")
        assert shown.returncode == 0
        for command in ("run", "load", "report", "serve", "servers", "client", "doctor", "ui"):
            assert f"    {command} " in shown.stdout

    def test_it_imports_nothing_heavy(self):
        code = (
            "import sys; from c10k.cli.main import build_parser; build_parser().format_help();"
            "print([m for m in ('pandas', 'numpy', 'matplotlib', 'rich', 'psutil', 'locust')"
            " if m in sys.modules])"
        )
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert shown.stdout.strip() == "[]"

    @pytest.mark.parametrize(
        "command", ["run", "load", "report", "serve", "servers", "client", "doctor", "ui"]
    )
    def test_every_command_explains_itself(self, command):
        shown = c10k(command, "--help")
        assert shown.returncode == 0
        assert shown.stdout.startswith(f"usage: c10k {command}")


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["run", "--server", "treaded"], "did you mean 'threaded'"),
            (["run", "--server", "threaded,speed=9"], "no option 'speed'"),
            (["run", "--workload", "heavy"], "there are paced, saturated"),
            (["run", "--steps", "100,10"], "ascending positive numbers"),
            (["run", "--steps", ""], "ascending positive numbers"),
            (["run", "--duration", "0"], "--duration: must be above 0"),
            (["run", "--duration", "nan"], "--duration: a duration is a number"),
            (["run", "--repeat", "0"], "--repeat: must be from 1 to 1,000; got '0'"),
            (["run", "--server", "threaded", "--server", "threaded"], "given twice"),
            (["run", "--workload", "download"], "threaded cannot serve download"),
            (["run", "--slo-p99", "0"], "--slo-p99: must be above 0"),
            (["run", "--config", "nowhere.toml"], "nowhere.toml cannot be read"),
            (["run", "--config", "chaptr"], "did you mean 'chapter'"),
            (["run", "--config", ""], "no experiment is called ''"),
            (["run", "--repeat", "999999999"], "--repeat: must be from 1 to 1,000"),
            (["run", "--repeat", "1000", "--config", "c10k"], "100,000 of one run: ask for fewer"),
            (["run", "--steps", "1,99999999999"], "at most 1,000,000,000 connections"),
            (["run", "--steps", "1,000"], "ascending positive numbers"),
            (["run", "--out", ""], "--out: needs the name of a directory"),
            (["run", "--resume", ""], "--resume: needs the name of a directory"),
            (["run", "--resume", "nowhere", "--size", "9"], "leave out --size"),
            (["run", "--json", ""], "--json needs the name of a file"),
            (["run", "--json", "/nonexistent/x"], "--json /nonexistent/x cannot be written"),
            (["run", "--json", "/"], "--json / cannot be written: Is a directory"),
            (["run", "--rate", "0"], "--rate: must be above 0"),
            (["run", "--rate", "2,5"], "--rate: a number has digits"),
            (["run", "--size", "1g"], "--size: must be from 1 to 16,777,216"),
            (["run", "--size", "64", "--server", "nginx"], "--size is for servers that echo"),
            (["run", "--workload", "mine,rate=5,szie=1"], "did you mean 'size'"),
            (["run", "--workload", "paced,rate=5"], "choose another name"),
            (["run", "--resume", "nowhere"], "not the directory of a run"),
            (["run", "--resume", "nowhere", "--find-max"], "leave out --find-max"),
            (["run", "--resume", "nowhere", "--steps", "10"], "leave out --steps"),
            (["report", "nowhere"], "not the directory of a run"),
            (["load", "localhost"], "HOST:PORT or a URL"),
            (["load", "127.0.0.1:0"], "HOST:PORT"),
            (["load", "127.0.0.1:9", "--size", "0"], "--size: must be from 1 to 16,777,216 bytes"),
            (["load", "127.0.0.1:9", "--rate", "-1"], "a number has digits"),
            (["load", "127.0.0.1:9", "--arrivals", "poisson"], "need --rate"),
            (["load", "127.0.0.1:9", "--rate", "1", "--seed", "-1"], "written in digits"),
            (
                ["load", "127.0.0.1:9", "-c", "0"],
                "-c/--connections: must be from 1 to 1,000,000,000",
            ),
            (["load", "127.0.0.1:9", "--active", "0"], "--active: must be above 0 and at most 1"),
            (
                ["load", "127.0.0.1:9", "--messages-per-connection", "0"],
                "must be from 1 to 4,294,967,295",
            ),
            (["load", "127.0.0.1:9", "--path", "/x"], "--path is for http"),
            (["load", "127.0.0.1:9", "--protocol", "http", "--path", "x"], "begins with /"),
            (["load", "127.0.0.1:9", "--protocol", "http", "--size", "1"], "--size is for"),
            (["load", "127.0.0.1:9", "--protocol", "raw"], "needs --send"),
            (
                ["load", "127.0.0.1:9", "--protocol", "raw", "--send", r"\x", "--expect", "1"],
                "--send",
            ),
            (["load", "127.0.0.1:9", "--protocol", "download", "--expect", "0"], "from 1 to"),
            (["load", "127.0.0.1:9", "-d", "nan"], "a duration is a number with ms, s, m or h"),
            (["load", "127.0.0.1:9", "--cpus", "x"], "numbers and ranges"),
            (["serve", "nobody"], "no server is called 'nobody'"),
            (["serve", "threaded", "--port", "70000"], "from 0 to 65535"),
            (["ui", "--server", "nobody"], "no server is called 'nobody'"),
        ],
    )
    def test_one_line_says_what_and_what_to_do(
        self, arguments, message, tmp_path, monkeypatch, capsys
    ):
        monkeypatch.chdir(tmp_path)
        assert main(arguments) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert message in shown.err
        assert len(shown.err.splitlines()) == 1
        assert not list(tmp_path.iterdir())

    def test_a_wrong_key_of_an_experiment_file(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x.toml").write_text("step = [10]")
        assert main(["run", "--config", "x.toml"]) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith("c10k: x.toml: step: there is no such key: did you mean 'steps")
        assert [path.name for path in tmp_path.iterdir()] == ["x.toml"]

    def test_a_server_that_cannot_run_here(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(["run", "--server", "threaded,python=python0.0"]) == 3
        assert "there is no interpreter 'python0.0'" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    def test_a_target_that_refuses(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        shown = c10k("load", f"127.0.0.1:{port}", "-c", 5)
        assert shown.returncode == 3
        assert "connect_refused" in shown.stderr
        assert f"--port {port}" in shown.stderr

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            shown = c10k("serve", "threaded", "--port", port)
            assert shown.returncode == 2
            assert "in use" in shown.stderr
            assert "choose another --port" in shown.stderr
            assert len(shown.stderr.splitlines()) == 1
            shown = c10k("ui", "--port", port)
            assert shown.returncode == 2
            assert "--port" in shown.stderr

    def test_steps_beyond_a_limit(self, tmp_path):
        limited = (
            "import resource as r, sys; r.setrlimit(r.RLIMIT_NOFILE, (200, 200));"
            "from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", limited, "run", "--steps", "10,100,1000", *SMALL]
        shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert shown.returncode == 3
        for part in ("open files", "200", "1,064", "prlimit", "--fit"):
            assert part in shown.stderr
        assert not list(tmp_path.iterdir())


class TestLoad:
    def test_json_of_the_contract(self, echo_server):
        shown = c10k("load", echo_server, "--no-ceiling", "-c", 20, "-d", 0.5, "--json", "-")
        assert shown.returncode == 0
        figures = json.loads(shown.stdout)
        assert figures["schema"] == "c10k.load/1"
        assert (figures["loop"], figures["protocol"], figures["engine"]) == (
            *("closed", "echo"),
            "native",
        )
        assert figures["connections"] == figures["connected"] == 20
        assert figures["errors"] == {}
        assert figures["received"] > 20
        assert abs(figures["sent"] - figures["received"]) <= 40  # under way at either end
        assert figures["littles_law_ratio"] == pytest.approx(1, abs=0.05)
        # What was under way at the window's end is received a little later.
        assert figures["messages_per_s"] * figures["duration_s"] == pytest.approx(
            figures["received"], abs=25
        )
        assert (figures["due"], figures["lost"]) == (figures["received"], 0)
        percentiles = [figures["response_ms"][p] for p in ("p50", "p90", "p99", "p99_9", "max")]
        assert percentiles == sorted(percentiles)
        assert figures["send_lag_ms"]["p50"] is None

    def test_an_open_loop_sends_at_its_rate(self, echo_server):
        shown = c10k(
            "load", echo_server, "--no-ceiling", "-c", 10, "-d", 1, "--rate", 20, "--json", "-"
        )
        figures = json.loads(shown.stdout)
        assert figures["loop"] == "open"
        assert figures["littles_law_ratio"] is None
        assert figures["received"] == pytest.approx(200, abs=40)
        assert figures["offered_per_s"] == pytest.approx(200, abs=5)
        assert figures["due"] == pytest.approx(figures["sent"], abs=10)

    def test_a_frozen_server_is_not_flattered_by_time_outs(self, tmp_path):
        """By hand: of 4 s it is frozen from some moment on, S before the end. What is due in S gets
        no reply: S / 4 of all, which wait up to S, half of them over S / 2."""
        with parse_spec("event_loop").process(log=tmp_path / "log") as server:
            command = ("load", f"{server.host}:{server.port}", "-c", 10, "-d", 4, "--rate", 10)
            load = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "c10k",
                    *map(str, command),
                    "--timeout",
                    "0.5",
                    "--json",
                    "-",
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            observed = psutil.Process(server.pid)
            while len(observed.net_connections()) < 10:
                assert load.poll() is None
                time.sleep(0.05)
            time.sleep(2.5)
            os.kill(server.pid, signal.SIGSTOP)
            figures = json.loads(load.communicate(timeout=60)[0])
            os.kill(server.pid, signal.SIGCONT)
        assert figures["due"] == figures["received"] + figures["lost"]
        assert figures["due"] == pytest.approx(10 * 10 * figures["duration_s"], abs=10)
        frozen_s = figures["lost"] / (10 * 10)
        assert 0.5 < frozen_s < 4
        assert 0.9 * frozen_s <= figures["response_ms"]["p99"] / 1e3
        assert figures["messages_per_s"] < figures["offered_per_s"]

    def test_poisson_arrivals_and_their_seed_are_told(self, echo_server):
        rate = ("--rate", 20, "--arrivals", "poisson", "--seed", 7, "--spin")
        figures = json.loads(
            c10k(
                "load", echo_server, "--no-ceiling", "-c", 5, "-d", 0.5, *rate, "--json", "-"
            ).stdout
        )
        assert (figures["arrivals"], figures["seed"]) == ("poisson", 7)
        assert figures["errors"] == {}
        assert figures["received"] > 20

    def test_the_histogram_log_holds_what_the_table_shows(self, echo_server, tmp_path):
        log, file = tmp_path / "load.hlog", tmp_path / "load.json"
        shown = c10k(
            "load", echo_server, "--no-ceiling", "-c", 5, "-d", 0.5, "--hdr", log, "--json", file
        )
        assert "echoed and verified" in shown.stdout
        figures = json.loads(file.read_text())
        kinds = {line.tag.kind: line.histogram() for line in read(log.read_text())}
        assert kinds["response"].total == figures["received"]
        assert kinds["connect"].total == 5

    def test_churn_is_a_result(self, echo_server):
        churn = ("--messages-per-connection", 2, "--active", 0.5)
        figures = json.loads(
            c10k(
                "load", echo_server, "--no-ceiling", "-c", 10, "-d", 0.5, *churn, "--json", "-"
            ).stdout
        )
        assert figures["errors"] == {}
        assert (figures["connections"], figures["active"]) == (10, 5)
        assert figures["opened"] == pytest.approx(figures["received"] / 2, abs=10)
        assert figures["first_echo_ms"]["p50"] > figures["connect_ms"]["p50"]

    def test_raw_bytes_and_their_reply(self, echo_server):
        ping = ("--protocol", "raw", "--send", r"PING\r\n\x00", "--expect", 7)
        figures = json.loads(
            c10k(
                "load", echo_server, "--no-ceiling", "-c", 2, "-d", 0.5, *ping, "--json", "-"
            ).stdout
        )
        assert (figures["protocol"], figures["reply_bytes"]) == ("raw", 7)
        assert figures["received"] > 0
        assert figures["errors"] == {}

    def test_the_portable_engine_when_asked_for(self, echo_server):
        portable = ("--engine", "portable", "--json", "-")
        shown = c10k("load", echo_server, "--no-ceiling", "-c", 5, "-d", 0.5, *portable)
        figures = json.loads(shown.stdout)
        assert figures["engine"] == "portable"
        assert figures["received"] > 5
        assert figures["errors"] == {}
        assert shown.stderr == ""

    def test_more_connections_than_open_files_are_held_by_several_processes(self, echo_server):
        code = (
            "import resource as r, sys; r.setrlimit(r.RLIMIT_NOFILE, (100, 100));"
            "from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
        )
        load = ("load", echo_server, "-c", "150", "-d", "1", "--json", "-")
        shown = subprocess.run(
            [sys.executable, "-c", code, *load], capture_output=True, text=True, timeout=100
        )
        figures = json.loads(shown.stdout)
        assert figures["connected"] == 150
        assert figures["errors"] == {}
        assert figures["littles_law_ratio"] == pytest.approx(1, abs=0.05)

    def test_what_speaks_another_protocol_is_not_served(self, echo_server):
        shown = c10k("load", echo_server, "--no-ceiling", "-c", 2, "-d", 1, "--protocol", "http")
        assert shown.returncode == 3
        assert "malformed" in shown.stderr
        assert len(shown.stderr.splitlines()) == 1

    def test_a_series_and_the_whole_spectrum(self, echo_server, tmp_path):
        file = tmp_path / "load.json"
        shown = c10k(
            *(
                "load",
                echo_server,
                "--no-ceiling",
                "-c",
                5,
                "-d",
                2,
                "--series",
                "--percentiles",
                "--json",
                file,
            )
        )
        assert shown.stdout.split(maxsplit=2)[:2] == ["s", "messages/s"]
        assert "Value     Percentile TotalCount 1/(1-Percentile)" in shown.stdout
        figures = json.loads(file.read_text())
        assert len(figures["series"]) == 2
        assert sum(second["messages"] for second in figures["series"]) == pytest.approx(
            figures["received"], rel=0.05
        )

    def test_ctrl_c_reports_what_was_measured(self, echo_server, tmp_path):
        figures = tmp_path / "figures.json"
        command = [sys.executable, "-m", "c10k", "load", echo_server, "-d", "60", "--series"]
        load = subprocess.Popen(
            [*command, "--json", str(figures)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        heading = load.stdout.readline()
        load.stdout.readline()  # of the first second
        load.send_signal(signal.SIGINT)
        _, err = load.communicate(timeout=60)
        assert load.returncode == 130, err
        assert "messages/s" in heading
        assert json.loads(figures.read_text())["received"] > 0
        assert "Traceback" not in err


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
        # Other tests may measure at the same time: then it may be of these that it knows.
        others = [
            each["message"] for each in run.manifest["warnings"] if each["code"] == "other_run"
        ]
        assert others
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


class TestCatalogue:
    def test_it_is_listed(self):
        shown = c10k("servers")
        assert "threaded" in shown.stdout
        assert "stack=" in shown.stdout

    def test_json_alone_on_standard_output(self):
        listed = json.loads(c10k("servers", "--json", "-").stdout)
        assert {"threaded", "asyncio_streams"} <= {server["name"] for server in listed}


def test_the_doctor_checks_what_it_is_asked_for():
    shown = c10k("doctor", "-c", 10)
    assert shown.returncode == 0
    assert "10 connections fit" in shown.stdout
    shown = c10k("doctor", "-c", 100_000_000)
    assert shown.returncode == 3
    assert "✗" in shown.stdout


def test_the_version():
    assert c10k("--version").stdout.startswith("c10k ")


def test_output_into_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m c10k servers | head -c 1"
    shown = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, cwd=Path.cwd()
    )
    assert b"Traceback" not in shown.stderr
