"""`c10k load` as people use it: how they write what they want, and what they are shown."""

import json
import os
import signal
import sys
import time

import pytest

from c10k.cli.main import main
from c10k.experiment import cycle, loader_ceiling
from c10k.load import measure, text
from c10k.loadgen import fleet
from c10k.loadgen.address import Address
from c10k.results.histogram_log import read
from c10k.servers.catalogue import parse_spec
from tests.c10k.cli.conftest import c10k, limited
from tests.websocket import BINARY, Frame, encoded, serving

pytestmark = pytest.mark.system

SHORT = ("-c", "2", "-d", "200ms", "--warmup", "0")
SHORTEST = (*SHORT, "--no-ceiling")


@pytest.fixture
def server_of(tmp_path):
    """Start a server of the test's own: server_of(SPEC) as a context."""
    return lambda spec: parse_spec(spec).process(log=tmp_path / "log")


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    with parse_spec("event_loop").process(log=log) as running:
        yield f"127.0.0.1:{running.port}"


@pytest.fixture
def web(serve):
    """Answer every request with a status line: web("404 Not Found") is where."""

    def start(status):
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()

        def converse(connection):
            while b"\r\n\r\n" in connection.recv(4096):
                connection.sendall(answer)

        host, port = serve(converse)
        return f"{host}:{port}"

    return start


@pytest.fixture
def load(capsys):
    """Load without measuring the ceiling: its figures, if that has the status."""

    def run(*arguments, status=0):
        assert main(["load", *map(str, arguments), "--no-ceiling", "--json", "-"]) == status
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def after_a_slice(monkeypatch):
    """Let something happen 0.2 s after the window began: the option which that needs."""

    def then(act):
        monkeypatch.setattr(measure, "SERIES_S", 0.2)
        monkeypatch.setattr(text, "print_slice", lambda part: part.start_s == 0 and act())
        return ("--series",)

    return then


