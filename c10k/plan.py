"""The plan of an experiment: which server is visited when, with what load, for how long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loadgen.workload import Workload
from servers.catalogue import ServerSpec

DEFAULT_STEPS: Final = (10, 100, 500, 1000, 5000, 10000)
DEFAULT_SERVERS: Final = ("threaded", "asyncio_streams")
DEFAULT_WORKLOADS: Final = ("steady", "saturated")

# What a visit takes beyond settling and windows, for the time left: opening and closing a
# connection, and reading the telemetry of its thread at both ends of a window.
SECONDS_A_VISIT: Final = 0.6
SECONDS_A_CONNECTION: Final = 0.0004


@dataclass(frozen=True)
class Profile:
    """How long and how often is measured.

    Windows begin when the load has settled, not before `settle_s` and not after `settle_limit_s`.
    """

    name: str
    summary: str
    settle_s: float
    settle_limit_s: float
    windows: int
    window_s: float
    repeats: int


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("quick", "every step, two short windows", 0.3, 1.0, 2, 0.6, 1),
        Profile("standard", "three windows a step", 1.0, 3.0, 3, 3.0, 1),
        Profile("thorough", "five repeats on fresh servers", 2.0, 10.0, 3, 4.0, 5),
    )
}


@dataclass(frozen=True)
class Visit:
    """One server, loaded with one workload over one number of connections."""

    server: str
    workload: str
    repeat: int
    connections: int

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What identifies the visit's row among the steps."""
        return self.server, self.workload, self.repeat, self.connections


@dataclass(frozen=True)
class Plan:
    """An experiment: every server, at every step, under every workload, repeatedly."""

    servers: tuple[ServerSpec, ...]
    workloads: tuple[Workload, ...]
    steps: tuple[int, ...]
    profile: Profile

    def ramps(self) -> Iterator[tuple[Workload, int, list[Visit]]]:
        """Each ramp, which fresh server processes live through, with its visits in order.

        The servers take turns within a step, and who goes first changes from step to step
        (A B, B A, …), so that a drifting machine hurts all alike.
        """
        for repeat in range(self.profile.repeats):
            for workload in self.workloads:
                visits = []
                for position, connections in enumerate(self.steps):
                    turn = self.servers[:: 1 if (position + repeat) % 2 == 0 else -1]
                    visits += [Visit(s.text, workload.name, repeat, connections) for s in turn]
                yield workload, repeat, visits

    def seconds(self, visit: Visit) -> float:
        """Roughly how long a visit takes."""
        profile = self.profile
        settling = (profile.settle_s + profile.settle_limit_s) / 2
        held = settling + profile.windows * profile.window_s
        return held + SECONDS_A_VISIT + SECONDS_A_CONNECTION * visit.connections


def parse_steps(text: str) -> tuple[int, ...]:
    """`10,100,1000` as numbers. Raises ValueError unless they are positive and ascending."""
    try:
        steps = tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        steps = ()
    if not steps or steps[0] < 1 or any(a >= b for a, b in pairwise(steps)):
        raise ValueError(
            f"steps must be ascending positive numbers, such as 10,100,1000; got {text!r}"
        )
    return steps


def check_unique(labels: Sequence[str], what: str) -> None:
    """Raise ValueError where a label is given twice: its rows could not be told apart."""
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"{what} {label!r} is given twice; name each once")
