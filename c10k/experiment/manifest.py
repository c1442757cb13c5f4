"""The description of a run, as run.json holds it: written from a plan, and read back as one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from c10k import VERSION
from c10k.experiment.plan import Plan, PlannedServer
from c10k.experiment.server_host import THIS_HOST, ServerHost
from c10k.experiment.workload_config import arguments_of
from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.loadgen.engines import engine_of
from c10k.loadgen.workload import Workload
from c10k.options import read
from c10k.servers.catalogue.foreign import ForeignProgram


def describe(
    plan: Plan,
    cpus: CpuSplit,
    argv: list[str],
    left_out: Sequence[str] = (),
    host: ServerHost = THIS_HOST,
) -> dict[str, Any]:
    """Everything about a run but what it will measure, and what was asked for and is left out."""
    return {
        "c10k_version": VERSION,
        "commit": _commit(plan),
        "argv": argv,
        **described_plan(plan, host),
        "left_out": list(left_out),
        "host": environment.describe(host.facts),
        "server_host": host.facts,
        "versions": environment.versions(),
        "engine": engine_of("auto"),
        "cpu_split": {"loader": cpus.loader, "server": cpus.server},
        "ceiling": [] if cpus.apart else None,  # measured when the run begins
        "warnings": [*environment.warnings(cpus), *host.warnings()],
    }


def described_plan(plan: Plan, host: ServerHost = THIS_HOST) -> dict[str, Any]:
    """The part that follows from the plan: it changes in a session of `c10k ui`."""
    limits = {
        limit.name: limit.value
        for each in plan.servers
        for limit in host.limits_for(
            each.steps[-1],
            each.spec.server.threads_per_connection,
            each.spec.server.processes_per_connection,
        )
    }
    return {
        "plan": msgspec.to_builtins(plan),
        "servers": [_server(each, host) for each in plan.servers],
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
    against the working tree), or the built-in servers. Programs on another host have none here.
    """
    own = [each.directory for each in plan.servers if each.command]
    if own and plan.serve_on:
        return ""
    return environment.commit(Path(own[-1])) if own else environment.commit()


def _server(server: PlannedServer, host: ServerHost) -> dict[str, Any]:
    """What a report says of a server."""
    spec, program = server.spec, server.spec.server.program
    command = list(program.words) if isinstance(program, ForeignProgram) else host.command(spec)
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
