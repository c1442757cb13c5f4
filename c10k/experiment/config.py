"""An experiment as it is asked for: a file (TOML), and the options that override it.

Both hold the fields of plan.Plan. Here what they name for short becomes servers, workloads and a
profile, so that all that follows sees one form.
"""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from c10k.experiment.claims import check_claims
from c10k.experiment.plan import (
    DEFAULT_SERVERS,
    DEFAULT_WORKLOADS,
    Plan,
    PlannedServer,
    Technique,
    WorkloadSteps,
    check_unique,
)
from c10k.experiment.rate_sweep import MAP_WORKLOADS, NAMED_WORKLOADS
from c10k.experiment.workload_config import own_workload, paced, sized
from c10k.options import Where, read
from c10k.results.shipped_claims import shipped_claims
from c10k.servers.catalogue import parse_command

LARGEST_FILE: Final = 1 << 20
INTERPRETERS: Final = (
    *("python3.11", "python3.12", "python3.13", "python3.13t", "python3.14", "python3.14t"),
    "pypy3",
)
"""Those that interpreters = "found" looks for."""
T = TypeVar("T", PlannedServer, Technique)
MAPPED: Final = tuple(load.name for load in MAP_WORKLOADS)


def content_of(path: Path) -> dict[str, Any]:
    """The content of an experiment file. Raises ValueError, in one line, where it is not TOML."""
    try:
        with path.open("rb") as file:  # a pipe too, which may have no end
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ValueError(f"it is larger than {LARGEST_FILE >> 20} MiB")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # of its encoding too
        raise ValueError(f"{path} is not TOML: {error}") from None


