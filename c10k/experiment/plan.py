"""The plan of an experiment: which server is visited when, with what load, for how long."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from c10k.experiment.rate_sweep import is_on_the_map
from c10k.loadgen.workload import Workload
from c10k.results.slo import P99_MS
from c10k.servers.catalogue import ServerSpec
from c10k.servers.framework.handler import parse_handler
from c10k.servers.framework.quantities import count

DEFAULT_STEPS: Final = (10, 100, 500, 1000, 5000, 10000)
DEFAULT_SERVERS: Final = ("threaded", "asyncio_streams")
DEFAULT_WORKLOADS: Final = ("paced", "saturated")

# What a visit takes beyond settling and windows, for the time left: opening and closing a
# connection, and reading the telemetry of its thread at both ends of a window.
SECONDS_PER_TRIAL: Final = 0.6
SECONDS_PER_CONNECTION: Final = 0.0004
SECONDS_PER_PROCESS: Final = 0.01
PROBES_PER_SEARCH: Final = 7  # usually

# Beyond any machine of today, and far below what would keep this one busy with the plan alone.
MOST_CONNECTIONS: Final = 1_000_000_000
MOST_STEPS: Final = 1_000
MOST_REPEATS: Final = 1_000
MOST_TRIALS: Final = 100_000


@dataclass(frozen=True)
class Profile:
    """How long and how often is measured.

    Windows begin when the load has settled, not before `warmup_s` and not after `warmup_limit_s`.
    """

    name: str
    summary: str
    warmup_s: float
    warmup_limit_s: float
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
class Trial:
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
class Technique:
    """A pair of servers that differ in one technique, by their labels, and the workloads that they
    are compared under, at `steps` if it has its own. `claim` names what the chapter says of it, if
    it does, among reports.chapter.claims.TECHNIQUES.
    """

    name: str
    with_it: str
    without_it: str
    workloads: tuple[str, ...]
    claim: str = ""
    steps: tuple[int, ...] = ()

    @property
    def sides(self) -> tuple[str, str]:
        """The labels of the two servers."""
        return self.with_it, self.without_it


@dataclass(frozen=True)
class Plan:
    """An experiment: every server, at every step, under every workload, repeatedly.

    A server may have workloads and steps of its own, by its label, where not all of the plan's are
    for it. With `find_max` a search follows the ramps: see c10k.find_max. Those of the workloads
    that are `mapped` are for a capacity map alone. Servers that are there `for_techniques` alone
    are compared with each other: nothing is searched of them, and they have no map. The p99 is an
    `objective` where every step is to hold it.
    """

    servers: tuple[ServerSpec, ...]
    workloads: tuple[Workload, ...]
    steps: tuple[int, ...]
    profile: Profile
    own_workloads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_steps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    techniques: tuple[Technique, ...] = ()
    find_max: bool = False
    slo_p99_ms: float = P99_MS
    mapped: tuple[str, ...] = ()
    for_techniques: tuple[str, ...] = ()
    objective: bool = False

    @property
    def most_trials(self) -> int:
        """How many visits the ramps have, those that a map leaves out included."""
        each = (len(self.workloads_of(spec)) * len(self.steps_of(spec)) for spec in self.servers)
        return self.profile.repeats * sum(each)

    def steps_of(self, spec: ServerSpec) -> tuple[int, ...]:
        """The numbers of connections at which a server is visited."""
        return self.own_steps.get(spec.text, self.steps)

    def workloads_of(self, spec: ServerSpec) -> tuple[str, ...]:
        """The names of the workloads under which a server is visited."""
        return self.own_workloads.get(spec.text, tuple(load.name for load in self.workloads))

    def ramps(self) -> Iterator[tuple[Workload, int, list[Trial]]]:
        """Each ramp, which fresh server processes live through, with its visits in order.

        The servers take turns within a step, and who goes first changes from step to step
        (A B, B A, …), so that a drifting machine hurts all alike.
        """
        for repeat in range(self.profile.repeats):
            for workload in self.workloads:
                servers = [s for s in self.servers if workload.name in self.workloads_of(s)]
                trials = []
                for position, connections in enumerate(self.steps):
                    turn = servers[:: 1 if (position + repeat) % 2 == 0 else -1]
                    trials += [
                        Trial(spec.text, workload.name, repeat, connections)
                        for spec in turn
                        if connections in self.steps_of(spec)
                        and self._measures(workload, connections)
                    ]
                yield workload, repeat, trials

    def _measures(self, workload: Workload, connections: int) -> bool:
        return workload.name not in self.mapped or is_on_the_map(workload, connections)

    def searches(self) -> list[tuple[ServerSpec, Workload]]:
        """What to search the most connections of, after the ramps."""
        return [
            (spec, workload)
            for workload in self.workloads
            for spec in self.servers
            if self.find_max
            and spec.text not in self.for_techniques
            and workload.name in self.workloads_of(spec)
            and workload.name not in self.mapped
        ]

    def search(self, spec: ServerSpec, workload: Workload) -> Trial:
        """What stands for all probes of a search that are still to come, in the time left."""
        return Trial(spec.text, workload.name, 0, 0)

    def time(self) -> dict[Trial, float]:
        """Roughly how long each visit takes, and each search, in seconds."""
        trials = {trial: self.seconds(trial) for _, _, ramp in self.ramps() for trial in ramp}
        searches = {
            self.search(spec, workload): PROBES_PER_SEARCH
            * self.seconds(Trial(spec.text, workload.name, 0, self.steps_of(spec)[-1]))
            for spec, workload in self.searches()
        }
        return trials | searches

    def seconds(self, trial: Trial) -> float:
        """Roughly how long a visit takes."""
        profile = self.profile
        warmup = (profile.warmup_s + profile.warmup_limit_s) / 2
        held = warmup + profile.windows * profile.window_s
        (workload,) = (load for load in self.workloads if load.name == trial.workload)
        (server,) = (spec.server for spec in self.servers if spec.text == trial.server)
        a_connection = SECONDS_PER_CONNECTION + cpu_s(workload)
        a_connection += SECONDS_PER_PROCESS * server.processes_per_connection
        return held + SECONDS_PER_TRIAL + a_connection * trial.connections


def load_on(spec: ServerSpec, workload: Workload) -> Workload:
    """The workload as this server is driven with it. Raises ValueError where it cannot serve it."""
    spec.handling(workload.handler)
    return workload.over(spec.server.protocol, spec.server.request)


def cpu_s(workload: Workload) -> float:
    """The CPU time that a server is to burn for each message."""
    handler = parse_handler(workload.handler)
    return handler.cpu_s if handler else 0.0


def parse_steps(text: str) -> tuple[int, ...]:
    """`10,100,1k` as numbers. Raises ValueError unless they are positive and ascending."""
    try:
        steps = tuple(map(_connections, text.split(",")))
    except ValueError:
        steps = ()
    return check_steps(steps, text)


def _connections(text: str) -> int:
    too_long = text.isdecimal() and len(text) > len(str(MOST_CONNECTIONS))
    return MOST_CONNECTIONS + 1 if too_long else count(text)


def check_steps(steps: Sequence[int], text: str) -> tuple[int, ...]:
    """The steps. Raises ValueError unless they are positive and ascending; `text` is as given."""
    given = text if len(text) <= 60 else text[:60] + "…"
    if not steps or steps[0] < 1 or any(a >= b for a, b in pairwise(steps)):
        raise ValueError(
            f"steps must be ascending positive numbers, such as 10,100,1000; got {given!r}"
        )
    if len(steps) > MOST_STEPS or steps[-1] > MOST_CONNECTIONS:
        raise ValueError(
            f"at most {MOST_STEPS:,} steps of at most {MOST_CONNECTIONS:,} connections; "
            f"got {given!r}"
        )
    return tuple(steps)


def check_unique(labels: Sequence[str], what: str) -> None:
    """Raise ValueError where a label is given twice: its rows could not be told apart."""
    for label, times in Counter(labels).items():
        if times > 1:
            raise ValueError(f"{what} {label!r} is given twice; name each once")
