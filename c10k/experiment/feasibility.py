"""From what is asked for to a plan of what this machine can measure, and why the rest is left out.

What was named on the command line is measured or refused. What a file names, or nobody does, is
left out where it cannot be measured, with a line that says so.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from c10k.experiment.config import Settings
from c10k.experiment.plan import MOST_TRIALS, Plan, Technique, load_on
from c10k.experiment.rate_sweep import MAP_WORKLOADS
from c10k.host.limits import Limit, shortfalls
from c10k.loadgen.workload import Workload
from c10k.outcome import CommandError, Status
from c10k.reports.wording import joined
from c10k.servers.catalogue import ServerSpec, parse_spec


@dataclass
class Part:
    """What one server is to be put through; it is `asked` for unless techniques bring it."""

    spec: ServerSpec
    steps: tuple[int, ...]
    workloads: list[Workload]
    asked: bool = True

    @property
    def label(self) -> str:
        """The server's, in plan and results."""
        return self.spec.text


def planned(settings: Settings, named: Container[str] = ()) -> tuple[Plan, list[str]]:
    """The plan, and a line for each thing that it leaves out.

    `named` are the keys of the settings (servers, commands, workloads) that the command line gave.
    Raises CommandError for what of these cannot be measured, and where nothing is left.
    """
    left_out: list[str] = []
    strict = "servers" in named or "commands" in named
    parts = _parts(settings)
    parts = _able(parts, left_out, strict=strict)
    parts = _serving(parts, left_out, named, strict=strict)
    if "size" in named and all(part.spec.server.protocol != "echo" for part in parts):
        raise CommandError("--size is for servers that echo; those asked for here do not")
    parts = _within_limits(parts, left_out, fit=settings.fit)
    mapped = _mapped(parts, settings.known) if settings.map else ()
    techniques = _comparable(settings.techniques, parts, left_out)
    plan = Plan(
        tuple(part.spec for part in parts),
        tuple(dict.fromkeys(load for part in parts for load in part.workloads)),
        tuple(sorted({step for part in parts for step in part.steps})),
        settings.profile,
        {part.label: tuple(load.name for load in part.workloads) for part in parts},
        {part.label: part.steps for part in parts},
        techniques,
        settings.find_max,
        settings.slo_p99_ms,
        mapped,
        tuple(part.label for part in parts if not part.asked),
        settings.objective,
    )
    if plan.most_trials > MOST_TRIALS:
        raise CommandError(
            f"{plan.most_trials:,} steps of servers, workloads and repeats are more than the "
            f"{MOST_TRIALS:,} of one run: ask for fewer"
        )
    return plan, left_out


def check_limits(plan: Plan) -> None:
    """Raises CommandError where this machine's limits forbid a step of a plan made before."""
    parts = [Part(spec, plan.steps_of(spec), []) for spec in plan.servers]
    _within_limits(parts, [], fit=False)


def _parts(settings: Settings) -> list[Part]:
    """Every server that is asked for, those of the techniques too."""
    parts = {
        asked.spec.text: Part(asked.spec, asked.steps or settings.steps, list(settings.workloads))
        for asked in settings.servers
    }
    for technique in settings.techniques:
        for label in technique.sides:
            own = Part(parse_spec(label), technique.steps or settings.steps, [], asked=False)
            part = parts.setdefault(label, own)
            wanted = [settings.known[name] for name in technique.workloads]
            part.workloads += [load for load in wanted if load not in part.workloads]
    return list(parts.values())


def _able(parts: Iterable[Part], left_out: list[str], *, strict: bool) -> list[Part]:
    """The servers that can run here."""
    able = []
    for part in parts:
        if missing := part.spec.missing:
            left_out.append(f"{part.label} cannot run here: {missing}")
            if strict:
                raise CommandError(left_out[-1], Status.UNABLE)
        else:
            able.append(part)
    if not able:
        raise CommandError("; ".join(left_out) or "no server is asked for", Status.UNABLE)
    return able


