"""An entry of the catalogue: what a server is, which program runs it, which options it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..framework.options import ServerOption
from .program import Program


@dataclass(frozen=True)
class CatalogueEntry:
    """A server that can be measured. `options` are those that a SPEC may set, by name.

    `spreads` is whether its `workers` are processes that share its connections.

    `protocol` is what it speaks. `request` is what a client must know besides, by the fields of
    loadgen.workload.Workload: {"send": "PING\\r\\n", "expect_bytes": 7}.
    """

    name: str
    language: str
    model: str
    summary: str
    program: Program
    options: Mapping[str, ServerOption]
    protocol: str = "echo"
    request: Mapping[str, str | int] = field(default_factory=dict)
    threads_per_connection: int = 0
    processes_per_connection: int = 0
    spreads: bool = False
