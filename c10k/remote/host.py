"""Another host as that of the servers, which ssh reaches."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from c10k.experiment.server_host import ServerHost
from c10k.host import environment, machine
from c10k.host.cpus import CpuSplit
from c10k.host.limits import Limit, LoaderLimits, loader_limits
from c10k.remote.connection import ConnectError, Connection
from c10k.remote.server import RemoteServer, definition
from c10k.remote.telemetry import RemoteTelemetry, clock_of
from c10k.results.store import RunError
from c10k.servers.catalogue import ServerSpec

if TYPE_CHECKING:
    from c10k.experiment.server_host import Observer, Server


NO_CEILING: Final = {
    "code": "ceiling",
    "message": "the loader ceiling is not measured: the loader has all CPUs of this host, and the "
    "bare echo server would need some",
    "remedy": "a step is loader-limited by the loader's CPU and send lag alone",
}


class RemoteHost(ServerHost):
    """A host that ssh reaches. A lost agent is started anew for the next server.

    Servers listen on `address` there, else on the address that ssh connected to. Raises
    ConnectError.
    """

    def __init__(self, name: str, address: str = "", python: str = "") -> None:
        self.name = name
        self.place = f"on {name}"
        self._python = python
        self._connection = Connection(name, python)
        about = self._connection.description
        super().__init__(address or about["address"])
        if why := self._connection.ask(0, "cannot_listen", self.address):
            self._connection.close()
            raise ConnectError(
                f"servers cannot listen on {self.address} of {name}: {why}; give an address of "
                "that host with --serve-address"
            )
        # Namespaces and containers of one machine share its CPUs.
        self._same_machine = about["boot_id"] == machine.boot_id()
        clock = clock_of(self._connection)
        self.facts = {
            **about["facts"],
            "address": self.address,
            "round_trip_ms": 2 * clock.uncertainty_ns / 1e6,
            "clock_offset_s": -clock.offset_ns / 1e9,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def cpus(self) -> CpuSplit:
        """All of this host for the loader, and all of the other for the servers."""
        if self._same_machine:
            return CpuSplit.of_this_process()
        here = tuple(sorted(os.sched_getaffinity(0)))
        return CpuSplit(here, tuple(self._connection.description["cpus"]), apart=True)

    def missing(self, spec: ServerSpec) -> str:
        """What must be installed there for a server to run, and how; empty if it can run."""
        if spec.unix and not self._same_machine:
            return "a Unix socket is reached on its own host alone: leave out unix=on"
        return str(self._connection.ask(0, "missing", definition(spec)))

    def command(self, spec: ServerSpec) -> list[str]:
        """What starts a server there."""
        command: list[str] = self._connection.ask(0, "command", definition(spec), self.address)
        return command

    def limits_for(
        self,
        connections: int,
        threads: int = 0,
        processes: int = 0,
        loader: LoaderLimits = loader_limits,
    ) -> Iterable[Limit]:
        """The limits of the loader and those of the servers' host."""
        yield from loader(connections)
        for limit in self._connection.ask(0, "limits", connections, threads, processes):
            there = Limit(**limit)
            yield replace(there, name=f"{there.name} on {self.name}")

    def warnings(self) -> list[dict[str, str]]:
        """Environment warnings about the servers' host, and what is not known without it."""
        if self._same_machine:
            return []
        about = self._connection.description
        return [
            *(
                warning | {"message": f"the servers' host: {warning['message']}"}
                for warning in environment.of_machine(about["facts"], about["busy_cpus"])
            ),
            NO_CEILING,
        ]

    def server(self, spec: ServerSpec, log: Path, cpus: tuple[int, ...]) -> "Server":
        """A process of a server, which starts when it is entered.

        Raises RunError where the agent was lost and cannot be started anew.
        """
        if self._connection.lost:
            self._connection.close()
            try:
                self._connection = Connection(self.name, self._python)
            except ConnectError as error:
                raise RunError(f"the agent was lost, and {error}") from None
        return RemoteServer(self._connection, spec, self.address, log, cpus)

    def telemetry(self, server: "Server", interval_s: float) -> "Observer":
        """The telemetry of a server that was started there."""
        assert isinstance(server, RemoteServer)
        return RemoteTelemetry(
            self._connection, server, interval_s, same_machine=self._same_machine
        )
