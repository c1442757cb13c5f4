"""The agent: it runs on a server's host, starts servers there and observes them.

It needs Python 3.11 and nothing else. Requests come on standard input and are handled in turn;
answers go to standard output, and each sample as soon as it is taken. When standard input ends, or
nothing is heard on it any more, the agent ends at once. launch.py, which it runs below, then ends
the servers.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from operator import attrgetter
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Literal

from c10k.host import machine, ports
from c10k.host.limits import raise_soft_descriptor_limit, server_limits
from c10k.loadgen.telemetry import HostMemory, Sample, Telemetry
from c10k.loadgen.telemetry.tasks import elapsed
from c10k.loadgen.telemetry.window import Reading
from c10k.remote.lines import Lines
from c10k.servers.catalogue import Endpoint, ServerSpec, SpecError, parse_command, parse_spec
from c10k.servers.process import ServerProcess


class Observer(Telemetry):
    """Telemetry whose samples are sent away, and whose readings are small enough to be."""

    def __init__(self, lines: Lines, number: int, pid: int, interval_s: float) -> None:
        super().__init__(pid, interval_s, itself=False)
        self._lines = lines
        self._number = number
        self._began: Reading | None = None

    def keep(self, sample: Sample) -> None:
        """Send it."""
        with suppress(OSError):  # then standard input ends, too
            self._lines.send({"observer": self._number, "sample": asdict(sample)})

    def set_interval(self, seconds: float) -> None:
        """Take a sample every so many seconds."""
        self.interval_s = seconds

    def set_phase(self, phase: str) -> None:
        """Give each sample this phase."""
        self.phase = phase

    def reading(self, edge: Literal["begin", "end"], *, give_way: bool = True) -> Reading:
        """A reading whose tasks are a single one: what passed for all of them since the begin."""
        reading = super().reading(edge, give_way=give_way)
        began = self._began if edge == "end" and self._began else reading
        self._began = reading if edge == "begin" else None
        return replace(reading, tasks={0: elapsed(began.tasks, reading.tasks)})


class Agent:
    """What can be asked of the agent itself, number 0, and of the objects that it holds.

    Whoever asks gives each object its number.
    """

    def __init__(self, lines: Lines, directory: Path) -> None:
        self._lines = lines
        self._logs = directory / "logs"
        self._objects: dict[int, Any] = {0: self}

    def handle(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request: the result of a method or the value of an attribute."""
        try:
            held, name = self._objects[request["of"]], request["name"]
            if name not in REQUESTS[type(held)]:
                raise LookupError(f"there is no request {name!r:.100}")
            named = attrgetter(name)(held)
            result = named(*request["args"], **request["kwargs"]) if callable(named) else named
            return {"id": request["id"], "result": _plain(result)}
        except Exception as error:  # noqa: BLE001 (raised at the other end)
            return {
                "id": request["id"],
                "error": type(error).__name__,
                "message": str(error),
                "log_tail": getattr(error, "log_tail", ""),
            }

    def describe(self) -> dict[str, Any]:
        """What the other end must know of this host."""
        # The addresses and ports of both ends: ssh(1).
        connection = os.environ.get("SSH_CONNECTION", "").split()
        return {
            "facts": machine.facts(),
            "boot_id": machine.boot_id(),
            "cpus": sorted(os.sched_getaffinity(0)),
            "address": connection[2] if len(connection) == 4 else "127.0.0.1",
            "busy_cpus": machine.busy_cpus(),
        }

    def cannot_listen(self, address: str) -> str:
        """Why nothing can listen on an address here; empty if a server can."""
        return ports.why_taken(address)

    def now_ns(self) -> int:
        """This host's CLOCK_MONOTONIC."""
        return time.monotonic_ns()

    def missing(self, server: Mapping[str, str]) -> str:
        """What must be installed for a server to run here; empty if it can run."""
        try:
            return _spec(server).missing
        except SpecError as error:
            return str(error)

    def command(self, server: Mapping[str, str], address: str) -> list[str]:
        """What starts a server here."""
        return list(_spec(server).launch(Endpoint(address)).command)

    def limits(self, *connections: int) -> list[dict[str, Any]]:
        """The limits of this host: see server_limits."""
        return [asdict(limit) for limit in server_limits(*connections)]

    def start(
        self, number: int, server: Mapping[str, str], name: str, address: str, cpus: list[int]
    ) -> tuple[str, int, str]:
        """Start a server, whose log has this name; where it listens, and with which certificate.

        Raises ServerStartError.
        """
        log = self._logs / name
        process = _spec(server).process(log=log, host=address, cpus=cpus)
        self._objects[number] = process.start()
        return process.host, process.port, process.certificate

    def observe(self, number: int, server: int, interval_s: float) -> None:
        """Begin to sample a server."""
        supervisor = self._objects[server].supervisor
        self._objects[number] = Observer(self._lines, number, supervisor, interval_s)
        self._objects[number].__enter__()

    def forget(self, number: int) -> None:
        """Sample a server no longer."""
        self._objects.pop(number).__exit__(None, None, None)


TREE: Final = ("tree.cpu_s", "tree.read")
REQUESTS: Final[Mapping[type, frozenset[str]]] = {
    Agent: frozenset(
        ("cannot_listen", "command", "forget", "limits", "missing", "now_ns", "observe", "start")
    ),
    ServerProcess: frozenset(("alive", "how_it_died", "log_bytes", "log_tail", "stop")),
    Observer: frozenset(
        ("levels", "memory", "prepare", "reading", "rescan", "set_interval", "set_phase", *TREE)
    ),
}
"""All that can be asked, by what is asked: a request names no other attribute."""


def _spec(server: Mapping[str, str]) -> ServerSpec:
    """A server by its definition; commands are meant from the directory of the login."""
    if server["command"]:
        return replace(parse_command(server["command"], Path.cwd()), text=server["text"])
    return replace(parse_spec(server["spec"]), text=server["text"])


def _plain(result: object) -> object:
    """A result as JSON has it."""
    return asdict(result) if isinstance(result, HostMemory | Reading) else result


def main() -> None:
    """Handle requests until standard input ends."""
    reads, writes = os.dup(0), os.dup(1)  # which no child inherits
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a library prints is no answer
    raise_soft_descriptor_limit()
    lines = Lines(reads, writes)
    agent, requests = Agent(lines, Path(sys.argv[1])), SimpleQueue[dict[str, Any]]()

    def receive() -> None:
        with suppress(OSError):
            for request in lines.received():
                requests.put(request)
        os._exit(1)  # whatever the main thread does: launch.py ends what it started

    lines.send({"id": 0, "result": agent.describe()})
    lines.beat()
    threading.Thread(target=receive, daemon=True).start()
    while True:  # in the main thread, which outlives the servers that it starts
        lines.send(agent.handle(requests.get()))
