"""Checks that what measures a claim is in the plan."""

import difflib
from collections.abc import Collection, Iterator

from c10k.experiment.plan import Plan
from c10k.options import Where
from c10k.reports.model.derived import MEASURES, PER_CONNECTION
from c10k.reports.model.servers import ROLES
from c10k.results.claimed_units import UNITS, unit_of
from c10k.results.claims import Claim, ClaimedFigure

Figure = tuple[str, str, str]
"""A figure of a table: where it stands, its measure, and what was printed."""


def check_claims(claims: Collection[Claim], plan: Plan, where: Where) -> None:
    """Raise ValueError for a claim whose figures nothing in the plan could answer."""
    for claim in claims:
        title = f"{where('claims')}: {claim.title[:60]}"
        for figure in claim.figures:
            try:
                _check(figure, plan)
            except ValueError as error:
                raise ValueError(f"{title}: {figure.says[:60]}: {error}") from None
        try:
            _check_tables(claim, plan)
        except ValueError as error:
            raise ValueError(f"{title}: {error}") from None


def _check(figure: ClaimedFigure, plan: Plan) -> None:
    _check_measure(figure.measure)
    labels = [each.server for each in plan.servers]
    for label in filter(None, (figure.server, figure.over)):
        if label not in labels:
            raise _unknown("server", label, labels)
    if figure.unit not in figure.units:
        raise _unknown("unit", figure.unit, [unit or "none" for unit in figure.units])
    workloads = {load.name: load for load in plan.workloads}
    if figure.workload not in workloads:
        raise _unknown("workload", figure.workload, workloads)
    if figure.measure in MEASURES and figure.clients not in plan.steps:
        raise _unknown("clients", str(figure.clients), list(map(str, plan.steps)))


def _check_tables(claim: Claim, plan: Plan) -> None:
    servers = [*ROLES, *(each.server for each in plan.servers)]
    for name in claim.servers:
        if name not in servers:
            raise _unknown("server", name, servers)
    stems = [(each.part, each.name) for each in claim.tables]
    if twice := next((name for part, name in stems if stems.count((part, name)) > 1), ""):
        raise ValueError(f"two tables are called {twice!r}")
    known = ["usual", "open", "closed", *(load.name for load in plan.workloads)]
    for each in claim.tables:
        if each.workload and each.workload not in known:
            raise _unknown("workload", each.workload, known)
    for says, measure, printed in _printed(claim):
        try:
            if measure != "max_connections":
                _check_measure(measure)
            units, unit = UNITS[unit_of(measure)], printed.partition(" ")[2]
            if printed and unit not in units:
                raise _unknown("unit", unit, [each or "none" for each in units])
        except ValueError as error:
            raise ValueError(f"{says[:60]}: {error}") from None


def _printed(claim: Claim) -> Iterator[Figure]:
    """The figures of a claim's tables that a measure answers."""
    for servers in claim.by_server:
        for column in servers.columns:
            for figure in column.figures or [""]:
                yield column.title, column.measure, figure
            if column.measure in MEASURES and not column.clients:
                raise ValueError(f"{column.title[:60]}: {column.measure} needs clients")
    for clients in claim.by_clients:
        for row in clients.rows:
            for figure in row.figures or [""]:
                yield clients.title, clients.measure, figure
    for table in claim.stages:
        yield from ((e.stage, e.measure, e.figure) for e in table.stages if e.measure)
    for said in claim.statements:
        yield from ((each.says, each.measure, each.figure) for each in said.figures)
        yield from ((each.says, each.measure, "") for each in said.growth)


def _check_measure(measure: str) -> None:
    if measure.removesuffix(PER_CONNECTION) not in MEASURES:
        raise _unknown("measure", measure, sorted(MEASURES))


def _unknown(what: str, given: str, known: Collection[str]) -> ValueError:
    close = difflib.get_close_matches(given, known, n=3) if len(known) > 20 else known
    there = f"; there are {', '.join(close)}" if close else ""
    return ValueError(f"{what}: {given[:60]!r} is not known here{there}")
