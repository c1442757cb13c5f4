"""The description of a run, as run.json holds it: written from a plan, and read back as one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from c10k import VERSION
from c10k.experiment.plan import Plan, PlannedServer
from c10k.experiment.runner import HOST
from c10k.experiment.workload_config import arguments_of
from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.host.limits import limits_for
from c10k.loadgen.engines import engine_of
from c10k.loadgen.workload import Workload
from c10k.options import read
from c10k.servers.catalogue import Endpoint
from c10k.servers.catalogue.foreign import ForeignProgram


def describe(
    plan: Plan, cpus: CpuSplit, argv: list[str], left_out: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything about a run but what it will measure, and what was asked for and is left out."""
    return {
        "c10k_version": VERSION,
        "commit": _commit(plan),
        "argv": argv,
        **described_plan(plan),
        "left_out": list(left_out),
        "host": environment.describe(),
        "versions": environment.versions(),
        "engine": engine_of("auto"),
        "cpu_split": asdict(cpus),
        "ceiling": None,  # measured when the run begins
        "warnings": environment.warnings(cpus),
    }


def described_plan(plan: Plan) -> dict[str, Any]:
    """The part that follows from the plan: it changes in a session of `c10k ui`."""
    limits = {
        limit.name: limit.value
        for each in plan.servers
        for limit in limits_for(
            each.steps[-1],
            each.spec.server.threads_per_connection,
            each.spec.server.processes_per_connection,
        )
    }
    return {
        "plan": msgspec.to_builtins(plan),
        "servers": list(map(_server, plan.servers)),
        "workloads": list(map(_workload, plan.workloads)),
        "mapped": list(plan.mapped),
        "slo_p99_ms": plan.p99_ms,
        "limits": limits,
    }


def plan_of(manifest: Mapping[str, Any]) -> Plan:
    """The plan of a run that is to be resumed. Raises ValueError for one that cannot be read, as by
    a version that does not know a server of it.
    """
    plan: Plan = read(Plan, manifest["plan"], str)
    return plan


def _commit(plan: Plan) -> str:
    """The commit of what is measured: programs of the user's (the last, where a checkout stands
    against the working tree), or the built-in servers.
    """
    own = [each.directory for each in plan.servers if each.command]
    return environment.commit(Path(own[-1])) if own else environment.commit()


def _server(server: PlannedServer) -> dict[str, Any]:
    """What a report says of a server."""
    spec, program = server.spec, server.spec.server.program
    if isinstance(program, ForeignProgram):
        command = list(program.words)
    else:
        command = list(spec.launch(Endpoint(HOST)).command)
    return {
        "label": server.server,
        "name": spec.server.name,
        "model": spec.server.model,
        "language": spec.server.language,
        "protocol": spec.server.protocol,
        "limits": spec.limits,
        "command": command,
        "definition": server.command,
    }


def _workload(load: Workload) -> dict[str, Any]:
    """What a report says of a workload, and how it is asked for on the command line."""
    return {
        "name": load.name,
        "summary": load.summary,
        "active": load.active,
        "plain": (load.protocol, load.active, load.messages_per_connection, load.handler)
        == ("echo", 1.0, None, "none"),
        "arguments": arguments_of(load),
    }