def _serving(
    parts: Iterable[Part], left_out: list[str], named: Container[str], *, strict: bool
) -> list[Part]:
    """The servers that can serve at least one workload, each with those that it can."""
    serving = []
    unserved: dict[str, list[str]] = {}  # workload -> why no server can serve it
    for part in parts:
        obstacles = {load.name: _obstacle(part.spec, load) for load in part.workloads}
        part.workloads = [load for load in part.workloads if not obstacles[load.name]]
        serving += [part] * bool(part.workloads)
        for reason in dict.fromkeys(filter(None, obstacles.values())):
            names = [name for name, each in obstacles.items() if each == reason]
            left_out.append(f"{part.label} cannot serve {joined(names)}: {reason}")
            for name in names:
                unserved.setdefault(name, []).append(left_out[-1])
        if not part.workloads and strict:
            raise CommandError(left_out[-1])
    for load in (load for part in serving for load in part.workloads):
        unserved.pop(load.name, None)
    if not serving or (unserved and ("workloads" in named or "rate" in named)):
        reasons = dict.fromkeys(line for lines in unserved.values() for line in lines)
        raise CommandError("; ".join(reasons) or "no workload is asked for")
    return serving


def _obstacle(spec: ServerSpec, workload: Workload) -> str:
    try:
        load_on(spec, workload)
    except ValueError as error:
        return str(error)
    return ""


def _within_limits(parts: Iterable[Part], left_out: list[str], *, fit: bool) -> list[Part]:
    """The servers with the steps that this machine's limits allow.

    A step that is too large for the loader or for a server's threads is left out for all, and that
    only with `fit`. What a server's processes need of memory is its own matter.
    """
    short: dict[int, list[Limit]] = {}
    for part in parts:
        short |= shortfalls(part.steps, part.spec.server.threads_per_connection)
    if short:
        largest = max(short)
        reasons = _because(short[largest])
        fits = any(step not in short for part in parts for step in part.steps)
        if not fit or not fits:
            hint = "; or leave such steps out with --fit" if fits else ""
            raise CommandError(
                f"{largest:,} connections do not fit: {reasons}{hint}", Status.UNABLE
            )
        left_out.append(f"{_numbers(short)} connections: {reasons}")
    fitting = []
    for part in parts:
        each = part.spec.server
        over = shortfalls(part.steps, each.threads_per_connection, each.processes_per_connection)
        if own := over.keys() - short.keys():
            reasons = _because(over[min(own)])
            left_out.append(f"{part.label} at {_numbers(own)} connections: {reasons}")
        part.steps = tuple(step for step in part.steps if step not in over)
        fitting += [part] * bool(part.steps)
    if not fitting:
        raise CommandError("; ".join(left_out), Status.UNABLE)
    return fitting


def _mapped(parts: Iterable[Part], known: Mapping[str, Workload]) -> tuple[str, ...]:
    """The names of the map's workloads, which each server that is asked for gets, if it can serve
    them.
    """
    loads = [known[load.name] for load in MAP_WORKLOADS]
    for part in (part for part in parts if part.asked):
        part.workloads += [
            load for load in loads if load not in part.workloads and not _obstacle(part.spec, load)
        ]
    return tuple(load.name for load in MAP_WORKLOADS)


def _because(limits: Iterable[Limit]) -> str:
    return "; ".join(map(str, limits))


def _numbers(steps: Iterable[int]) -> str:
    return ", ".join(f"{step:,}" for step in sorted(steps))


def _comparable(
    techniques: Iterable[Technique], parts: Iterable[Part], left_out: list[str]
) -> tuple[Technique, ...]:
    """The techniques of which both sides are measured, each with the workloads that both serve."""
    served = {part.label: [load.name for load in part.workloads] for part in parts}
    comparable = []
    for technique in techniques:
        sides = [served.get(label, []) for label in technique.sides]
        common = tuple(name for name in technique.workloads if all(name in side for side in sides))
        if common:
            comparable.append(replace(technique, workloads=common))
        else:
            left_out.append(f"the technique {technique.name!r}: one side of it cannot be measured")
    return tuple(comparable)
