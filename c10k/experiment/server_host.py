"""The host of the servers: this one. c10k.remote.host has the same for another one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from c10k.host import limits
from c10k.host.cpus import CpuSplit
from c10k.host.limits import Limit, LoaderLimits, loader_limits
from c10k.loadgen.telemetry import Telemetry
from c10k.loadgen.tls import Tls
from c10k.servers.catalogue import Endpoint, ServerSpec
from c10k.servers.process import ServerProcess

if TYPE_CHECKING:
    from c10k.remote.server import RemoteServer
    from c10k.remote.telemetry import RemoteTelemetry

    Server = ServerProcess | RemoteServer
    Observer = Telemetry | RemoteTelemetry

HOST: Final = "127.0.0.1"


class ServerHost:
    """What an experiment needs of the host of its servers, which listen on `address`."""

    place = "here"  # as messages call it
    facts: Mapping[str, Any] | None = None  # of another host

    def __init__(self, address: str = HOST) -> None:
        self.address = address

    @property
    def cpus(self) -> CpuSplit:
        """The CPUs of the loader and of the servers."""
        return CpuSplit.of_this_process()

    def missing(self, spec: ServerSpec) -> str:
        """What must be installed there for a server to run, and how; empty if it can run."""
        return spec.missing

    def command(self, spec: ServerSpec) -> list[str]:
        """What starts a server there."""
        return list(spec.launch(Endpoint(self.address)).command)

    def limits_for(
        self,
        connections: int,
        threads: int = 0,
        processes: int = 0,
        loader: LoaderLimits = loader_limits,
    ) -> Iterable[Limit]:
        """The limits on so many connections, with so many threads or processes for each."""
        return limits.limits_for(connections, threads, processes, loader)

    def warnings(self) -> list[dict[str, str]]:
        """Environment warnings about another host."""
        return []

    def server(self, spec: ServerSpec, log: Path, cpus: tuple[int, ...]) -> "Server":
        """A process of a server, which starts when it is entered."""
        return spec.process(host=self.address, log=log, cpus=cpus)

    def telemetry(self, server: "Server", interval_s: float) -> "Observer":
        """The telemetry of a server that was started there."""
        assert isinstance(server, ServerProcess)
        return Telemetry(server.supervisor, interval_s, itself=False)


def tls_to(spec: ServerSpec, server: "Server") -> Tls | None:
    """How the fleet verifies a server that was started; None if it serves no TLS."""
    match spec.tls:
        case "off":
            return None
        case "insecure":
            return Tls(verify=False)
    return Tls(server.certificate)


THIS_HOST: Final = ServerHost()
