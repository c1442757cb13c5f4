"""What drives the load of an experiment: a thread of this process, or workers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from c10k.host.cpus import CpuSplit
from c10k.host.limits import Limit, loader_limits
from c10k.loadgen.engines import engine_of
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload

# The portable engine and the telemetry would wait for each other.
SHARES_THE_INTERPRETER: Final = engine_of("auto") == "portable"


class WorkerLostError(OSError):
    """A worker has ended or cannot be reached; the message names it and says why."""


@dataclass(eq=False)
class Member:
    """A worker that takes part in a step."""

    name: str
    here: bool  # on this host: its CPU time is among that of this host
    ceiling: list[dict[str, Any]] = field(default_factory=list)  # what it drives alone


class Loader(Protocol):
    """Makes the fleet of each step."""

    repeats_steps: bool
    """Whether a step in which a worker is lost is repeated, or fails."""

    @property
    def members(self) -> Sequence[Member]:
        """The workers that drive the fleets, one shard each; none if this process does."""

    def update_members(self) -> None:
        """Let workers join that are new, and leave out those that were lost.

        Call it before a step. Raises RunError if no worker is left.
        """

    def fleet(
        self,
        address: tuple[str, int],
        workload: Workload,
        members: Sequence[Member] | None = None,
        tls: Tls | None = None,
    ) -> Fleet:
        """A fleet of all members, or of these alone. Raises OSError."""

    def limits(self, connections: int) -> Iterable[Limit]:
        """The limits of what drives so many connections."""

    def described(self) -> list[dict[str, Any]]:
        """Every worker that ever joined, as run.json holds it."""


class ThisProcess:
    """The load comes from a thread of this process, on the loader's CPUs."""

    repeats_steps = False
    members: Sequence[Member] = ()

    def __init__(self, cpus: CpuSplit) -> None:
        self._cpus = cpus

    def update_members(self) -> None:
        """Nobody joins."""

    def fleet(
        self,
        address: tuple[str, int],
        workload: Workload,
        members: Sequence[Member] | None = None,
        tls: Tls | None = None,
    ) -> Fleet:
        """A fleet of one thread, or of a process where the engine would hold the telemetry up."""
        return Fleet(
            address,
            workload,
            cpus=self._cpus.loader,
            processes=SHARES_THE_INTERPRETER,
            tls=tls,
        )

    def limits(self, connections: int) -> Iterable[Limit]:
        """Its open files and ports."""
        return loader_limits(connections)

    def described(self) -> list[dict[str, Any]]:
        """No worker."""
        return []
