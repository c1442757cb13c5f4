"""The description of a run, as run.json holds it: written from a plan, and read back as one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from c10k import VERSION
from c10k.experiment.plan import Plan, Profile, Technique
from c10k.experiment.runner import HOST
from c10k.experiment.workload_config import arguments_of
from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.host.limits import limits_for
from c10k.loadgen.engines import engine_of
from c10k.loadgen.workload import Workload
from c10k.results.slo import P99_MS
from c10k.servers.catalogue import Endpoint, ServerSpec, parse_command, parse_spec
from c10k.servers.catalogue.foreign import ForeignProgram


def describe(
    plan: Plan, cpus: CpuSplit, argv: list[str], left_out: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything about a run but what it will measure, and what was asked for and is left out."""
    limits = {
        limit.name: limit.value
        for spec in plan.servers
        for limit in limits_for(
            plan.steps_of(spec)[-1],
            spec.server.threads_per_connection,
            spec.server.processes_per_connection,
        )
    }
    return {
        "c10k_version": VERSION,
        "commit": environment.commit(),
        "argv": argv,
        "plan": plan_described(plan, left_out),
        "host": environment.describe(),
        "versions": environment.versions(),
        "engine": engine_of("auto"),
        "cpu_split": asdict(cpus),
        "ceiling": None,  # measured when the run begins
        "limits": limits,
        "warnings": environment.warnings(cpus),
    }


def plan_described(plan: Plan, left_out: Sequence[str]) -> dict[str, Any]:
    """A plan as run.json holds it, and what is left out of it."""
    return {
        "servers": [
            _server(spec)
            | {
                "protocol": spec.server.protocol,
                "limits": spec.limits,
                "workloads": list(plan.workloads_of(spec)),
                "steps": list(plan.steps_of(spec)),
            }
            for spec in plan.servers
        ],
        "workloads": [workload_described(load) for load in plan.workloads],
        "steps": list(plan.steps),
        "profile": plan.profile.name,
        "repeats": plan.profile.repeats,
        "windows": plan.profile.windows,
        "window_s": plan.profile.window_s,
        "warmup_s": plan.profile.warmup_s,
        "warmup_limit_s": plan.profile.warmup_limit_s,
        "techniques": [asdict(technique) for technique in plan.techniques],
        "find_max": plan.find_max,
        "slo_p99_ms": plan.slo_p99_ms,
        "objective": plan.objective,
        "mapped": list(plan.mapped),
        "for_techniques": list(plan.for_techniques),
        "left_out": list(left_out),
    }


def plan_of(manifest: Mapping[str, Any]) -> Plan:
    """The plan of a run that is to be resumed. Raises ValueError for a server that this version
    does not know, KeyError for a plan that it cannot read."""
    plan = manifest["plan"]
    servers = plan["servers"]
    return Plan(
        tuple(map(_spec, servers)),
        tuple(map(workload_of, plan["workloads"])),
        tuple(plan["steps"]),
        Profile(
            plan["profile"],
            "",
            plan["warmup_s"],
            plan.get("warmup_limit_s", plan["warmup_s"]),  # once there was no limit but a time
            plan["windows"],
            plan["window_s"],
            plan["repeats"],
        ),
        {
            server["label"]: tuple(server["workloads"])
            for server in servers
            if "workloads" in server
        },
        {server["label"]: tuple(server["steps"]) for server in servers if "steps" in server},
        tuple(
            Technique(
                **technique | {key: tuple(technique.get(key, ())) for key in ("workloads", "steps")}
            )
            for technique in plan.get("techniques", ())
        ),
        plan.get("find_max", False),
        plan.get("slo_p99_ms", P99_MS),
        tuple(plan.get("mapped", ())),
        tuple(plan.get("for_techniques", ())),
        plan.get("objective", False),
    )


def workload_described(load: Workload) -> dict[str, Any]:
    """A workload as run.json holds it; what it adds for reports follows from the fields."""
    return asdict(load) | {"loop": load.loop, "arguments": arguments_of(load)}


def workload_of(described: Mapping[str, Any]) -> Workload:
    """The workload again."""
    added = ("loop", "arguments")
    return Workload(**{key: value for key, value in described.items() if key not in added})


def _server(spec: ServerSpec) -> dict[str, Any]:
    """What a report says of a server, and what makes its SPEC again."""
    described: dict[str, Any] = {
        "label": spec.text,
        "name": spec.server.name,
        "model": spec.server.model,
        "language": spec.server.language,
    }
    program = spec.server.program
    if isinstance(program, ForeignProgram):
        return described | {
            "command": list(program.words),
            "definition": program.definition,
            "directory": str(program.directory),
        }
    return described | {"command": list(spec.launch(Endpoint(HOST)).command)}


def _spec(server: Mapping[str, Any]) -> ServerSpec:
    if "definition" in server:
        return parse_command(server["definition"], Path(server["directory"]))
    return parse_spec(server["label"])