def overridden(content: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A file's content with the command line's options in the place of its own.

    Servers that are named there are all that is measured, and workloads hold for techniques too;
    those that the file describes may be named. Steps hold for every workload. Any of these leaves
    out the file's claims.
    """
    changed, given = dict(content), dict(options)
    if options.keys() & {"servers", "commands", "workloads", "rate", "size", "steps"}:
        changed.pop("claims", None)  # they are of what the file measures
    if "steps" in options and isinstance(loads := changed.get("workloads"), list):
        changed["workloads"] = _without_steps(loads)
    if options.keys() & {"servers", "commands"}:
        for key in ("servers", "commands", "techniques", "interpreters"):
            changed.pop(key, None)
    if not options.keys() & {"workloads", "rate"}:
        return changed | given
    described = changed.pop("workloads", ())
    if "workloads" in given and isinstance(described, list):
        own = {table.get("name"): table for table in described if isinstance(table, dict)}
        given["workloads"] = [own.get(name, name) for name in given["workloads"]]
    changed.pop("rate", None)
    if isinstance(techniques := changed.get("techniques"), list):
        changed["techniques"] = [
            {key: value for key, value in table.items() if key != "workloads"}
            if isinstance(table, dict)
            else table
            for table in techniques
        ]
    return changed | given


def plan_of(content: Mapping[str, Any], where: Where) -> Plan:
    """The plan that is asked for, complete: every server has its steps and workloads.

    What this machine cannot measure is still in it. Raises ValueError for an unknown key or an
    invalid value; the message begins with `where` of the key.
    """
    asked = _read(content, where)
    if asked.serve_python and not asked.serve_on:
        raise ValueError(
            f"{where('serve-python')}: it is for a server on another host: give serve-on"
        )
    known = {name: sized(load, asked.size) for name, load in NAMED_WORKLOADS.items()}
    known |= {load.name: load for load in asked.workloads}
    names = tuple(load.name for load in asked.workloads) or DEFAULT_WORKLOADS
    techniques = [
        _complete(each, names, asked.steps, known, f"{where('techniques')}: {each.name}")
        for each in asked.techniques
    ]
    check_unique([each.name for each in techniques], f"{where('techniques')}: technique")
    servers = [
        _complete(each, names, asked.steps, known, f"{where('servers')}: {each.server}")
        for each in _servers(asked, where)
    ]
    claims = asked.claims or shipped_claims()
    claimed = [name for claim in claims for name in claim.techniques]
    servers = _with_sides(servers, techniques, claimed, where("techniques"))
    if asked.map:
        servers = [each if each.for_techniques else _with(each, MAPPED) for each in servers]
    profile = asked.profile
    if asked.duration is not None:
        profile = replace(profile, window_s=asked.duration / profile.windows)
    if asked.repeat is not None:
        profile = replace(profile, repeats=asked.repeat)
    for each in asked.workload_steps:
        if unmeasured := {*each.steps}.difference(*(server.steps for server in servers)):
            raise ValueError(
                f"{where('workloads')}: {each.workload}: steps: no server is measured at "
                f"{min(unmeasured)}"
            )
    plan = replace(
        asked,
        workloads=tuple(known.values()),
        profile=profile,
        techniques=tuple(techniques),
        # What these ask for is in the servers, workloads and profile now.
        **dict.fromkeys(("size", "duration", "repeat")),
        **dict.fromkeys(("commands", "interpreters", "rate"), ()),
    )
    plan = whole(plan, servers)
    check_claims(plan.claims, plan, where)
    return plan


def whole(plan: Plan, servers: Iterable[PlannedServer]) -> Plan:
    """The plan with these servers, and with the workloads and steps that these have."""
    servers = tuple(servers)
    known = {load.name: load for load in plan.workloads}
    used = dict.fromkeys(name for each in servers for name in each.workloads)
    steps = {step for each in servers for step in each.steps}
    return replace(
        plan,
        servers=servers,
        workloads=tuple(known[name] for name in used),
        steps=tuple(sorted(steps)),
    )


def _read(content: Mapping[str, Any], where: Where) -> Plan:
    """Read what is asked for; its workloads include those of --rate, and have their sizes."""
    given = content.get("workloads", ())
    if isinstance(given, list | tuple):
        own = [
            _own_steps(each, where)
            for each in given
            if isinstance(each, Mapping) and {"name", "steps"} <= each.keys()
        ]
        given = _without_steps(given)
        described = [_described(each, where) for each in given]
        content = {**content, "workloads": described, "workload-steps": own}
    if isinstance(found := content.get("interpreters"), str):
        if found != "found":
            raise ValueError(f'{where("interpreters")}: must be "found" or a list, not {found!r}')
        content = {**content, "interpreters": found_interpreters()}
    asked = read(Plan, content, where)
    loads = [
        load if _has_size(item) else sized(load, asked.size)
        for load, item in zip(asked.workloads, given, strict=True)
    ]
    try:
        loads += [sized(paced(rate), asked.size) for rate in asked.rate]
    except ValueError as error:
        raise ValueError(f"{where('rate')}: {error}") from None
    check_unique([load.name for load in loads], f"{where('workloads')}: workload")
    return replace(asked, workloads=tuple(loads))


def _without_steps(loads: Iterable[Any]) -> list[Any]:
    """The workloads of a file without the steps of their own."""
    return [
        {key: value for key, value in load.items() if key != "steps"}
        if isinstance(load, Mapping)
        else load
        for load in loads
    ]


def _own_steps(load: Mapping[str, Any], where: Where) -> WorkloadSteps:
    """The steps of a workload that has its own."""
    name = str(load["name"])[:60]
    table = {"workload": name, "steps": load["steps"]}
    return read(WorkloadSteps, table, lambda key: f"{where('workloads')}: {name}: {key}")


def _described(item: object, where: Where) -> object:
    """The workload that a table of a file describes; a name stays a name."""
    if not isinstance(item, Mapping):
        return item
    if item.keys() == {"name"}:
        return item["name"]
    try:
        return own_workload(item)
    except ValueError as error:
        raise ValueError(f"{where('workloads')}: {error}") from None


def _has_size(item: object) -> bool:
    return "size" in item if isinstance(item, Mapping) else ",size=" in str(item)


def _complete(
    each: T, names: tuple[str, ...], steps: tuple[int, ...], known: Collection[str], where: str
) -> T:
    """A server or technique with these workloads and steps, unless it has its own."""
    for name in each.workloads:
        if name not in known:
            there = ", ".join(known)
            raise ValueError(f"{where}: unknown workload {name[:60]!r}; there are {there}")
    return replace(each, workloads=each.workloads or names, steps=each.steps or steps)


def _servers(asked: Plan, where: Where) -> list[PlannedServer]:
    """The servers, the same on each of the interpreters, if they are Python's, and the commands.

    Techniques bring servers of their own.
    """
    alone = asked.servers or asked.commands or asked.techniques
    servers = []
    for each in asked.servers if alone else map(PlannedServer, DEFAULT_SERVERS):
        servers.append(each)
        if "python" in each.spec.server.options and "python" not in each.spec.options:
            servers += [
                replace(each, server=f"{each.server},python={interpreter}")
                for interpreter in asked.interpreters
            ]
    directory = Path.cwd()
    for definition in asked.commands:
        try:
            label = parse_command(definition, directory).text
        except ValueError as error:
            raise ValueError(f"{where('commands')}: {error}") from None
        servers.append(PlannedServer(label, definition, str(directory)))
    check_unique([each.server for each in servers], f"{where('servers')}: server")
    return servers


def _with(server: PlannedServer, names: Iterable[str]) -> PlannedServer:
    return replace(server, workloads=tuple(dict.fromkeys((*server.workloads, *names))))


def _with_sides(
    servers: Iterable[PlannedServer],
    techniques: Iterable[Technique],
    claimed: Collection[str],
    where: str,
) -> list[PlannedServer]:
    """The servers, and those that techniques bring, under the workloads of these too."""
    found = {each.server: each for each in servers}
    for technique in techniques:
        if technique.claim and technique.claim not in claimed:
            known = ", ".join(claimed) or "left out: no claim here is about a technique"
            raise ValueError(
                f"{where}: {technique.name}: claim: must be {known}, not {technique.claim!r}"
            )
        for label in technique.sides:
            own = PlannedServer(label, steps=technique.steps, for_techniques=True)
            try:
                _ = own.spec
            except ValueError as error:
                raise ValueError(f"{where}: {technique.name}: {error}") from None
            found[label] = _with(found.get(label, own), technique.workloads)
    return list(found.values())


def found_interpreters() -> tuple[str, ...]:
    """Those of INTERPRETERS that run here, but for the one that runs this.

    To be on the PATH is not enough: a version manager puts programs there that only complain.
    """
    found: dict[str, str] = {}
    for name in filter(shutil.which, INTERPRETERS):
        shown = subprocess.run(
            [name, "-c", "import sys; print(sys.version)"],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        if shown.returncode == 0 and shown.stdout.rstrip("\n") != sys.version:
            found.setdefault(shown.stdout, name)
    return tuple(found.values())
