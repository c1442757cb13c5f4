"""`c10k client` as its users have it: in a pipe and at a terminal, with servers good and bad."""

import contextlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.cli.client import CHUNK_BYTES, lines_until_quit
from c10k.cli.main import main
from c10k.echo_client import EchoClient
from c10k.servers.catalogue import parse_spec
from tests.loadgen.conftest import echo

pytestmark = pytest.mark.system

PATIENCE_S = 30


@pytest.fixture
def client(monkeypatch):
    """Start the command: client(ADDRESS, **how). It ends with the test."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # as users have it
    with contextlib.ExitStack() as processes:

        def start(address, code=None, **how):
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            command = [sys.executable, *(("-c", code) if code else ("-m", "c10k"))]
            process = processes.enter_context(
                subprocess.Popen([*command, "client", *map(str, address)], **pipes | how)
            )
            processes.callback(process.kill)
            return process

        yield start


def talk(process, text=b""):
    """Give it its whole input; what it wrote and how it ended."""
    out, err = process.communicate(text, timeout=PATIENCE_S)
    return out, err.decode(), process.returncode


class Terminal:
    """A terminal, without echo, in which a command runs."""

    # Only the leader of a session can make a terminal its own, and only then is Ctrl-C a signal.
    CODE = (
        "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
        "from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )

    def __init__(self, client, address):
        self.keyboard, inside = pty.openpty()
        attributes = termios.tcgetattr(inside)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(inside, termios.TCSANOW, attributes)
        own = {"stdin": inside, "stdout": inside, "stderr": inside, "start_new_session": True}
        self.process = client(address, self.CODE, **own)
        os.close(inside)
        self.screen = ""

    def type(self, text):
        os.write(self.keyboard, text.encode())

    def await_text(self, text):
        """Wait until it is on the screen; everything, until the command ends, where it is None."""
        deadline = time.monotonic() + PATIENCE_S
        while text is None or text not in self.screen:
            left_s = max(0, deadline - time.monotonic())
            assert select.select([self.keyboard], [], [], left_s)[0], self.screen
            try:
                self.screen += os.read(self.keyboard, 4096).decode()
            except OSError:  # so a terminal says that nobody is left in it
                assert text is None, self.screen
                return

    def await_end(self):
        self.await_text(None)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def terminal(client):
    with contextlib.ExitStack() as terminals:

        def start(address):
            terminal = Terminal(client, address)
            terminals.callback(os.close, terminal.keyboard)
            return terminal

        yield start


class TestInAPipe:
    def test_10_000_lines_while_eight_threads_talk_with_the_same_server(self, client, tmp_path):
        lines = b"".join(b"line %d\n" % number for number in range(10_000))
        received = bytearray()
        with parse_spec("asyncio_streams").process(log=tmp_path / "log") as running:
            address = running.host, running.port
            piped = client(address)
            with (
                EchoClient(*address, received.extend) as ours,
                ThreadPoolExecutor(9) as threads,
            ):
                talking = threads.submit(talk, piped, lines)

                def send(thread):
                    for number in range(1250):
                        ours.send_message(b"%d %d\n" % (thread, number))

                list(threads.map(send, range(8)))
                assert talking.result() == (lines, "", 0)
        pairs = [tuple(map(int, line.split())) for line in received.splitlines()]
        assert len(pairs) == 10_000
        for thread in range(8):
            assert [number for by, number in pairs if by == thread] == list(range(1250))

    def test_bytes_of_every_kind_lines_of_every_length(self, client, serve):
        text = bytes(range(256)) + b"\n\n\r\n" + b"x" * 300_000 + b"quit\n" + b"no end of line"
        assert talk(client(serve(echo)), text) == (text, "", 0)

    def test_an_empty_input_ends_it(self, client, serve):
        assert talk(client(serve(echo)), b"") == (b"", "", 0)

    def test_a_line_quit_ends_it_though_the_pipe_stays_open(self, client, serve):
        running = client(serve(echo))
        running.stdin.write(b"a\nb quit\nquit\nc\n")
        running.stdin.flush()
        assert running.wait(PATIENCE_S) == 0
        assert running.stdout.read() == b"a\nb quit\n"

    def test_a_server_that_does_not_read_holds_the_pipe_up(self, client, serve):
        reading = threading.Event()

        def late(connection):
            assert reading.wait(PATIENCE_S)
            echo(connection)

        running = client(serve(late))
        os.set_blocking(running.stdin.fileno(), False)
        line = b"x" * 999 + b"\n"
        taken = 0
        while taken < 2**26 and select.select([], [running.stdin], [], 0.3)[1]:
            taken += os.write(running.stdin.fileno(), line * 64)
        assert taken < 2**25
        assert psutil.Process(running.pid).memory_info().rss < 2**26
        reading.set()
        os.set_blocking(running.stdin.fileno(), True)
        out, err, status = talk(running)
        assert (len(out), err, status) == (taken, "", 0)

    def test_who_reads_its_output_may_leave(self, client, serve):
        running = client(serve(echo))
        running.stdout.close()
        running.stdin.write(b"x\n")
        running.stdin.flush()  # and the input stays open
        assert running.wait(PATIENCE_S) == 0
        assert running.stderr.read() == b""

    def test_a_full_disk(self, client, serve):
        with Path("/dev/full").open("wb") as full:
            running = client(serve(echo), stdout=full)
            _, err, status = talk(running, b"hello\n")
        assert (err, status) == ("c10k: standard input or output: No space left on device\n", 1)

    def test_an_interruption_is_not_held_up_by_an_output_that_nobody_reads(self, client, serve):
        flooded = threading.Event()

        def flood(connection):
            connection.recv(2)
            connection.settimeout(0.2)
            try:
                while True:
                    connection.sendall(bytes(65_536))
            except TimeoutError:
                flooded.set()
            connection.settimeout(PATIENCE_S)
            connection.recv(1)

        running = client(serve(flood))
        running.stdin.write(b"x\n")
        running.stdin.flush()
        assert flooded.wait(PATIENCE_S)
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE_S) == 130
        assert running.stderr.read() == b"c10k: interrupted\n"


class TestAtATerminal:
    def test_lines_come_back_as_they_are_typed(self, terminal, serve):
        here = terminal(serve(echo))
        here.await_text("connected to 127.0.0.1; `quit` or Ctrl-D ends")
        for line in ("hello", "världen", "", "again"):
            here.type(f"{line}\n")
            here.await_text(f"\n{line}\r\n")
        here.type("quit\n")
        assert here.await_end() == 0
        assert here.screen.endswith("ends\r\nhello\r\nvärlden\r\n\r\nagain\r\n")

    def test_ctrl_d_ends_it(self, terminal, serve):
        here = terminal(serve(echo))
        here.type("hello\n")
        here.await_text("hello")
        here.type("\x04")
        assert here.await_end() == 0

    def test_ctrl_c_interrupts_it(self, terminal, serve):
        here = terminal(serve(echo))
        here.type("hello\n")
        here.await_text("hello")
        here.type("half a li\x03")
        assert here.await_end() == 130
        assert here.screen.endswith("hello\r\nc10k: interrupted\r\n")

    def test_a_server_that_goes_away_is_said_at_once(self, terminal, serve):
        here = terminal(serve(lambda connection: connection.sendall(connection.recv(10))))
        here.await_text("connected")
        here.type("hello\n")
        assert here.await_end() == 1  # without another key
        assert here.screen.endswith("hello\r\nc10k: the server closed the connection\r\n")


class TestServersThatFail:
    def test_a_server_that_goes_away_in_the_middle(self, client, serve):
        def half(connection):
            connection.sendall(connection.recv(12, socket.MSG_WAITALL)[:6])

        out, err, status = talk(client(serve(half)), b"first\nsecond\n")
        assert out == b"first\n"
        assert "7 bytes had not come back" in err
        assert len(err.splitlines()) == 1
        assert status == 1

    def test_where_none_listens(self, capsys):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            assert main(["client", "127.0.0.1", str(port)]) == 3
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err == (
            f"c10k: cannot reach 127.0.0.1 port {port}: 127.0.0.1: Connection refused; is an echo "
            f"server listening there? `c10k serve asyncio_streams --port {port}` starts one\n"
        )


@settings(max_examples=50)
@given(
    chunks=st.lists(
        st.sampled_from([b"quit", b"\r", b"\n", b"\nquit\r", b"x" * CHUNK_BYTES])
        | st.binary(max_size=3)
    )
)
def test_lines_are_passed_on_up_to_quit_however_they_arrive(chunks):
    lines = list(lines_until_quit(chunks))
    before_quit = re.split(rb"(?m)^quit\r?(?:\n|\Z)", b"".join(chunks), maxsplit=1)[0]
    assert b"".join(lines) == before_quit
    assert all(b"\n" not in line[:-1] for line in lines)
    assert all(len(line) < 2 * CHUNK_BYTES + 3 for line in lines)