class TestFigures:
    def test_of_a_closed_loop(self, load, echo):
        url = f"tcp://{echo}"
        figures = load(url, "-d", "2000ms", "-c", "2_0", "--size", "1KiB", "--max-failed", 0)
        assert (figures["schema"], figures["target"]) == ("c10k.load/1", url)
        assert (figures["loop"], figures["protocol"]) == ("closed", "echo")
        assert figures["engine"] == "native"
        assert (figures["connections"], figures["size_bytes"]) == (20, 1024)
        assert figures["connected"] == 20
        assert figures["duration_s"] == pytest.approx(2, abs=0.5)
        assert figures["received"] > 20
        assert abs(figures["sent"] - figures["received"]) <= 40  # under way at either end
        assert figures["littles_law_ratio"] == pytest.approx(1, abs=0.1)
        # What was under way at the window's end is received a little later.
        in_time = figures["messages_per_s"] * figures["duration_s"]
        assert in_time == pytest.approx(figures["received"], abs=25)
        assert (figures["due"], figures["lost"]) == (figures["received"], 0)
        assert (figures["errors"], figures["lost_connections"], figures["failed"]) == ({}, 0, False)
        percentiles = [figures["response_ms"][p] for p in ("p50", "p90", "p99", "p99_9", "max")]
        assert percentiles == sorted(percentiles)
        assert figures["send_lag_ms"]["p50"] is None

    def test_of_an_open_loop(self, load, echo):
        rate = ("--rate", "0.04k", "--active", "50%", "--timeout", "1m30s")
        figures = load(echo, "-d", "1s", "-c", 10, *rate)
        assert (figures["loop"], figures["rate_per_connection"]) == ("open", 40)
        assert figures["active"] == 5
        assert figures["littles_law_ratio"] is None
        assert figures["received"] == pytest.approx(200, abs=40)
        assert figures["offered_per_s"] == pytest.approx(200, abs=10)
        assert figures["due"] == pytest.approx(figures["sent"], abs=10)

    def test_of_poisson_arrivals_and_their_seed(self, load, echo):
        poisson = ("--rate", 50, "--arrivals", "poisson", "--seed", 7, "--spin")
        # Where the machine stalls at the end, what was due then is lost.
        figures = load(echo, "-c", 5, "-d", 0.3, "--max-failed", "20%", *poisson)
        assert (figures["arrivals"], figures["seed"]) == ("poisson", 7)
        assert figures["errors"] == {}
        assert figures["received"] > 20

    def test_of_connections_that_come_and_go(self, load, echo):
        churn = ("--messages-per-connection", 2, "--active", 0.5)
        figures = load(echo, "-c", 10, "-d", 0.3, *churn)
        assert figures["errors"] == {}
        assert (figures["connections"], figures["active"]) == (10, 5)
        assert figures["opened"] == pytest.approx(figures["received"] / 2, abs=10)
        assert figures["first_echo_ms"]["p50"] > figures["connect_ms"]["p50"]

    def test_of_raw_bytes_and_their_reply(self, load, echo):
        ping = ("--protocol", "raw", "--send", r"PING\r\n\x00", "--expect", 7)
        figures = load(echo, *SHORT, *ping)
        assert (figures["protocol"], figures["reply_bytes"]) == ("raw", 7)
        assert (figures["received"] > 0, figures["errors"]) == (True, {})

    def test_of_an_http_url(self, load, web):
        assert load(f"http://{web('200 OK')}/page?x=y", *SHORT)["protocol"] == "http"

    def test_of_a_websocket_url(self, load, serve):
        def answer(connection, _number, payload):
            connection.sendall(encoded(Frame(BINARY, payload)))

        host, port = serve(serving(answer))
        figures = load(f"ws://{host}:{port}/chat", *SHORT, "--size", 200)
        assert (figures["protocol"], figures["size_bytes"]) == ("websocket", 200)
        assert (figures["received"] > 0, figures["errors"]) == (True, {})

    def test_of_the_portable_engine(self, load, echo, capsys):
        figures = load(echo, "-c", 5, "-d", 0.3, "--engine", "portable")
        assert figures["engine"] == "portable"
        assert (figures["received"] > 5, figures["errors"]) == (True, {})
        assert capsys.readouterr().err == ""

    def test_of_more_connections_than_open_files_held_by_several_processes(self, echo):
        code = limited("RLIMIT_NOFILE", 100)
        shown = c10k("load", echo, "-c", 150, "-d", 1, "--json", "-", code=code)
        figures = json.loads(shown.stdout)
        assert (figures["connected"], figures["errors"]) == (150, {})
        assert figures["littles_law_ratio"] == pytest.approx(1, abs=0.2)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--path", "/x"], "leave out --path"),
            (["--protocol", "raw"], "the target says http"),
            (["--protocol", "download", "--expect", "5"], "the target says http"),
            (["--size", "5"], "--size is for echo"),
        ],
    )
    def test_what_contradicts_an_http_url(self, arguments, message, capsys):
        assert main(["load", "http://127.0.0.1:9/page", *arguments]) == 2
        assert message in capsys.readouterr().err


