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
from c10k.load import measure
from c10k.loadgen.address import Address
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import WORKLOADS
from c10k.servers.catalogue import parse_spec


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


def figures_of(capsys, *arguments):
    assert main(["load", *map(str, arguments), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


class TestSpellings:
    def test_quantities_as_people_write_them(self, echo, capsys):
        figures = figures_of(capsys, echo, "-d", "300ms", "-c", "1_0", "--size", "1KiB")
        assert figures["duration_s"] == pytest.approx(0.3, abs=0.2)
        assert (figures["connections"], figures["size_bytes"]) == (10, 1024)

    def test_rates_and_shares(self, echo, capsys):
        rate = ("--rate", "0.1k", "--active", "50%", "--timeout", "1m30s")
        figures = figures_of(capsys, echo, "-d", "300ms", "-c", 10, *rate)
        assert (figures["rate_per_connection"], figures["active"]) == (100, 5)

    def test_a_tcp_url(self, echo, capsys):
        figures = figures_of(capsys, f"tcp://{echo}", "-d", "200ms", "-c", 2)
        assert (figures["protocol"], figures["target"]) == ("echo", f"tcp://{echo}")

    def test_an_http_url(self, web, capsys):
        url = f"http://{web('200 OK')}/page?x=y"
        assert figures_of(capsys, url, "-d", "200ms", "-c", 2)["protocol"] == "http"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--path", "/x"], "leave out --path"),
            (["--protocol", "raw"], "the target says http"),
            (["--download", "5"], "the target says http"),
            (["--size", "5"], "--size is for --protocol echo"),
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
        assert main(["load", echo, "-d", "200ms", "-c", "2", "--quiet", "--json", str(file)]) == 0
        assert capfd.readouterr() == ("", "")
        assert json.loads(file.read_text())["received"] > 0

    def test_quiet_with_a_series_is_a_contradiction(self, echo, capsys):
        assert main(["load", echo, "-q", "--series"]) == 2
        assert "leave out --series" in capsys.readouterr().err


class TestOutputs:
    @pytest.mark.parametrize("option", ["--json", "--hdr"])
    def test_one_that_cannot_be_opened_ends_it_before_it_begins(self, option, capsys):
        # Nothing listens there: reaching for it would have been told instead.
        assert main(["load", "127.0.0.1:1", option, "/nonexistent/x"]) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith(f"c10k: {option} /nonexistent/x cannot be written: No such")
        assert len(shown.err.splitlines()) == 1

    def test_a_full_disk_loses_no_figure(self, echo, capsys, tmp_path):
        log = tmp_path / "log"
        full = ("--json", "/dev/full", "--hdr", str(log))
        assert main(["load", echo, "-d", "200ms", "-c", "2", *full]) == 1
        shown = capsys.readouterr()
        assert "echoed and verified" in shown.out
        assert shown.err == "c10k: --json /dev/full cannot be written: No space left on device\n"
        assert "Tag=" in log.read_text()

    def test_a_full_standard_output_loses_no_file(self, echo, tmp_path):
        file = tmp_path / "x.json"
        load = ["load", echo, "-d", "3s", "-c", "2", "--series", "--json", str(file)]
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

    def test_two_in_one_file(self, tmp_path, capsys):
        file = str(tmp_path / "x")
        assert main(["load", "127.0.0.1:1", "--json", file, "--hdr", file]) == 2
        assert "name the same file" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_nothing_stays_of_a_load_that_never_began(self, tmp_path, capsys):
        assert main(["load", "127.0.0.1:1", "--json", str(tmp_path / "x"), "-c", "1"]) == 3
        assert "connect_refused" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


class TestWhoIsLoaded:
    @pytest.mark.parametrize("target", ["192.0.2.1:80", "http://198.51.100.7/x", "[2001:db8::1]:9"])
    def test_another_host_only_when_it_is_said(self, target, capsys):
        assert main(["load", target]) == 2
        assert "is another host: load only what is yours" in capsys.readouterr().err

    def test_one_of_several_addresses_is_enough(self, capsys, monkeypatch):
        here, elsewhere = Address.resolve("127.0.0.1", 9), Address.resolve("192.0.2.1", 9)
        monkeypatch.setattr(Address, "resolve_all", lambda *_: [here, elsewhere])
        assert main(["load", "both:9"]) == 2
        assert "192.0.2.1 is another host" in capsys.readouterr().err

    def test_it_is_loaded_where_it_is_said(self, echo, capsys, monkeypatch):
        monkeypatch.setattr(Address, "is_of_this_host", False)
        assert main(["load", echo, "-d", "200ms", "-c", "1"]) == 2
        assert main(["load", echo, "-d", "200ms", "-c", "1", "--remote"]) == 0

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

    @pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", ".", "a b"])
    def test_a_name_that_no_host_can_have(self, host, capsys):
        assert main(["load", f"{host}:80"]) == 3
        shown = capsys.readouterr().err
        assert shown.startswith(f"c10k: cannot reach {host}:80: ")
        assert len(shown.splitlines()) == 1


class TestWhatIsLost:
    def load(self, tmp_path, *arguments):
        """Load a server that is killed meanwhile: exit status, standard error, figures."""
        file = tmp_path / "x.json"
        with parse_spec("event_loop").process(log=tmp_path / "log") as running:
            load = subprocess.Popen(
                [
                    *(sys.executable, "-m", "c10k", "load", f"127.0.0.1:{running.port}"),
                    *("-c", "20", "-d", "4s", "--series", "--json", str(file), *arguments),
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
        status, err, figures = self.load(tmp_path)
        assert status == 1
        assert "20 of 20 connections" in err
        assert err.endswith("were lost, more than --max-failed 1%\n")
        assert figures["lost_connections"] == 20
        assert figures["failed"]
        assert figures["received"] > 0

    def test_all_may_be_lost_where_it_is_said(self, tmp_path):
        status, err, figures = self.load(tmp_path, "--max-failed", "100%")
        assert (status, err) == (0, "")
        assert (figures["lost_connections"], figures["max_failed"]) == (20, 1)
        assert not figures["failed"]

    def test_a_failed_connection_is_opened_again_unless_it_must_stay_closed(self, tmp_path):
        """By hand: nobody listens any more, so only who tries again is refused."""
        again, closed = (
            self.load(tmp_path, *options)[2]["errors"] for options in ((), ("--no-reconnect",))
        )
        assert again["connect_refused"] >= 20
        assert "connect_refused" not in closed
        assert sum(closed.values()) == 20

    def test_none_may_be_lost_by_default_of_a_good_server(self, echo, capsys):
        figures = figures_of(capsys, echo, "-c", 10, "-d", "300ms", "--max-failed", 0)
        assert figures["lost_connections"] == 0
        assert not figures["failed"]

    def test_a_load_in_which_no_message_was_due(self, echo, capsys):
        assert main(["load", echo, "-c", "1", "-d", "200ms", "--rate", "0.0001", "-q"]) == 1
        assert capsys.readouterr().err == "c10k: no message was answered in that time\n"

    @pytest.mark.timeout(100)
    def test_a_server_with_few_descriptors_is_given_up_on(self, tmp_path, monkeypatch):
        """It serves what it can, and the others are not waited for until the opening's end."""
        monkeypatch.setattr(measure, "OPEN_STILL_S", 1.0)
        began = time.monotonic()
        spec = parse_spec("threaded,limit=nofile:64")
        with (
            spec.process(log=tmp_path / "log") as running,
            Fleet((running.host, running.port), WORKLOADS["saturated"]) as fleet,
        ):
            measurement = measure.open_connections(fleet, 200, lambda _: None)
        assert 0 < measurement.opened.connected < 64
        assert time.monotonic() - began < measure.OPEN_TIMEOUT_S / 2


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
