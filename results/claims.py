"""A published claim as data: who says it, in which setting, its figures and its tables.

An experiment file holds claims beside what measures them, and run.json holds them too, so that a
report of the run judges them wherever it is made.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, MsgspecError, Struct, convert

from c10k.results.claimed_tables import ByClients, ByServer, Row, Stages, Statements, Technique
from c10k.results.claimed_units import UNITS, Text, Words, unit_of
from c10k.results.schema import LIMIT

Published = Annotated[float, Meta(gt=0, lt=LIMIT)]

RATIO: Final = {"": 1.0, "×": 1.0}
"""The units of a figure that is a ratio of two servers, and what one of each is."""


class ClaimedFigure(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One figure of a claim.

    - `says`: what it is, in a few words.
    - `measure`: which of ours answers it: a column of the steps, or with `_per_connection` behind
      it how much that grows with each connection.
    - `server`: the label of the server that it is about, `over` that of another, if it is a ratio
      of the two.
    - `value`: as published, in `unit`; the first of a range, which ends with `to`.
    - `at`: "most" or "least" where the figure is a bound.
    - `workload` and `clients`: at which step it is compared.
    - `unlike`: how the published conditions differ, where that makes the two incomparable.
    """

    says: Text
    measure: Text
    server: Text
    value: Published
    workload: Text
    clients: Annotated[int, Meta(ge=0)] = 0
    to: Published | None = None
    unit: str = ""
    at: Literal["", "most", "least"] = ""
    over: str = ""
    unlike: str = ""

    def __post_init__(self) -> None:
        if self.unit not in self.units:
            known = ", ".join(each or "none" for each in self.units)
            raise ValueError(f"unit: {self.unit[:60]!r} is not known here; there are {known}")

    @property
    def published(self) -> tuple[float, float]:
        """Its ends, in the unit of the measure."""
        ends = self.value, self.value if self.to is None else self.to
        factor = self.units[self.unit]
        return min(ends) * factor, max(ends) * factor

    @property
    def units(self) -> dict[str, float]:
        """The units that it may be in."""
        return RATIO if self.over else UNITS[unit_of(self.measure)]


class Condition(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """Under which workloads the published figures of some measures can be compared: under those of
    these names, if any are given, and with this loop, if one is. `unlike` says how others differ.
    """

    measures: Annotated[tuple[Text, ...], Meta(min_length=1)]
    unlike: Text
    workloads: tuple[Text, ...] = ()
    loop: Literal["", "open", "closed"] = ""


class Note(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What a claim says beneath a table of the report that is not its own."""

    beneath: Text
    text: Text


class Claim(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A claim that somebody published: single figures, tables, or both.

    - `source` says where, `quote` in its own few words, `setting` on what it was measured there.
    - `elsewhere`: what of it this experiment does not measure, and which machine could.
    - `called`: what text calls the publication, such as "the book"; `noun`: the same beside a
      figure. `method`: what is known of how it measured.
    - `servers`: the two that its tables have a column or a row for: the label of a server, or
      "synchronous" and "asynchronous", the kinds that a thread per connection and an event loop are
      of. Figures of the tables are in their order.
    """

    title: Text
    source: Text
    figures: tuple[ClaimedFigure, ...] = ()
    quote: Words = ""
    setting: Words = ""
    elsewhere: Words = ""
    called: Words = ""
    noun: Words = ""
    method: Words = ""
    servers: Annotated[tuple[Text, ...], Meta(max_length=2)] = ()
    conditions: tuple[Condition, ...] = ()
    by_server: tuple[ByServer, ...] = ()
    by_clients: tuple[ByClients, ...] = ()
    stages: tuple[Stages, ...] = ()
    statements: tuple[Statements, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if not (self.figures or self.tables):
            raise ValueError("a claim needs figures, or a table")
        if self.tables and not self.servers:
            raise ValueError("a claim with tables needs servers")
        said = {stage.server for table in self.stages for stage in table.stages}
        said |= {each.server for table in self.statements for each in table.of_servers}
        if others := said.difference(self.servers):
            known = ", ".join(self.servers)
            raise ValueError(f"server {min(others)[:60]!r} is not among its servers: {known}")

    @property
    def tables(self) -> tuple[ByServer | ByClients | Stages | Statements, ...]:
        """Its tables, those of a kind together."""
        return (*self.by_server, *self.by_clients, *self.stages, *self.statements)

    @property
    def techniques(self) -> Mapping[str, Technique]:
        """What it says of techniques, by their names."""
        return {each.name: each for table in self.statements for each in table.techniques}

    def unlike(self, measure: str, workload: str, loop: str) -> str:
        """How a workload differs from the published conditions of a measure; empty where none is
        known to.
        """
        for each in self.conditions:
            alike = not each.workloads or workload in each.workloads
            if measure in each.measures and not (alike and each.loop in ("", loop)):
                return each.unlike
        return ""

    def over_clients(self, measure: str) -> Mapping[int, Row]:
        """By number of clients, what the first table of a measure says."""
        tables = (each for each in self.by_clients if each.measure == measure)
        return next(({row.clients: row for row in table.rows} for table in tables), {})

    def of_servers(self, measure: str) -> tuple[str, ...]:
        """The figures of a measure that are of the servers at whatever number of clients."""
        columns = (column for table in self.by_server for column in table.columns)
        return next((each.figures for each in columns if each.measure == measure), ())


def read_claim(given: object) -> Claim:
    """A claim from a table of TOML or JSON. Raises ValueError, in one line, where it is none."""
    try:
        return convert(given, Claim)
    except MsgspecError as error:
        raise ValueError(str(error)) from None