class TestOutputs:
    def test_all_of_them_and_80_columns(self, echo, capsys, monkeypatch, tmp_path):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(measure, "SERIES_S", 0.3)
        log, file = tmp_path / "load.hlog", tmp_path / "load.json"
        outputs = ("--series", "--percentiles", "--hdr", str(log), "--json", str(file))
        assert main(["load", f"tcp://{echo}", "-d", "600ms", "-c", "1,000", *outputs]) == 0
        shown = capsys.readouterr().out
        lines = shown.splitlines()
        assert len(lines) > 30
        assert max(map(len, lines)) <= 80
        assert shown.split(maxsplit=2)[:2] == ["s", "messages/s"]
        assert "echoed and verified" in shown
        assert "Value     Percentile TotalCount 1/(1-Percentile)" in shown
        figures = json.loads(file.read_text())
        assert len(figures["series"]) == 2
        in_series = sum(each["messages"] for each in figures["series"])
        assert 0.5 * figures["received"] < in_series <= figures["received"]
        kinds = {line.tag.kind: line.histogram() for line in read(log.read_text())}
        assert kinds["response"].total == figures["received"]
        assert kinds["connect"].total == 1000

    def test_quiet_prints_nothing_and_still_writes(self, echo, capfd, tmp_path):
        file = tmp_path / "x.json"
        assert main(["load", echo, *SHORTEST, "--quiet", "--json", str(file)]) == 0
        assert capfd.readouterr() == ("", "")
        assert json.loads(file.read_text())["received"] > 0

    def test_one_that_cannot_be_opened_ends_it_before_it_begins(self, capsys):
        # Nothing listens there: reaching for it would have been reported instead.
        assert main(["load", "127.0.0.1:1", "--hdr", "/nonexistent/x"]) == 2
        assert "--hdr /nonexistent/x cannot be written: No such" in capsys.readouterr().err

    def test_a_full_disk_loses_no_figure(self, echo, capsys, tmp_path):
        log = tmp_path / "log"
        full = ("--json", "/dev/full", "--hdr", str(log))
        assert main(["load", echo, *SHORTEST, *full]) == 1
        shown = capsys.readouterr()
        assert "echoed and verified" in shown.out
        assert shown.err == "c10k: --json /dev/full cannot be written: No space left on device\n"
        assert "Tag=" in log.read_text()

    def test_a_full_standard_output_ends_it_and_loses_no_file(
        self, echo, capsys, monkeypatch, tmp_path
    ):
        monkeypatch.setattr(measure, "SERIES_S", 0.2)
        file = tmp_path / "x.json"
        with open("/dev/full", "w") as full:  # noqa: PTH123
            monkeypatch.setattr(sys, "stdout", full)
            load = ["load", echo, *SHORTEST, "-d", "1h", "--series", "--json", str(file)]
            assert main(load) == 1
        stated = "c10k: the output cannot be written: No space left on device\n"
        assert capsys.readouterr().err == stated
        assert json.loads(file.read_text())["received"] > 0

    def test_ctrl_c_ends_it_and_loses_nothing(self, echo, capsys, after_a_slice, tmp_path):
        file = tmp_path / "x.json"
        ending = after_a_slice(lambda: signal.raise_signal(signal.SIGINT))
        assert main(["load", echo, *SHORTEST, "-d", "1h", *ending, "--json", str(file)]) == 130
        shown = capsys.readouterr()
        assert "echoed and verified" in shown.out
        assert shown.err == ""
        assert json.loads(file.read_text())["received"] > 0

    def test_one_that_was_stopped_and_continued_says_so(self, echo, capsys, after_a_slice):
        continued = after_a_slice(lambda: signal.raise_signal(signal.SIGCONT))
        assert main(["load", echo, *SHORTEST, "-d", "0.5", *continued]) == 0
        assert "this command was stopped and continued" in capsys.readouterr().out

    def test_nothing_stays_of_a_load_that_never_began(self, tmp_path, capsys):
        assert main(["load", "127.0.0.1:1", *SHORTEST, "--json", str(tmp_path / "x")]) == 3
        stated = capsys.readouterr().err
        assert "connect_refused" in stated
        assert "`c10k serve asyncio_streams --port 1` starts one" in stated
        assert list(tmp_path.iterdir()) == []


class TestWhoIsLoaded:
    def test_one_of_several_addresses_is_enough(self, capsys, monkeypatch):
        here, elsewhere = Address.resolve("127.0.0.1", 9), Address.resolve("192.0.2.1", 9)
        monkeypatch.setattr(Address, "resolve_all", lambda *_: [here, elsewhere])
        assert main(["load", "both:9"]) == 2
        assert "192.0.2.1 is another host" in capsys.readouterr().err

    def test_it_is_loaded_where_it_is_said(self, echo, monkeypatch):
        monkeypatch.setattr(Address, "is_of_this_host", False)
        assert main(["load", echo, *SHORTEST]) == 2
        assert main(["load", echo, *SHORTEST, "--remote"]) == 0


