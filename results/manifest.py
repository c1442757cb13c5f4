"""The description of a run, run.json: what its keys hold, and its check.

The structs name what a report reads; all else may be as it likes. The plan is an excerpt: the whole
of it belongs to `c10k.experiment.plan`.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, MsgspecError, Struct, convert, field

from c10k.results.claims import Claim
from c10k.results.schema import LIMIT, Count, RunError

RUN_SCHEMA: Final = "c10k.run/2"

FINGERPRINT: Final = ("cpu_model", "cpus", "memory_bytes", "kernel", "python")
"""The facts of the host by which machines count as the same."""

Number = Annotated[float, Meta(gt=-LIMIT, lt=LIMIT)]
Fact = bool | str | Number | None


class ServerDescription(Struct):
    """A server of the plan, by its label, and what starts it."""

    label: str = ""
    name: str = ""
    model: str = ""
    language: str = ""
    protocol: str = ""
    command: str | list[str] = ""
    definition: str = ""
    limits: dict[str, Number] = {}


class WorkloadDescription(Struct):
    """A workload of the plan, and the arguments that ask for it on the command line."""

    name: str = ""
    summary: str = ""
    plain: bool = True
    active: Number = 1.0
    arguments: list[str] = []


class PlannedServerExcerpt(Struct):
    """Under which workloads and at which steps a server is measured."""

    server: str = ""
    workloads: list[str] = []
    steps: list[Count] = []


class WorkloadStepsExcerpt(Struct):
    """A workload that has steps of its own."""

    workload: str = ""
    steps: list[Count] = []


class ProfileExcerpt(Struct, rename="kebab"):
    """How long and how often is measured."""

    name: str = ""
    repeats: Count = 1
    windows: Count = 1
    window_s: Number = 0.0
    warmup_s: Number = 0.0
    warmup_limit_s: Number = 0.0


class TechniqueExcerpt(Struct):
    """Two servers that differ in one technique."""

    name: str
    with_it: str = field(name="with")
    without_it: str = field(name="without")
    workloads: list[str]
    claim: str = ""


class PlanExcerpt(Struct, rename="kebab"):
    """What a report reads of the plan."""

    servers: list[PlannedServerExcerpt] = []
    steps: list[Count] = []
    workload_steps: list[WorkloadStepsExcerpt] = []
    profile: ProfileExcerpt = field(default_factory=ProfileExcerpt)
    techniques: list[TechniqueExcerpt] = []
    claims: list[Claim] = []


class CeilingPoint(Struct):
    """The loader ceiling at a number of connections and a size of messages."""

    connections: Number
    size_bytes: Number
    messages_per_s: Number
    loader_cpu_us_per_message: Number
    loader_cpu_cores: Number


class WorkerDescription(Struct):
    """A worker that drove load, its clock against that of the run's host, and what it drives alone
    with its share of the largest step."""

    name: str
    version: str
    engine: str
    host: dict[str, Fact]
    cpus: list[Count]
    clock_offset_ms: Number
    clock_uncertainty_ms: Number
    ceiling: list[CeilingPoint] = []
    lost: str = ""  # why, if it was


class EnvironmentWarning(Struct):
    """What distorts figures on this machine, and what to do about it."""

    message: str = ""
    remedy: str = ""


class CapacityFound(Struct):
    """The result of a search for the most connections."""

    server: str
    workload: str
    why: str


class Manifest(Struct):
    """The keys of run.json; times are ISO 8601 with an offset."""

    schema: str
    created_at: str
    finished_at: str | None
    interrupted: bool
    c10k_version: str
    commit: str | None
    argv: list[str]
    plan: PlanExcerpt
    servers: list[ServerDescription]
    workloads: list[WorkloadDescription]
    host: dict[str, Fact]  # of the loader, and of the servers unless they have another
    versions: dict[str, Fact]
    limits: dict[str, Fact]
    cpu_split: dict[str, list[Count]] | None
    ceiling: list[CeilingPoint] | None  # null until it is measured
    warnings: list[EnvironmentWarning]
    server_host: dict[str, Fact] | None = None
    left_out: list[str] = []
    mapped: list[str] = []
    slo_p99_ms: Annotated[float, Meta(gt=0, lt=LIMIT)] | None = None
    max_connections: list[CapacityFound] = []
    workers: list[WorkerDescription] = []
    ceiling_of: list[str] = []  # the workers that the ceiling was measured with, if any


def check_manifest(manifest: object, source: str) -> dict[str, Any]:
    """The manifest. Raises RunError where it is none, is of another schema, or lacks a key, and
    where a key holds what no report can read.
    """
    if not isinstance(manifest, dict) or "schema" not in manifest:
        raise RunError(f"{source} is not the description of a run: it names no schema")
    schema, writer = manifest["schema"], manifest.get("c10k_version", "unknown")
    if schema != RUN_SCHEMA:
        raise RunError(
            f"{source} is of schema {schema!r:.60} and only {RUN_SCHEMA!r} is known here: read it "
            f"with the c10k that wrote it ({writer!s:.20}), or measure again with this one"
        )
    try:
        convert(manifest, Manifest)
    except MsgspecError as error:
        raise RunError(f"{source}: {error}") from error
    return manifest
