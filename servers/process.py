"""Start a server process, wait until it listens, and end its whole process tree."""

import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from .framework.tls import KEY
from .launch import GRACE_S

LAUNCH = Path(__file__).with_name("launch.py")
KILL_TIMEOUT_S = 5.0  # after GRACE_S: the kernel takes some time to end 10,000 threads
CONNECT_PAUSE_S = 0.02  # between attempts to connect to a server that does not say when it listens
TAIL_BYTES = 65_536  # of the log's end that log_tail() reads
PORT_IN_USE = "address already in use"  # strerror(EADDRINUSE), as every language prints it
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger


class ServerStartError(RuntimeError):
    """A server did not start to listen. `log_tail` has the last lines that it wrote."""

    def __init__(self, name: str, cause: str, log_tail: str) -> None:
        if PORT_IN_USE in log_tail.lower():
            cause = "the port is in use: end the program that has it, or choose another port"
        last_line = log_tail.rpartition("\n")[2]
        super().__init__(f"{name}: {cause}" + (f" ({last_line})" if last_line else ""))
        self.log_tail = log_tail


@dataclass(eq=False, repr=False)
class ServerProcess:
    """A server's process tree, as a context manager: started on entry, ended on exit.

    The command prints where it listens as a line of JSON: {"port": 9000}, with "host" unless it is
    127.0.0.1, and with "certificate", as PEM, if it serves TLS. For a command that does not,
    `address` says it, and the server listens once a connection to there succeeds; so does
    `certificate_file`, beside which the key is deleted when the server has ended. Its output goes
    to the log, or in the `foreground` to this process's standard streams, without that line. `cpus`
    are those it may run on. `limits` are resource limits by name, soft and hard ({"nofile": 64}).
    It runs in `directory`, or in this process's.

    launch.py, the `supervisor`, is the parent of the server: all processes of the server are below
    it, daemons too, and none outlives this process. The kernel signals it when the thread that
    started it ends, however that comes about. So start a server from the main thread, or from a
    thread that lives at least as long.
    """

    name: str
    command: Sequence[str]
    _: KW_ONLY
    log: Path
    cpus: Collection[int] | None = None
    limits: Mapping[str, int] | None = None
    address: tuple[str, int] | None = None
    directory: Path | None = None
    certificate_file: Path | None = None
    foreground: bool = False
    ready_timeout_s: float = 15.0

    pid: int = field(init=False)  # of the command
    supervisor: int = field(init=False)  # process id
    certificate: str = field(default="", init=False)  # as PEM, of a server of TLS
    host: str = field(init=False)
    port: int = field(init=False)

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _reader: threading.Thread | None = field(default=None, init=False)
    _listens_at: tuple[str, int] | None = field(default=None, init=False)
    # Set when `pid` and `_listens_at` are known, or will never be.
    _began: threading.Event = field(default_factory=threading.Event, init=False)
    _heard: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> Self:
        """Start it and return once it listens. Raises ServerStartError."""
        if self._process:
            raise RuntimeError(f"{self.name} was started before: a ServerProcess is for one start")
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        if self.address and _is_taken(self.address):  # or another program would pass for the server
            raise ServerStartError(self.name, PORT_IN_USE, PORT_IN_USE)
        if self.foreground:
            sink = os.fdopen(os.dup(1), "wb", buffering=0)
        else:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_bytes(b"")
            # Append: a server that opens /dev/stderr itself would write at an offset of its own.
            sink = self.log.open("ab", buffering=0)
        if self.certificate_file:
            self.certificate = self.certificate_file.read_text()
        launch = launcher(self.cpus, self.limits, says_pid=True)
        try:
            self._process = subprocess.Popen(
                [*launch, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if self.foreground else sink,
                start_new_session=True,
                cwd=self.directory,
            )
        except OSError as error:
            sink.close()
            raise ServerStartError(self.name, f"cannot start a process: {error}", "") from error
        self.supervisor = self._process.pid
        streams = self._process.stdout, sink
        self._reader = threading.Thread(target=self._read_output, args=streams, daemon=True)
        self._reader.start()
        self._began.wait()
        if self.address:
            self._await_connection(self.address)
        else:
            self._heard.wait(self.ready_timeout_s)
        if self._listens_at is None:
            raise self._start_error()
        self.host, self.port = self._listens_at

    @property
    def alive(self) -> bool:
        """Whether it was started and still runs."""
        return self._process is not None and self.returncode is None

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while any of its processes runs."""
        return self._process.poll() if self._process else None

    def wait(self) -> int:
        """Wait until it has ended by itself; return its exit status."""
        if not self._process:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.wait()

    @property
    def log_bytes(self) -> int:
        """How long the log is by now."""
        return self.log.stat().st_size

    def log_tail(self, lines: int = 20, *, since: int = 0) -> str:
        """Return the last lines of the log, of those after the first `since` bytes."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(max(since, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        return ""

    def how_it_died(self, *, since: int = 0) -> str:
        """Say with what status it ended by itself, and the last line of the log; see log_tail()."""
        self.stop()  # which also waits for the log's end
        code = self.returncode
        ended = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        said = self.log_tail(since=since).rstrip().rpartition("\n")[2].strip()
        return f"the server died ({ended}{f'; its log: {said}' if said else ''})"

    def stop(self, timeout_s: float = GRACE_S) -> None:
        """End the whole tree by SIGTERM, and what is left after timeout_s or GRACE_S by SIGKILL.

        A second call does nothing.
        """
        try:
            if self._process:
                self._end(self._process, timeout_s)
        finally:
            if self.certificate_file:
                self.certificate_file.with_name(KEY).unlink(missing_ok=True)

    def _end(self, process: subprocess.Popen[bytes], timeout_s: float) -> None:
        try:
            process.terminate()
            self._ends_within(timeout_s)
        finally:
            process.terminate()  # at a second signal the supervisor kills what is left
            if not self._ends_within(KILL_TIMEOUT_S):
                process.kill()
                process.wait()
            if self._reader:
                self._reader.join(1.0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read_output(self, output: IO[bytes], sink: IO[bytes]) -> None:
        """Copy standard output to the log until it ends: the server never waits for a reader.

        The first line is launch.py's. The first line that has an address says where it listens.
        """
        with output, sink:
            if pid := output.readline():
                self.pid = int(pid)
            self._began.set()
            while line := output.readline(TAIL_BYTES):
                said = {} if self.address or self._listens_at else _said(line)
                if not (said and self.foreground):
                    with contextlib.suppress(OSError):  # a full disk, a closed pipe
                        sink.write(line)
                if said:
                    self.certificate = str(said.get("certificate", self.certificate))
                    self._listens_at = str(said.get("host", "127.0.0.1")), said["port"]
                    self._heard.set()
        self._heard.set()

    def _await_connection(self, address: tuple[str, int]) -> None:
        deadline = time.monotonic() + self.ready_timeout_s
        while self.alive and (left := deadline - time.monotonic()) > 0:
            if _listens(address, left) and self.alive:
                self._listens_at = address
                return
            time.sleep(CONNECT_PAUSE_S)

    def _ends_within(self, timeout_s: float) -> bool:
        assert self._process
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
            return True
        return False

    def _start_error(self) -> ServerStartError:
        output_ended = self._heard.is_set()
        self._ends_within(1.0 if output_ended else 0)  # the pipe ends just before the process
        status = self.returncode
        if status is None and output_ended and not self.address:
            cause = "closed its standard output without a line of JSON that names the port"
        elif status is None:
            where = " on {}:{}".format(*self.address) if self.address else ""
            cause = f"does not listen{where} after {self.ready_timeout_s:g} s"
        elif status < 0:
            cause = f"was ended by {signal.Signals(-status).name} before it listened"
        else:
            cause = f"ended with status {status} before it listened"
        return ServerStartError(self.name, cause, self.log_tail())


def launcher(
    cpus: Collection[int] | None = None,
    limits: Mapping[str, int] | None = None,
    *,
    says_pid: bool = False,
) -> list[str]:
    """Return what to put before a command: it sets CPUs and limits, and ends it with this process.

    If `says_pid`, it prints the command's process id as a first line.
    """
    launch = [sys.executable, "-I", "-S", str(LAUNCH), "--parent", str(os.getpid())]
    launch += ["--say-pid"] * says_pid
    if cpus is not None:
        launch += ["--cpus", ",".join(map(str, cpus))]
    for name, value in (limits or {}).items():
        launch += ["--limit", f"{name}={value}"]
    return [*launch, "--"]


def _said(line: bytes) -> dict[str, Any]:
    """What a line of JSON that names a port says; empty of another line."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) and isinstance(said.get("port"), int) else {}


def _is_taken(address: tuple[str, int]) -> bool:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        socket.create_server(address, family=family).close()
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _listens(address: tuple[str, int], timeout_s: float) -> bool:
    """Whether a connection to an address succeeds, other than with itself.

    While nobody listens on an ephemeral port, the kernel may choose that same port for this end,
    and connect the socket with itself. The reset frees the port for the server at once.
    """
    with (
        contextlib.suppress(OSError),
        socket.create_connection(address, timeout=timeout_s) as probe,
    ):
        if probe.getsockname() != probe.getpeername():
            return True
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    return False
