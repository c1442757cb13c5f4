"""What `c10k ab` is asked for: the keys of a file, which options of the command line override."""

from typing import Annotated, Final

from msgspec import Struct

from c10k.experiment import workload_config
from c10k.experiment.plan import Name
from c10k.experiment.profile import Duration
from c10k.loadgen.option import option
from c10k.loadgen.workload import WORKLOADS, Workload
from c10k.results.metrics import METRICS
from c10k.servers.framework.quantities import share

MOST_CONNECTIONS: Final = 1_000_000


class Margin(Struct, frozen=True, forbid_unknown_fields=True):
    """Within which share two values of a metric count as the same."""

    metric: str
    within: float


def _margin(text: str) -> Margin:
    """Read METRIC=N%. Raises ValueError."""
    name, _, value = (part.strip() for part in text.partition("="))
    if name not in METRICS:
        raise ValueError(f"there is no metric {name[:40]!r}; there are {', '.join(METRICS)}")
    if not (within := share(value)):
        raise ValueError(f"a margin is above 0%; got {value!r}")
    return Margin(name, within)


_COMMAND: Final = (
    "as for `c10k run`, such as 'mine=./server --port {port}' or "
    "'web,protocol=http,path=/=./server --port {port}'"
)


class Request(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """Which two servers are compared, under which load, and for how long."""

    base: Annotated[
        Name | None, option("what to compare with: a built-in server, SPEC", metavar="SPEC")
    ] = None
    head: Annotated[
        Name | None, option("what is compared with it: a built-in server, SPEC", metavar="SPEC")
    ] = None
    base_command: Annotated[
        Name | None,
        option(f"what to compare with: a program of yours, {_COMMAND}", metavar="NAME=CMDLINE"),
    ] = None
    head_command: Annotated[
        Name | None,
        option("what is compared with it: a program of yours", metavar="NAME=CMDLINE"),
    ] = None
    command: Annotated[
        Name | None,
        option(
            "with --base-ref: a program of yours that is run in both checkouts",
            metavar="NAME=CMDLINE",
        ),
    ] = None
    base_ref: Annotated[
        Name | None,
        option(
            "take the base from this commit, branch or tag of the git repository here, checked out "
            "elsewhere; the head is the working tree",
            metavar="GIT_REF",
        ),
    ] = None
    setup: Annotated[
        Name | None,
        option(
            "with --base-ref: a shell command that makes a checkout ready, as 'pip install .'. "
            "It runs for both, each in a virtual environment of its own; so does the program",
            metavar="CMD",
        ),
    ] = None
    workload: Annotated[
        Workload,
        option(
            "; ".join(f"{load.name}: {load.summary}" for load in WORKLOADS.values())
            + "; or one of your own, NAME,key=value… (default: saturated)",
            workload_config.from_text,
            metavar="NAME",
            default=None,
        ),
    ] = WORKLOADS["saturated"]
    connections: Annotated[
        int, option("at once", "count", ge=1, le=MOST_CONNECTIONS, metavar="N")
    ] = 200
    duration: Annotated[Duration, option("time for which each server is loaded in a pair")] = 1.2
    budget: Annotated[
        Duration, option("time for all pairs; it ends earlier when every metric has its verdict")
    ] = 300.0
    margin: Annotated[
        tuple[Annotated[Margin, option("", _margin)], ...],
        option(
            "within which two values of a metric count as the same, such as cpu=5%; repeat for "
            "more (default: "
            + ", ".join(f"{each.name}={each.margin:.0%}" for each in METRICS.values())
            + ")",
            metavar="METRIC=N%",
        ),
    ] = ()
