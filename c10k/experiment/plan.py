"""The plan of an experiment: which server is measured when, under which load, for how long.

A plan is what an experiment file holds, what the options of `c10k run` override, and what run.json
keeps and --resume reads back: its fields are the keys of all three.
"""

import dataclasses
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from ipaddress import ip_address
from itertools import chain, pairwise
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from msgspec import Meta, Struct, field

from c10k.experiment import workload_config
from c10k.experiment.profile import PROFILES, Duration, Profile, Repeats, profile_named
from c10k.experiment.rate_sweep import MAP_WORKLOADS, is_on_the_map
from c10k.loadgen.option import option
from c10k.loadgen.workload import LARGEST_MESSAGE, WORKLOADS, Workload
from c10k.options import shown
from c10k.remote.ssh import check_destination
from c10k.results.claims import Claim, read_claim
from c10k.results.slo import P99_MS
from c10k.servers.framework import quantities
from c10k.servers.framework.handler import parse_handler

if TYPE_CHECKING:
    from c10k.servers.catalogue import ServerSpec

DEFAULT_STEPS: Final = (10, 100, 500, 1000, 5000, 10000)
DEFAULT_SERVERS: Final = ("threaded", "asyncio_streams")
DEFAULT_WORKLOADS: Final = ("paced", "saturated")

# What a trial takes beside warm-up and window: connections are opened and closed, and telemetry of
# each thread is read at both ends of a window.
SECONDS_PER_TRIAL: Final = 0.15
SECONDS_PER_CONNECTION: Final = 0.00023
SECONDS_PER_THREAD: Final = 0.0003
SECONDS_PER_PROCESS: Final = 0.01
# How much of the time between its least and its limit a warm-up takes on average.
WARMUP_SHARE: Final = 0.3
PROBES_PER_SEARCH: Final = 7  # usually

# Beyond any machine of today, and far below what would keep this one busy with the plan alone.
MOST_CONNECTIONS: Final = 1_000_000_000
MOST_STEPS: Final = 1_000

Name = Annotated[str, option(min_length=1)]


def _listed(text: str) -> list[int | str]:
    """Split the steps; a number too long for a count becomes one beyond the maximum."""
    return [
        MOST_CONNECTIONS + 1 if each.isdecimal() and len(each) > 15 else each
        for each in text.split(",")
    ]


def _check_steps(steps: Sequence[int]) -> None:
    if not steps or steps[0] < 1 or any(a >= b for a, b in pairwise(steps)):
        got = shown(",".join(map(str, steps)))
        raise ValueError(f"must be ascending positive numbers, such as 10,100,1000; got {got}")
    if len(steps) > MOST_STEPS or steps[-1] > MOST_CONNECTIONS:
        raise ValueError(
            f"must be at most {MOST_STEPS:,} steps of at most {MOST_CONNECTIONS:,} connections"
        )


def check_unique(labels: Sequence[str], what: str) -> None:
    """Raise ValueError where a label is given twice: its rows would be mixed up."""
    for label, times in Counter(labels).items():
        if times > 1:
            raise ValueError(f"{what} {label!r} is given twice; name each once")


def _check_threshold(text: str) -> None:
    from c10k.experiment.threshold_text import threshold  # takes a while: numpy

    threshold(text)


def _check_address(text: str) -> None:
    try:
        address = ip_address(text or "127.0.0.1")
    except ValueError:
        raise ValueError(f"must be an IP address, such as 10.0.0.1; got {shown(text)}") from None
    if address.is_unspecified:
        raise ValueError(f"must be an address that the loader can connect to, not {text}")


def _milliseconds(text: str) -> float:
    """Read 100, which is in milliseconds, or 100ms or 0.5s."""
    try:
        return quantities.number(text)
    except ValueError:
        return round(quantities.seconds(text) * 1000, 6)


Steps = Annotated[
    tuple[Annotated[int, option("", "count")], ...],
    option("numbers of connections, ascending", _listed, check=_check_steps, metavar="N,N,…"),
]
Rate = Annotated[float, option("", "number", gt=0, le=1e6, unit=" messages/s")]
Size = Annotated[int, option("", "size", ge=1, le=LARGEST_MESSAGE, unit=" bytes")]
Milliseconds = Annotated[float, option("", _milliseconds, gt=0, le=3.6e6, unit=" ms")]


