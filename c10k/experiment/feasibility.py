"""Reduces a plan to what this machine can measure, and says what it leaves out and why.

What was named on the command line is measured or refused. What a file names, or nobody does, is
left out where it cannot be measured, with a line that says so.
"""

from collections.abc import Container, Iterable
from functools import partial
from typing import Final

from msgspec.structs import replace

from c10k.experiment.config import whole
from c10k.experiment.plan import Plan, PlannedServer, Technique, load_on
from c10k.experiment.server_host import THIS_HOST, ServerHost
from c10k.host.limits import Limit, LoaderLimits, loader_limits, shortfalls
from c10k.loadgen.workload import ECHOING
from c10k.outcome import CommandError, Status
from c10k.reports.wording import joined

MOST_TRIALS: Final = 100_000


def feasible(
    asked: Plan,
    named: Container[str] = (),
    host: ServerHost = THIS_HOST,
    loader: LoaderLimits = loader_limits,
) -> tuple[Plan, list[str]]:
    """What of a plan can be measured here, and a line for each thing that is left out.

    `named` are the keys (servers, commands, workloads, …) that the command line gave. Raises
    CommandError for what of these cannot be measured, and where nothing is left.
    """
    left_out: list[str] = []
    servers = _serving(asked, _able(asked.servers, left_out, named, host), left_out, named)
    if "size" in named and all(each.spec.server.protocol not in ECHOING for each in servers):
        raise CommandError("--size is for servers that echo; those asked for here do not")
    servers = _within_limits(servers, left_out, host, loader, fit=asked.fit)
    plan = whole(asked, servers)
    plan = replace(plan, techniques=_comparable(plan, left_out))
    trials = sum(len(each.workloads) * len(each.steps) for each in plan.servers)
    if (trials := trials * plan.profile.repeats) > MOST_TRIALS:
        raise CommandError(
            f"{trials:,} steps of servers, workloads and repeats are more than the "
            f"{MOST_TRIALS:,} of one run: ask for fewer"
        )
    return plan, left_out


def check_limits(
    plan: Plan, host: ServerHost = THIS_HOST, loader: LoaderLimits = loader_limits
) -> None:
    """Raises CommandError where limits forbid a step of a plan made before."""
    _within_limits(plan.servers, [], host, loader, fit=False)


def for_loader(plan: Plan, left_out: list[str], host: ServerHost, loader: LoaderLimits) -> Plan:
    """What of a feasible plan can be measured with a loader that is known only now.

    Lines are added for what is left out. Raises CommandError as `feasible` does.
    """
    return whole(plan, _within_limits(plan.servers, left_out, host, loader, fit=plan.fit))


def _able(
    servers: Iterable[PlannedServer], left_out: list[str], named: Container[str], host: ServerHost
) -> list[PlannedServer]:
    """The servers that can run here."""
    able = []
    for each in servers:
        if missing := host.missing(each.spec):
            left_out.append(f"{each.server} cannot run {host.place}: {missing}")
            if "servers" in named or "commands" in named:
                raise CommandError(left_out[-1], Status.UNABLE)
        else:
            able.append(each)
    if not able:
        raise CommandError("; ".join(left_out) or "no server is asked for", Status.UNABLE)
    return able


def _serving(
    plan: Plan, servers: Iterable[PlannedServer], left_out: list[str], named: Container[str]
) -> list[PlannedServer]:
    """The servers that can serve at least one workload, each with those that it can.

    A map's workloads are not named by anybody: what a server cannot serve of them is dropped.
    """
    known = {load.name: load for load in plan.workloads}
    serving = []
    unserved: dict[str, list[str]] = {}  # workload -> why no server can serve it
    for each in servers:
        able = []
        unable: dict[str, list[str]] = {}  # reason -> workloads
        for name in each.workloads:
            try:
                load_on(each.spec, known[name])
                able.append(name)
            except ValueError as error:
                if name not in plan.mapped:
                    unable.setdefault(str(error), []).append(name)
        for reason, names in unable.items():
            left_out.append(f"{each.server} cannot serve {joined(names)}: {reason}")
            for name in names:
                unserved.setdefault(name, []).append(left_out[-1])
        if able:
            serving.append(replace(each, workloads=tuple(able)))
        elif "servers" in named or "commands" in named:
            raise CommandError(left_out[-1])
    for name in (name for each in serving for name in each.workloads):
        unserved.pop(name, None)
    if not serving or (unserved and ("workloads" in named or "rate" in named)):
        reasons = dict.fromkeys(line for lines in unserved.values() for line in lines)
        raise CommandError("; ".join(reasons) or "no workload is asked for")
    return serving


def _within_limits(
    servers: Iterable[PlannedServer],
    left_out: list[str],
    host: ServerHost,
    loader: LoaderLimits,
    *,
    fit: bool,
) -> list[PlannedServer]:
    """The servers with the steps that this machine's limits allow.

    A step that is too large for the loader or for a server's threads is left out for all, and that
    only with `fit`. What a server's processes need of memory is its own matter.
    """
    servers, limits = list(servers), partial(host.limits_for, loader=loader)
    short: dict[int, list[Limit]] = {}
    for each in servers:
        threads = each.spec.server.threads_per_connection
        short |= shortfalls(each.steps, threads, limits=limits)
    if short:
        largest = max(short)
        reasons = "; ".join(map(str, short[largest]))
        fits = any(step not in short for each in servers for step in each.steps)
        if not fit or not fits:
            hint = "; or leave such steps out with --fit" if fits else ""
            raise CommandError(
                f"{largest:,} connections do not fit: {reasons}{hint}", Status.UNABLE
            )
        left_out.append(f"{_numbers(short)} connections: {reasons}")
    fitting = []
    for each in servers:
        server = each.spec.server
        over = shortfalls(
            each.steps,
            server.threads_per_connection,
            server.processes_per_connection,
            limits,
        )
        if own := over.keys() - short.keys():
            reasons = "; ".join(map(str, over[min(own)]))
            left_out.append(f"{each.server} at {_numbers(own)} connections: {reasons}")
        if steps := tuple(step for step in each.steps if step not in over):
            fitting.append(replace(each, steps=steps))
    if not fitting:
        raise CommandError("; ".join(left_out), Status.UNABLE)
    return fitting


def _numbers(steps: Iterable[int]) -> str:
    return ", ".join(f"{step:,}" for step in sorted(steps))


def _comparable(plan: Plan, left_out: list[str]) -> tuple[Technique, ...]:
    """The techniques of which both sides are measured, each with the workloads that both serve."""
    served = {each.server: each.workloads for each in plan.servers}
    comparable = []
    for technique in plan.techniques:
        sides = [served.get(label, ()) for label in technique.sides]
        common = tuple(name for name in technique.workloads if all(name in side for side in sides))
        if common:
            comparable.append(replace(technique, workloads=common))
        else:
            left_out.append(f"the technique {technique.name!r}: one side of it cannot be measured")
    return tuple(comparable)
