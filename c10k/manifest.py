"""The description of a run, as run.json holds it: written from a plan, and read back as one."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from c10k import VERSION, host
from c10k.cpus import CpuSplit
from c10k.experiment import HOST
from c10k.limits import limits_for
from c10k.plan import Plan, Profile
from loadgen.engines import engine_of
from loadgen.workload import Workload
from servers.catalogue import Place, ServerSpec, parse_command, parse_spec
from servers.catalogue.foreign import ForeignProgram


def describe(plan: Plan, cpus: CpuSplit, argv: list[str]) -> dict[str, Any]:
    """Everything about a run but what it will measure."""
    threads = max(spec.server.threads_per_connection for spec in plan.servers)
    return {
        "c10k_version": VERSION,
        "commit": host.commit(),
        "argv": argv,
        "plan": {
            "servers": [_server(spec) for spec in plan.servers],
            "workloads": [asdict(load) | {"loop": load.loop} for load in plan.workloads],
            "steps": list(plan.steps),
            "profile": plan.profile.name,
            "repeats": plan.profile.repeats,
            "windows": plan.profile.windows,
            "window_s": plan.profile.window_s,
            "settle_s": plan.profile.settle_s,
            "settle_limit_s": plan.profile.settle_limit_s,
        },
        "host": host.describe(),
        "versions": host.versions(),
        "engine": engine_of("auto"),
        "cpu_split": asdict(cpus),
        "ceiling": None,  # measured when the run begins
        "limits": {limit.name: limit.value for limit in limits_for(plan.steps[-1], threads)},
        "warnings": host.doubts(cpus),
    }


def plan_of(manifest: Mapping[str, Any]) -> Plan:
    """The plan of a run that is to be resumed. Raises ValueError for a server that this version
    does not know, KeyError for a plan that it cannot read."""
    plan = manifest["plan"]
    workloads = [
        Workload(**{key: value for key, value in load.items() if key != "loop"})
        for load in plan["workloads"]
    ]
    return Plan(
        tuple(_spec(server) for server in plan["servers"]),
        tuple(workloads),
        tuple(plan["steps"]),
        Profile(
            plan["profile"],
            "",
            plan["settle_s"],
            plan.get("settle_limit_s", plan["settle_s"]),  # once there was no limit but a time
            plan["windows"],
            plan["window_s"],
            plan["repeats"],
        ),
    )


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
    return described | {"command": list(spec.launch(Place(HOST)).command)}


def _spec(server: Mapping[str, Any]) -> ServerSpec:
    if "definition" in server:
        return parse_command(server["definition"], Path(server["directory"]))
    return parse_spec(server["label"])