class PlannedServer(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A server of the plan, with the steps and workloads that it is measured at.

    `server` is its label in plan and results: its SPEC, unless `labelled` is that, or the name of a
    `command` of the user's, whose relative paths are meant from `directory`.
    """

    server: Name
    command: str = ""
    directory: str = ""
    labelled: str = ""
    steps: Steps = ()
    workloads: tuple[Name, ...] = ()
    for_techniques: bool = False  # compared with its other side alone: no search, no map

    @property
    def spec(self) -> "ServerSpec":
        """The server itself. Raises ValueError for one that this version does not know."""
        return _spec(self.server, self.command, self.directory, self.labelled)


@cache
def _spec(label: str, command: str, directory: str, labelled: str) -> "ServerSpec":
    from c10k.servers.catalogue import parse_command, parse_spec

    if command:
        return dataclasses.replace(parse_command(command, Path(directory)), text=label)
    return dataclasses.replace(parse_spec(labelled or label), text=label)


class WorkloadSteps(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The steps of a workload that has its own, among those of the plan."""

    workload: Name
    steps: Steps


class Technique(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A pair of servers that differ in one technique, by their labels, and the workloads that they
    are compared under, at `steps` if it has its own. `claim` names what a publication says of it,
    if one does, among the techniques of its statements.
    """

    name: Name
    with_it: Name = field(name="with")
    without_it: Name = field(name="without")
    workloads: tuple[Name, ...] = ()
    claim: str = ""
    steps: Steps = ()

    @property
    def sides(self) -> tuple[str, str]:
        """The labels of the two servers."""
        return self.with_it, self.without_it


class Trial(NamedTuple):
    """One server, loaded with one workload over one number of connections: the key of a step."""

    server: str
    workload: str
    repeat: int
    connections: int

    @property
    def labels(self) -> tuple[str, str]:
        """The workload, and the server with the number of the repeat."""
        return self.workload, self.server + (f" #{self.repeat + 1}" if self.repeat else "")


class Plan(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """An experiment: every server, at every step, under every workload, repeatedly.

    As it is asked for, it may name things for short: `commands`, `interpreters`, `rate`, `size`,
    `duration`, `repeat`. config.plan_of() turns these into servers, workloads and the profile;
    feasibility.py leaves out what cannot be measured. What is described below is of a plan that has
    been through both. In a file, the steps of a workload stand in its own table.
    """

    servers: Annotated[
        tuple[Annotated[PlannedServer, option("", PlannedServer, check=attrgetter("spec"))], ...],
        option(
            "a built-in server with its options, such as threaded,stack=256k; repeat for more "
            "(default: threaded and asyncio_streams, unless there is a --command)",
            flag="--server",
            metavar="SPEC",
        ),
    ] = ()
    commands: Annotated[
        tuple[Name, ...],
        option(
            "any program that serves, such as 'mine=./server --port {port}'; {port} and {host} are "
            "replaced, and no shell is used. It echoes, unless NAME,protocol=http,path=/…, "
            r"NAME,protocol=websocket,path=/… or NAME,protocol=raw,send=PING\r\n,expect=7 says "
            "otherwise; repeat for more",
            flag="--command",
            metavar="NAME=CMDLINE",
        ),
    ] = ()
    interpreters: tuple[Name, ...] = ()  # or "found", in a file
    workloads: Annotated[
        tuple[Annotated[Workload, option("", workload_config.from_text, raw=True)], ...],
        option(
            "; ".join(f"{load.name}: {load.summary}" for load in WORKLOADS.values())
            + "; or one of your own, NAME,key=value…, such as mine,rate=5,size=64k,active=10%; "
            "repeat for more (default: paced and saturated)",
            flag="--workload",
            metavar="NAME",
        ),
    ] = ()
    rate: Annotated[
        tuple[Rate, ...],
        option(
            "a workload of so many messages/s per client, due at fixed times; repeat for more",
            metavar="PER_CLIENT",
        ),
    ] = ()
    size: Annotated[
        Size | None,
        option(
            "of a message to be echoed, such as 64 or 64k, under each workload (default: 64)",
            metavar="BYTES",
        ),
    ] = None
    steps: Steps = DEFAULT_STEPS
    workload_steps: tuple[WorkloadSteps, ...] = ()
    profile: Annotated[
        Profile,
        option(
            "how much to measure, and about how long that takes for the default plan: quick (one "
            "repeat of 0.8 s per step, 1 minute: indicative figures, no outcomes), standard (5 "
            "repeats of 0.8 s, 5 minutes) or thorough (10 repeats of 3 s, 22 minutes)",
            profile_named,
            metavar="PROFILE",
            default="standard",
        ),
    ] = PROFILES["standard"]
    duration: Annotated[
        Duration | None,
        option("time measured per step in each repeat, such as 10s, instead of the profile's"),
    ] = None
    repeat: Annotated[
        Repeats | None, option("ramps on fresh servers, instead of the profile's")
    ] = None
    fit: Annotated[bool, option("leave out the steps that this machine's limits forbid")] = False
    find_max: Annotated[
        bool,
        option(
            "then search for the most connections that each server serves under each workload, to "
            "within 2 % and up to ten times the largest step: about 5 to 9 steps more for each"
        ),
    ] = False
    slo: Annotated[
        tuple[Annotated[str, option("", check=_check_threshold)], ...],
        option(
            "a threshold: a column of steps.parquet, <, <=, > or >=, and a number, such as "
            "'response_p99_ms < 50', at every step, or at some, such as "
            "'rss_bytes{server=threaded,workload=paced,connections=1000} < 1e9'. The median of the "
            "repeats counts; the exit status is 1 if it is missed; repeat for more",
            metavar="THRESHOLD",
        ),
    ] = ()
    slo_p99_ms: Annotated[
        Milliseconds | None,
        option(
            "a threshold for every step: a p99 response time of at most MS, and no failed message; "
            "with --find-max, what it searches within instead (default: none, and 100 for "
            "--find-max)",
            metavar="MS",
        ),
    ] = field(default=None, name="slo-p99")
    map: Annotated[
        bool,
        option(
            "then measure 1, 10, 100 and 1000 messages/s per client at every step, for a map of "
            "the response time over connections and rate"
        ),
    ] = False
    serve_on: Annotated[
        str,
        option(
            "the host of the servers, which ssh reaches: they are started and observed there, and "
            "loaded from here. It needs Python 3.11; nothing is installed (default: this host)",
            check=check_destination,
            metavar="[USER@]HOST",
        ),
    ] = ""
    serve_address: Annotated[
        str,
        option(
            "the address on which the servers listen, if loaders are on another host (default: "
            "with --serve-on the one that ssh connected to, else that of --master-bind)",
            check=_check_address,
            metavar="ADDRESS",
        ),
    ] = ""
    serve_python: Annotated[
        str,
        option(
            "the interpreter of the agent and of the servers there, such as ~/venv/bin/python "
            "(default: the first of python3, python3.14, … that is recent enough)",
            metavar="PYTHON",
        ),
    ] = ""
    techniques: tuple[Technique, ...] = ()
    claims: tuple[Annotated[Claim, Meta(extra={"read": read_claim})], ...] = ()

    @property
    def p99_ms(self) -> float:
        """The response time that a search, and the report, take for the objective."""
        return P99_MS if self.slo_p99_ms is None else self.slo_p99_ms

    @property
    def mapped(self) -> tuple[str, ...]:
        """The workloads that are for a capacity map alone."""
        return tuple(load.name for load in MAP_WORKLOADS) if self.map else ()

    def ramps(self) -> Iterator[tuple[Workload, int, list[Trial]]]:
        """Each ramp, which fresh server processes live through, with its trials in order.

        The servers take turns within a step, and who goes first changes from step to step
        (A B, B A, …), so that a drifting machine hurts all alike.
        """
        for repeat in range(self.profile.repeats):
            for workload in self.workloads:
                measured = {each.server: self.steps_of(each, workload) for each in self.servers}
                servers = [server for server, steps in measured.items() if steps]
                trials = []
                for position, connections in enumerate(sorted({*chain(*measured.values())})):
                    turn = servers[:: 1 if (position + repeat) % 2 == 0 else -1]
                    trials += [
                        Trial(server, workload.name, repeat, connections)
                        for server in turn
                        if connections in measured[server]
                    ]
                yield workload, repeat, trials

    def steps_of(self, server: PlannedServer, workload: Workload) -> tuple[int, ...]:
        """Where a server is measured under a workload: at the steps that both have."""
        if workload.name not in server.workloads:
            return ()
        own = {each.workload: each.steps for each in self.workload_steps}
        steps = own.get(workload.name, server.steps)
        on_the_map = workload.name in self.mapped
        return tuple(
            step
            for step in server.steps
            if step in steps and (not on_the_map or is_on_the_map(workload, step))
        )

    def searches(self) -> list[tuple[PlannedServer, Workload]]:
        """What to search the most connections of, after the ramps."""
        return [
            (server, workload)
            for workload in self.workloads
            for server in self.servers
            if self.find_max
            and not server.for_techniques
            and self.steps_of(server, workload)
            and workload.name not in self.mapped
        ]

    def time(self) -> dict[Hashable, float]:
        """Roughly how long each trial takes, and each search, in seconds."""
        servers = {each.server: each for each in self.servers}
        times: dict[Hashable, float] = {
            trial: self.seconds(servers[trial.server], workload, trial.connections)
            for workload, _, trials in self.ramps()
            for trial in trials
        }
        for server, workload in self.searches():
            probe_s = self.seconds(server, workload, self.steps_of(server, workload)[-1])
            times[server, workload] = PROBES_PER_SEARCH * probe_s
        return times

    def seconds(self, server: PlannedServer, workload: Workload, connections: int) -> float:
        """Roughly how long a trial takes."""
        profile = self.profile
        warmup_s = profile.warmup_s + WARMUP_SHARE * (profile.warmup_limit_s - profile.warmup_s)
        held_s = warmup_s + profile.seconds
        handler = parse_handler(workload.handler)
        per_connection = SECONDS_PER_CONNECTION + (handler.cpu_s if handler else 0)
        per_connection += SECONDS_PER_THREAD * server.spec.server.threads_per_connection
        per_connection += SECONDS_PER_PROCESS * server.spec.server.processes_per_connection
        return held_s + SECONDS_PER_TRIAL + per_connection * connections


def load_on(spec: "ServerSpec", workload: Workload) -> Workload:
    """The workload as this server is driven with it. Raises ValueError where it cannot serve it."""
    spec.handling(workload.handler)
    return workload.over(spec.server.protocol, spec.server.request)