class TestWhatIsLost:
    @pytest.fixture
    def killed(self, server_of, after_a_slice, tmp_path, capsys):
        """Load a server that is killed meanwhile: standard error and the figures."""

        def run(*arguments, status):
            file = tmp_path / "x.json"
            with server_of("event_loop") as server:
                killing = after_a_slice(lambda: os.kill(server.pid, signal.SIGKILL))
                load = ["load", f"127.0.0.1:{server.port}", *SHORTEST, "-c", "20", "-d", "600ms"]
                assert main([*load, *killing, "--json", str(file), *arguments]) == status
            return capsys.readouterr().err, json.loads(file.read_text())

        return run

    def test_lost_connections_are_stated_and_fail(self, killed):
        """By hand: nobody listens any more, so each connection that is opened again is refused."""
        err, figures = killed(status=1)
        assert "20 of 20 connections" in err
        assert err.endswith("were lost, more than --max-failed 1%\n")
        assert figures["lost_connections"] == 20
        assert figures["failed"]
        assert figures["received"] > 0
        assert figures["errors"]["connect_refused"] >= 20

    def test_all_may_be_lost_and_stay_closed_where_it_is_said(self, killed):
        err, figures = killed("--max-failed", "100%", "--no-reconnect", status=0)
        assert err == ""
        assert (figures["lost_connections"], figures["max_failed"]) == (20, 1)
        assert not figures["failed"]
        assert "connect_refused" not in figures["errors"]
        assert sum(figures["errors"].values()) == 20

    def test_a_frozen_server_is_not_flattered_by_time_outs(
        self, server_of, after_a_slice, tmp_path
    ):
        """By hand: it is frozen for S, until the end. What is due in S gets no reply: first one
        message per connection, 0.1 s of them, which time out; the rest waits until the end."""
        file = tmp_path / "x.json"
        with server_of("event_loop") as server:
            freezing = after_a_slice(lambda: os.kill(server.pid, signal.SIGSTOP))
            rate = (
                "-c",
                "10",
                "-d",
                "1200ms",
                "--warmup",
                "0",
                "--rate",
                "10",
                "--timeout",
                "400ms",
            )
            load = ["load", f"127.0.0.1:{server.port}", *rate, *freezing, "--json", str(file)]
            assert main(load) == 1
            os.kill(server.pid, signal.SIGCONT)
        figures = json.loads(file.read_text())
        assert figures["due"] == figures["received"] + figures["lost"]
        assert figures["due"] == pytest.approx(10 * 10 * figures["duration_s"], abs=10)
        frozen_s = figures["lost"] / (10 * 10)
        assert frozen_s > 0.2
        assert frozen_s - 0.25 <= figures["response_ms"]["p99"] / 1e3
        assert figures["messages_per_s"] < figures["offered_per_s"]

    @pytest.mark.timeout(100)
    def test_a_server_with_few_descriptors_is_given_up_on(self, server_of, load, monkeypatch):
        """It serves what it can, and the others are not waited for until the opening's end."""
        monkeypatch.setattr(cycle, "OPEN_STILL_S", 0.5)
        began = time.monotonic()
        with server_of("threaded,limit=nofile:64") as running:
            figures = load(f"127.0.0.1:{running.port}", *SHORT, "-c", 200, status=1)
        assert 0 < figures["connected"] < 64
        assert figures["lost_connections"] == 200 - figures["connected"]
        assert time.monotonic() - began < 60


