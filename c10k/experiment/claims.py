"""Checks that what measures a claim is in the plan."""

import difflib
from collections.abc import Collection, Iterator

from c10k.experiment.plan import Plan
from c10k.loadgen.workload import WORKLOADS
from c10k.options import Where
from c10k.reports.comparisons.pairs import TECHNIQUE_MEASURES
from c10k.reports.model.derived import MEASURES, PER_CONNECTION
from c10k.reports.model.servers import ROLES
from c10k.reports.wording import NAMED
from c10k.results.claimed_units import UNITS, unit_of
from c10k.results.claims import Claim, ClaimedFigure
from c10k.results.thresholds import OVER_MESSAGES

_VALUES = frozenset(
    [
        *("workload", "load", "slo", "clients", "step", "measured", "figure", "cpus"),
        *("first", "last", "fewest", "most", "least", "best"),
    ]
)
"""What may stand in braces in the texts of tables, beside measures."""


def check_claims(claims: Collection[Claim], plan: Plan, where: Where) -> None:
    """Raise ValueError for a claim whose figures nothing in the plan could answer."""
    stems = [
        (each.stem(n), each.name) for n, claim in enumerate(claims, 1) for each in claim.tables
    ]
    for stem, name in stems:
        if stems.count((stem, name)) > 1:
            raise ValueError(
                f"{where('claims')}: two tables are called {name!r}: give one another name"
            )
    for claim in claims:
        title = f"{where('claims')}: {claim.title[:60]}"
        for figure in claim.figures:
            try:
                _check_figure(figure, plan)
            except ValueError as error:
                raise ValueError(f"{title}: {figure.says[:60]}: {error}") from None
        try:
            _check_tables(claim, plan)
        except ValueError as error:
            raise ValueError(f"{title}: {error}") from None


def _check_figure(figure: ClaimedFigure, plan: Plan) -> None:
    _check("measure", figure.measure.removesuffix(PER_CONNECTION), MEASURES)
    if figure.measure.endswith(PER_CONNECTION) and figure.measure.startswith(OVER_MESSAGES):
        raise ValueError(f"measure: {figure.measure[:60]!r} is no sum over connections")
    for label in filter(None, (figure.server, figure.over)):
        _check("server", label, [each.server for each in plan.servers])
    _check("workload", figure.workload, [load.name for load in plan.workloads])
    if figure.measure in MEASURES:
        _check("clients", str(figure.clients), list(map(str, plan.steps)))


def _check_tables(claim: Claim, plan: Plan) -> None:
    for name in claim.servers:
        _check("server", name, [*ROLES, *(each.server for each in plan.servers)])
    own = [load.name for load in plan.workloads]
    named = [each.workload for each in (*claim.by_server, *claim.by_clients, *claim.stages)]
    named += [each.workload for table in claim.statements for each in table.of_servers]
    for name in filter(None, named):
        _check("workload", name, ["usual", "open", "closed", *own, *WORKLOADS])
    for condition in claim.conditions:
        for name in condition.workloads:
            _check("workload", name, [*own, *WORKLOADS])
    for technique in claim.techniques.values():
        for measure in technique.measures:
            _check("measure", measure, [each.column for each in TECHNIQUE_MEASURES])
    for measure, figure in _answered(claim):
        if measure != "max_connections":
            _check("measure", measure.removesuffix(PER_CONNECTION), MEASURES)
        if figure:
            _check("unit", figure.partition(" ")[2], UNITS[unit_of(measure)])
    for column in (column for table in claim.by_server for column in table.columns):
        if column.measure in MEASURES and not column.clients:
            raise ValueError(f"{column.title[:60]}: {column.measure} needs clients")
    texts = [text for table in claim.tables for text in (table.caption, *table.notes)]
    texts += [
        text for each in claim.statements for one in each.figures for text in (one.says, one.found)
    ]
    for name in (name for text in texts for name in NAMED.findall(text)):
        measure = name.removesuffix("_clients").removesuffix(PER_CONNECTION)
        _check("value", measure, _VALUES | MEASURES)


def _answered(claim: Claim) -> Iterator[tuple[str, str]]:
    """Each measure of the tables, with every figure of it."""
    for table in claim.by_server:
        for column in table.columns:
            yield from ((column.measure, figure) for figure in ("", *column.figures))
    for by_clients in claim.by_clients:
        for row in by_clients.rows:
            yield from ((by_clients.measure, figure) for figure in ("", *row.figures))
    for stages in claim.stages:
        yield from ((stage.measure, stage.figure) for stage in stages.stages if stage.measure)
    for statements in claim.statements:
        yield from ((each.measure, each.figure) for each in statements.figures)
        yield from ((each.measure, "") for each in statements.growth)
    yield from ((measure, "") for each in claim.conditions for measure in each.measures)


def _check(what: str, given: str, known: Collection[str]) -> None:
    if given in known:
        return
    close = difflib.get_close_matches(given, known, n=3) if len(known) > 20 else known
    there = f"; there are {', '.join(each or 'none' for each in close)}" if close else ""
    raise ValueError(f"{what}: {given[:60]!r} is not known here{there}")
