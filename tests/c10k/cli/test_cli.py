"""The command as its users run it: in a process of its own, by exit status and output."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from c10k.cli.main import main
from c10k.results.histogram_log import read
from c10k.servers.catalogue import parse_spec
from tests.c10k.cli.conftest import SMALL, c10k

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("mark")]


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
    def test_a_wrong_key_of_an_experiment_file(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x.toml").write_text("step = [10]")
        assert main(["run", "--config", "x.toml"]) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith("c10k: x.toml: step: there is no such key: did you mean 'steps")
        assert [path.name for path in tmp_path.iterdir()] == ["x.toml"]

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