class TestTheLoaderCeiling:
    """What this loader drives of a bare echo server, which tells whether it was the bottleneck."""

    def test_a_server_near_it_is_limited_by_the_loader(self, echo, capsys, monkeypatch):
        monkeypatch.setattr(loader_ceiling, "NEAR_CEILING", 0.01)
        monkeypatch.setattr(fleet, "BUSY_SHARE", 100)
        assert main(["load", echo, *SHORT]) == 0
        shown = capsys.readouterr()
        assert "of CPU per message, the loader was the bottleneck\n" in shown.out
        assert "\n  loader ceiling: " in shown.out
        assert shown.err == ""

    def test_a_slow_server_is_far_from_it(self, server_of, capsys, tmp_path):
        file = tmp_path / "x.json"
        with server_of("threaded,handler=sleep:20ms") as running:
            assert main(["load", f"127.0.0.1:{running.port}", *SHORT, "--json", str(file)]) == 0
        figures = json.loads(file.read_text())
        assert figures["loader"]["ceiling_messages_per_s"] > 10 * figures["messages_per_s"] > 0
        assert not figures["loader"]["limited"]
        assert "of CPU per message\n" in capsys.readouterr().out

    @pytest.mark.parametrize("option", [("--no-ceiling",), ("--rate", "20")])
    def test_it_is_not_measured_where_it_bounds_nothing(self, option, echo, capsys, monkeypatch):
        monkeypatch.setattr(loader_ceiling, "COMMAND", ("/nowhere/echo",))
        assert main(["load", echo, *SHORT, *option, "--json", "-"]) == 0
        shown = capsys.readouterr()
        assert json.loads(shown.out)["loader"]["ceiling_messages_per_s"] is None
        assert shown.err == ""

    def test_a_load_goes_on_without_it(self, echo, capsys, monkeypatch):
        monkeypatch.setattr(loader_ceiling, "COMMAND", ("/nowhere/echo",))
        assert main(["load", echo, *SHORT]) == 0
        shown = capsys.readouterr()
        assert shown.err.startswith("c10k: the loader ceiling is unknown: ceiling: ")
        assert len(shown.err.splitlines()) == 1
        assert "of CPU per message" in shown.out


class TestWarmUp:
    def test_it_ends_when_the_throughput_is_steady(self, load, echo):
        figures = load(echo, *SHORT, "--warmup", "20s")
        assert 0.5 <= figures["warmup_s"] < 20
        assert figures["unsteady"] == ""

    def test_none(self, load, echo):
        figures = load(echo, *SHORT, "--warmup", 0)
        assert (figures["warmup_s"], figures["unsteady"]) == (0, "")

    def test_a_load_in_which_no_message_was_due_is_not_steady(self, echo, capsys):
        load = ["load", echo, *SHORTEST, "--rate", "0.0001", "--warmup", "600ms"]
        assert main(load) == 1
        shown = capsys.readouterr()
        assert "  no steady state after 0.6 s: throughput\n" in shown.out
        assert shown.err == "c10k: no message was answered in that time\n"


class TestWhoIsNotServed:
    @pytest.mark.parametrize(
        ("status", "stated"),
        [
            ("404 Not Found", "answered 404 (Not Found) to GET /x"),
            ("503 \x1b[31mred", "answered 503 (Service Unavailable)"),
            ("999 What", "answered 999 to GET"),
        ],
    )
    def test_the_status_is_stated(self, status, stated, web, capsys):
        assert main(["load", f"http://{web(status)}/x", "-c", "3"]) == 3
        shown = capsys.readouterr().err
        assert stated in shown
        assert "does what listens there speak" not in shown
        assert len(shown.splitlines()) == 1

    def test_who_does_not_agree_to_a_handshake_of_websocket(self, web, capsys):
        assert main(["load", f"ws://{web('404 Not Found')}/x", "-c", "3"]) == 3
        shown = capsys.readouterr().err
        assert "answered 404 (Not Found) to the WebSocket handshake for /x, and only 101" in shown
        assert len(shown.splitlines()) == 1

    def test_what_speaks_another_protocol(self, echo, capsys):
        assert main(["load", echo, *SHORTEST, "--protocol", "http"]) == 3
        shown = capsys.readouterr().err
        assert "malformed" in shown
        assert len(shown.splitlines()) == 1
