"""`c10k load` as people use it: how they write what they want, and what they are told."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from c10k.cli.main import main
from c10k.experiment import cycle, loader_ceiling
from c10k.loadgen import fleet
from c10k.loadgen.address import Address
from c10k.servers.catalogue import parse_spec

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _restored():
    """The command changes its process, which is the tests' own here."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with parse_spec("event_loop").process(log=tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def echo(server):
    return f"127.0.0.1:{server.port}"


@pytest.fixture
def web():
    """Answer every request with a status line: web("404 Not Found") is its address."""
    listeners = []

    def converse(connection, answer):
        with connection:
            while b"\r\n\r\n" in connection.recv(4096):
                connection.sendall(answer)

    def accept(listener, answer):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(connection, answer), daemon=True).start()

    def start(status):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
        threading.Thread(target=accept, args=(listener, answer), daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


SHORT = ("-c", "2", "-d", "200ms", "--no-ceiling")


def figures_of(capsys, *arguments):
    assert main(["load", *map(str, arguments), "--no-ceiling", "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


class TestSpellings:
    def test_quantities_as_people_write_them(self, echo, capsys):
        url = f"tcp://{echo}"
        figures = figures_of(capsys, url, "-d", "300ms", "-c", "1_0", "--size", "1KiB")
        assert figures["duration_s"] == pytest.approx(0.3, abs=0.2)
        assert (figures["connections"], figures["size_bytes"]) == (10, 1024)
        assert (figures["protocol"], figures["target"]) == ("echo", url)

    def test_rates_and_shares(self, echo, capsys):
        rate = ("--rate", "0.1k", "--active", "50%", "--timeout", "1m30s")
        figures = figures_of(capsys, echo, "-d", "300ms", "-c", 10, *rate)
        assert (figures["rate_per_connection"], figures["active"]) == (100, 5)

    def test_an_http_url(self, web, capsys):
        url = f"http://{web('200 OK')}/page?x=y"
        assert figures_of(capsys, url, "-d", "200ms", "-c", 2)["protocol"] == "http"

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


class TestWhatIsPrinted:
    def test_it_fits_80_columns(self, echo, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        series = ("-d", "1.2s", "--series", "--percentiles", "-c", "1,000")
        assert main(["load", f"tcp://{echo}", *series]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) > 30
        assert max(map(len, lines)) <= 80

    def test_quiet_prints_nothing_and_still_writes(self, echo, capfd, tmp_path):
        file = tmp_path / "x.json"
        assert main(["load", echo, *SHORT, "--quiet", "--json", str(file)]) == 0
        assert capfd.readouterr() == ("", "")
        assert json.loads(file.read_text())["received"] > 0


class TestOutputs:
    def test_one_that_cannot_be_opened_ends_it_before_it_begins(self, capsys):
        # Nothing listens there: reaching for it would have been told instead.
        assert main(["load", "127.0.0.1:1", "--hdr", "/nonexistent/x"]) == 2
        assert "--hdr /nonexistent/x cannot be written: No such" in capsys.readouterr().err

    def test_a_full_disk_loses_no_figure(self, echo, capsys, tmp_path):
        log = tmp_path / "log"
        full = ("--json", "/dev/full", "--hdr", str(log))
        assert main(["load", echo, *SHORT, *full]) == 1
        shown = capsys.readouterr()
        assert "echoed and verified" in shown.out
        assert shown.err == "c10k: --json /dev/full cannot be written: No space left on device\n"
        assert "Tag=" in log.read_text()

    def test_a_full_standard_output_loses_no_file(self, echo, tmp_path):
        file = tmp_path / "x.json"
        load = ["load", echo, *SHORT, "-d", "3s", "--series", "--json", str(file)]
        with open("/dev/full", "w") as full:  # noqa: PTH123
            shown = subprocess.run(
                [sys.executable, "-m", "c10k", *load],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
            )
        assert shown.returncode == 1
        assert shown.stderr == "c10k: the output cannot be written: No space left on device\n"
        assert json.loads(file.read_text())["received"] > 0

    def test_nothing_stays_of_a_load_that_never_began(self, tmp_path, capsys):
        assert main(["load", "127.0.0.1:1", *SHORT, "--json", str(tmp_path / "x")]) == 3
        assert "connect_refused" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


class TestWhoIsLoaded:
    def test_one_of_several_addresses_is_enough(self, capsys, monkeypatch):
        here, elsewhere = Address.resolve("127.0.0.1", 9), Address.resolve("192.0.2.1", 9)
        monkeypatch.setattr(Address, "resolve_all", lambda *_: [here, elsewhere])
        assert main(["load", "both:9"]) == 2
        assert "192.0.2.1 is another host" in capsys.readouterr().err

    def test_it_is_loaded_where_it_is_said(self, echo, capsys, monkeypatch):
        monkeypatch.setattr(Address, "is_of_this_host", False)
        assert main(["load", echo, *SHORT]) == 2
        assert main(["load", echo, *SHORT, "--remote"]) == 0

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::ffff:127.0.0.1"]
    )
    def test_loopback_is_this_host(self, host):
        assert Address.resolve(host, 9).is_of_this_host

    def test_so_is_what_an_interface_has(self):
        own = {
            entry.address
            for entries in psutil.net_if_addrs().values()
            for entry in entries
            if entry.family in (socket.AF_INET, socket.AF_INET6)
        }
        assert own
        assert all(Address.resolve(host, 9).is_of_this_host for host in own)


class TestWhatIsLost:
    def load(self, tmp_path, *arguments):
        """Load a server that is killed meanwhile: exit status, standard error, figures."""
        file = tmp_path / "x.json"
        with parse_spec("event_loop").process(log=tmp_path / "log") as running:
            load = subprocess.Popen(
                [
                    *(sys.executable, "-m", "c10k", "load", f"127.0.0.1:{running.port}"),
                    *(*SHORT, "-c", "20", "-d", "2s", "--series", "--json", str(file), *arguments),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            load.stdout.readline()
            load.stdout.readline()  # of the first second
            psutil.Process(running.pid).kill()
            _, err = load.communicate(timeout=60)
        return load.returncode, err, json.loads(file.read_text())

    def test_lost_connections_are_told_and_fail(self, tmp_path):
        """By hand: nobody listens any more, so each connection that is opened again is refused."""
        status, err, figures = self.load(tmp_path)
        assert status == 1
        assert "20 of 20 connections" in err
        assert err.endswith("were lost, more than --max-failed 1%\n")
        assert figures["lost_connections"] == 20
        assert figures["failed"]
        assert figures["received"] > 0
        assert figures["errors"]["connect_refused"] >= 20

    def test_all_may_be_lost_and_stay_closed_where_it_is_said(self, tmp_path):
        allowed = ("--max-failed", "100%", "--no-reconnect")
        status, err, figures = self.load(tmp_path, *allowed)
        assert (status, err) == (0, "")
        assert (figures["lost_connections"], figures["max_failed"]) == (20, 1)
        assert not figures["failed"]
        assert "connect_refused" not in figures["errors"]
        assert sum(figures["errors"].values()) == 20

    def test_none_may_be_lost_by_default_of_a_good_server(self, echo, capsys):
        figures = figures_of(capsys, echo, "-c", 10, "-d", "300ms", "--max-failed", 0)
        assert figures["lost_connections"] == 0
        assert not figures["failed"]

    @pytest.mark.timeout(100)
    def test_a_server_with_few_descriptors_is_given_up_on(self, tmp_path, capsys, monkeypatch):
        """It serves what it can, and the others are not waited for until the opening's end."""
        monkeypatch.setattr(cycle, "OPEN_STILL_S", 1.0)
        began = time.monotonic()
        with parse_spec("threaded,limit=nofile:64").process(log=tmp_path / "log") as running:
            load = ["load", f"127.0.0.1:{running.port}", *SHORT, "-c", "200", "--json", "-"]
            assert main(load) == 1
        figures = json.loads(capsys.readouterr().out)
        assert 0 < figures["connected"] < 64
        assert figures["lost_connections"] == 200 - figures["connected"]
        assert time.monotonic() - began < 60


class TestTheLoaderCeiling:
    """What this loader drives of a bare echo server, which tells whether it was the bottleneck."""

    @pytest.mark.parametrize(("near", "bottleneck"), [(0.01, True), (100, False)])
    def test_a_server_near_it_is_limited_by_the_loader(
        self, near, bottleneck, echo, capsys, monkeypatch
    ):
        monkeypatch.setattr(loader_ceiling, "NEAR_CEILING", near)
        monkeypatch.setattr(fleet, "BUSY_SHARE", 100)
        assert main(["load", echo, *SHORT[:-1]]) == 0
        shown = capsys.readouterr()
        assert ("of CPU per message, the loader was the bottleneck\n" in shown.out) == bottleneck
        assert "\n  loader ceiling: " in shown.out
        assert shown.err == ""

    def test_a_slow_server_is_far_from_it(self, tmp_path, capsys):
        slow = parse_spec("threaded,handler=sleep:20ms")
        with slow.process(log=tmp_path / "log") as running:
            target = f"127.0.0.1:{running.port}"
            assert main(["load", target, *SHORT[:-1], "--json", "-"]) == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["loader"]["ceiling_messages_per_s"] > 10 * figures["messages_per_s"] > 0
        assert not figures["loader"]["limited"]

    @pytest.mark.parametrize("option", [("--no-ceiling",), ("--rate", "20")])
    def test_it_is_not_measured_where_it_bounds_nothing(self, option, echo, capsys, monkeypatch):
        monkeypatch.setattr(loader_ceiling, "COMMAND", ("/nowhere/echo",))
        assert main(["load", echo, *SHORT[:-1], *option, "--json", "-"]) == 0
        shown = capsys.readouterr()
        assert json.loads(shown.out)["loader"]["ceiling_messages_per_s"] is None
        assert shown.err == ""

    def test_a_load_goes_on_without_it(self, echo, capsys, monkeypatch):
        monkeypatch.setattr(loader_ceiling, "COMMAND", ("/nowhere/echo",))
        assert main(["load", echo, *SHORT[:-1]]) == 0
        shown = capsys.readouterr()
        assert shown.err.startswith("c10k: the loader ceiling is unknown: ceiling: ")
        assert len(shown.err.splitlines()) == 1
        assert "of CPU per message" in shown.out


class TestWarmUp:
    def test_it_ends_when_the_throughput_is_steady(self, echo, capsys):
        figures = figures_of(capsys, echo, "-c", 2, "-d", "200ms", "--warmup", "20s")
        assert 0.5 <= figures["warmup_s"] < 20
        assert figures["unsteady"] == ""

    def test_none(self, echo, capsys):
        figures = figures_of(capsys, echo, "-c", 2, "-d", "200ms", "--warmup", 0)
        assert (figures["warmup_s"], figures["unsteady"]) == (0, "")

    def test_a_load_in_which_no_message_was_due_is_not_steady(self, echo, capsys):
        load = ["load", echo, *SHORT, "--rate", "0.0001", "--warmup", "1s"]
        assert main(load) == 1
        shown = capsys.readouterr()
        assert "  no steady state after 1.0 s: throughput\n" in shown.out
        assert shown.err == "c10k: no message was answered in that time\n"


class TestWhoIsNotServed:
    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ("404 Not Found", "answered 404 (Not Found) to GET /x"),
            ("503 \x1b[31mred", "answered 503 (Service Unavailable)"),
            ("999 What", "answered 999 to GET"),
        ],
    )
    def test_the_status_is_told(self, status, told, web, capsys):
        assert main(["load", f"http://{web(status)}/x", "-c", "3"]) == 3
        shown = capsys.readouterr().err
        assert told in shown
        assert "does what listens there speak" not in shown
        assert len(shown.splitlines()) == 1
