"""Where the commands run: a directory like a checkout, with a server of the reader's own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from docs._commands.rules import A_RUN, PRESUMED, READS_A_RUN
from docs._commands.written import ROOT

PORTS: Final = ("server", "tls", "chat", "http", "redis", "master", "ui")
READY_S: Final = 20.0
END_S: Final = 10.0

SERVER: Final = '''\
#!/usr/bin/env python3
"""An echo server that keeps {kept} bytes for each connection: server.py [--port] PORT."""
import socket, sys, threading
kept = []
def serve(connection):
    kept.append(bytearray(b"x" * {kept}))
    while data := connection.recv(65536):
        connection.sendall(data)
listener = socket.create_server(("127.0.0.1", int(sys.argv[-1])), backlog=1000)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
'''
SERVERS: Final = {"server.py": 0, "server2.py": 65_536, "server": 0, "server-1.4": 0}

STAND_IN: Final = '''\
"""Stands in for a web server or for Redis: stand_in.py http|redis PORT."""
import asyncio, sys
END, REPLY = {
    "http": (b"\\r\\n\\r\\n", b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"),
    "redis": (b"PING\\r\\n", b"+PONG\\r\\n"),
}[sys.argv[1]]
async def serve(reader, writer):
    while True:
        try:
            await reader.readuntil(END)
        except (asyncio.IncompleteReadError, ConnectionError):
            return writer.close()
        writer.write(REPLY)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]), backlog=1000)
    await server.serve_forever()
asyncio.run(main())
'''


def copy_checkout(directory: Path) -> None:
    """Copy what git knows of this checkout, links as links. CalledProcessError where it is none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        if (ROOT / name).exists():  # it may be deleted, and not yet for git
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name, follow_symlinks=False)


class Job:
    """A process that was started, in a session of its own; its output goes to a file."""

    def __init__(self, arguments: list[str], directory: Path, log: Path) -> None:
        self.log = log
        binaries = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(directory.parent),
            "BROWSER": "true",  # the program that does nothing
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                arguments,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.process.poll()

    def end(self) -> int:
        """End it as Ctrl-C does, or else by force, with all that it started; its exit status."""
        for number in (signal.SIGINT, signal.SIGKILL):
            if self.status is None or number == signal.SIGKILL:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(END_S)
        return self.process.returncode


class Project:
    """The directory, the ports that its commands use, and what runs in the background."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = _free_ports()
        self.jobs: list[Job] = []
        self._started = 0
        copy_checkout(directory)
        shutil.rmtree(directory / "c10k")  # which is not built: the installed one is executed
        (directory / "results" / "runs").mkdir()
        (directory / "stand_in.py").write_text(STAND_IN)
        for name, kept in SERVERS.items():
            (directory / name).write_text(SERVER.replace("{kept}", str(kept)))
            (directory / name).chmod(0o755)
        for command in ("init -q -b main", "add server.py", "commit -qm server"):
            git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@localhost"]
            subprocess.run([*git, *command.split()], cwd=directory, check=True)

    def start(self, text: str, *, python: bool = False) -> Job:
        """Start a command, or a program in Python."""
        self._started += 1
        log = self.directory.parent / f"{self._started}.log"
        return Job([sys.executable if python else "bash", "-c", text], self.directory, log)

    def with_ports(self, text: str) -> str:
        """The command with the numbers of its ports."""
        for name, port in self.ports.items():
            text = text.replace(f"{{{name}_port}}", str(port))
        return text

    def background(self, text: str) -> Job:
        """Start a command beside the others, and wait until the port that it names is listened at,
        if it names one."""
        named = re.search(r"(?:--port|http|redis|--master-bind 127.0.0.1:) ?\{(\w+)_port\}", text)
        job = self.start(self.with_ports(text))
        self.jobs.append(job)
        deadline = time.monotonic() + READY_S
        while named and job.status is None and not self.listened_at(named[1]):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        return job

    def listened_at(self, name: str) -> bool:
        """Whether anything accepts connections at a port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0

    def presume(self, text: str) -> None:
        """Start what a command presumes, and make the run that it reads."""
        runs = self.directory / "results" / "runs"
        if re.search(READS_A_RUN, text):
            if not (runs / "short").exists() and (job := self.start(A_RUN)).process.wait():
                raise RuntimeError(f"{A_RUN} failed:\n{job.output}")
            for name in re.findall(r"results/runs/(\w+)", text):
                if not (runs / name).exists():
                    shutil.copytree(runs / "short", runs / name)
        for pattern, command in PRESUMED:
            port = re.search(r"\{(server|tls|chat|http|redis)_port\}", command)
            there = port and (self.listened_at(port[1]) or "c10k serve" in text)
            if re.search(pattern, text) and not there:
                self.background(command)

    def end_jobs(self) -> None:
        """End what runs in the background, and wait until nothing listens at the ports: a server
        ends a little later than the command that started it."""
        while self.jobs:
            self.jobs.pop().end()
        deadline = time.monotonic() + END_S
        while any(map(self.listened_at, PORTS)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def end_block(self) -> None:
        """End what runs in the background, and remove the runs that have no name but a date."""
        self.end_jobs()
        for run in (self.directory / "results" / "runs").glob("[0-9]*"):
            shutil.rmtree(run)


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        found = {}
        for name in PORTS:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found[name] = probe.getsockname()[1]
        return found
