"""The tables of a published claim as data, of four kinds.

| kind | has |
| --- | --- |
| `ByServer` | a row for each server |
| `ByClients` | a row for each number of clients |
| `Stages` | a row for each part of the time that a request takes |
| `Statements` | a row for each thing that is said in a sentence |

In captions, notes and statements a name in braces stands for a value of the run: `{workload}` its
name and `{load}` what it does, `{slo}` the objective of a search, `{clients}`; a measure for what
each server has of it, and with `_clients` behind it for how many clients that is at.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from c10k.results.claimed_units import Printed, PrintedRatio, Text, Words

Clients = Annotated[int, Meta(ge=0, le=10**9)]


class ClaimedTable(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """What every table has. `name` is its files', `part` where on the page it stands, `heading` the
    title of that part, if it is not that of its first table.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,60}$")]
    title: Text
    part: Literal["claims", "t1", "t2", "t3", "t4", "t5", "t6"] = "claims"
    heading: Words = ""
    caption: Words = ""
    notes: tuple[Text, ...] = ()

    def stem(self, number: int) -> str:
        """What its files are called, in the claim of this number: it is part of their names where
        the table is in no part of its own.
        """
        part = f"claims-{number}" if self.part == "claims" else self.part
        return f"{part}-{self.name}"


class FigureTable(ClaimedTable, frozen=True, kw_only=True):
    """A table of figures under a workload: of this name, or "usual" for the most relaxed; without
    one there is a table for each.
    """

    workload: Words = ""


class Part(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """A row or column of a table."""


class ServerColumn(Part, frozen=True, kw_only=True):
    """A measure, taken at the step nearest to so many clients, and each server's figure."""

    title: Text
    measure: Text
    figures: tuple[Printed, ...]
    clients: Clients = 0


class ByServer(FigureTable, frozen=True, kw_only=True):
    """A row for each server; `head` is the title of their column."""

    columns: Annotated[tuple[ServerColumn, ...], Meta(min_length=1)]
    head: Text = "server"


class Row(Part, frozen=True, kw_only=True):
    """Each server's figure at a number of clients, and what is said of both."""

    clients: Annotated[int, Meta(ge=1, le=10**9)]
    figures: tuple[Printed, ...] = ()
    both: PrintedRatio = ""
    label: Words = ""


class Graph(Part, frozen=True, kw_only=True):
    """A picture of a table as it was published: the clients evenly spaced, y from 0 to `top`."""

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,60}$")]
    title: Text
    top: Printed


class ByClients(FigureTable, frozen=True, kw_only=True):
    """A row for each number of clients, of one measure. `labels` and `both` are the titles of the
    columns that the rows have these for. One with a graph also has a row for each step of the run.
    """

    measure: Text
    rows: Annotated[tuple[Row, ...], Meta(min_length=1)]
    head: Text = "clients"
    labels: Words = ""
    both: Words = ""
    graph: Graph | None = None


class Stage(Part, frozen=True, kw_only=True):
    """A part of the time that a request takes of a server, and the measure that it shows in, if one
    does: `measured_as` says what that is. `drawn` is from when to when it was drawn.
    """

    server: Text
    stage: Text
    measured_as: Text
    figure: Printed = ""
    measure: Words = ""
    drawn: Words = ""
    judged: bool = False


class Stages(FigureTable, frozen=True, kw_only=True):
    """The parts of the time that a request takes, at the step nearest to so many clients."""

    clients: Annotated[int, Meta(ge=1, le=10**9)]
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]


class Statement(Part, frozen=True, kw_only=True):
    """What is said in a sentence, of a server under a workload: one of this name, or the first with
    an "open" or "closed" loop.
    """

    says: Text
    server: Text
    workload: Text


class FigureStatement(Statement, frozen=True, kw_only=True):
    """A figure at the step nearest to so many clients, or at `exactly` that one. `found` says what
    was measured, with {step}, {measured} and measures in it.

    Where the measure is more than what is meant, it is an `upper_bound`. Where the server did not
    have so many `cpus`, the two are not comparable.
    """

    found: Text
    measure: Text
    figure: Printed
    clients: Clients = 0
    exactly: bool = False
    upper_bound: bool = False
    cpus: Clients = 0


class GrowthStatement(Statement, frozen=True, kw_only=True):
    """A measure grows linearly with the clients. `found` says what was measured: with {workload},
    the {first} and {last} value at the {fewest} and {most} clients, and the {least} and {best} r².
    """

    found: Text
    measure: Text


class Technique(Part, frozen=True, kw_only=True):
    """A technique is better by these measures, with so many CPUs. A plan's techniques name it."""

    name: Text
    says: Text
    measures: Annotated[tuple[Text, ...], Meta(min_length=1)]
    cpus: Clients = 1


class BetterStatement(Statement, frozen=True, kw_only=True):
    """A server is better than the other, at the steps from and up to so many clients."""

    least: Annotated[int, Meta(ge=1, le=10**9)] = field(default=1, name="from")
    most: Annotated[int, Meta(ge=1, le=10**9)] = field(default=10**9, name="up-to")


class Statements(ClaimedTable, frozen=True, kw_only=True):
    """What is said in sentences, by what answers it."""

    figures: tuple[FigureStatement, ...] = ()
    growth: tuple[GrowthStatement, ...] = ()
    techniques: tuple[Technique, ...] = ()
    better: tuple[BetterStatement, ...] = ()

    @property
    def of_servers(self) -> tuple[Statement, ...]:
        """Those that are of a server."""
        return (*self.figures, *self.growth, *self.better)
