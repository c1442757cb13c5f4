"""Checks that what measures a claim is in the plan."""

import difflib
from collections.abc import Collection

from c10k.experiment.plan import Plan
from c10k.options import Where
from c10k.results.claims import Claim, ClaimedFigure
from c10k.results.schema import STEPS

PER_CONNECTION = "_per_connection"


def check_claims(claims: Collection[Claim], plan: Plan, where: Where) -> None:
    """Raise ValueError for a claim whose figures nothing in the plan could answer."""
    for claim in claims:
        for figure in claim.figures:
            try:
                _check(figure, plan)
            except ValueError as error:
                title, says = claim.title[:60], figure.says[:60]
                raise ValueError(f"{where('claims')}: {title}: {says}: {error}") from None


def _check(figure: ClaimedFigure, plan: Plan) -> None:
    column = figure.measure.removesuffix(PER_CONNECTION)
    if figure.measure not in STEPS and column not in STEPS:
        raise _unknown("measure", figure.measure, STEPS)
    labels = [each.server for each in plan.servers]
    for label in filter(None, (figure.server, figure.over)):
        if label not in labels:
            raise _unknown("server", label, labels)
    if figure.unit not in figure.units:
        raise _unknown("unit", figure.unit, [unit or "none" for unit in figure.units])
    workloads = {load.name: load for load in plan.workloads}
    if figure.workload not in workloads:
        raise _unknown("workload", figure.workload, workloads)
    if figure.measure in STEPS and figure.clients not in plan.steps:
        raise _unknown("clients", str(figure.clients), list(map(str, plan.steps)))


def _unknown(what: str, given: str, known: Collection[str]) -> ValueError:
    close = difflib.get_close_matches(given, known, n=3) if len(known) > 20 else known
    there = f"; there are {', '.join(close)}" if close else ""
    return ValueError(f"{what}: {given[:60]!r} is not known here{there}")
