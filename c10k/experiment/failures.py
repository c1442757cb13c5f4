"""How a run ended: which steps failed, in part or whole, and which missed the objective."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from c10k.experiment.plan import Plan
from c10k.reports.wording import joined, objective
from c10k.results import slo
from c10k.results.schema import KEY
from c10k.results.slo import Row

MOST_LINES: Final = 10
WORDS: Final = {"failed": "failed", "partial": "partly failed"}


@dataclass(frozen=True)
class Failures:
    """Which steps failed or missed the objective, in lines; why the run failed, if it did."""

    lines: list[str]
    failure: str


def failures_of(plan: Plan, rows: Iterable[Row]) -> Failures:
    """Judge the steps of the plan; those of a search are there to fail."""
    planned = {trial for _, _, trials in plan.ramps() for trial in trials}
    steps = [row for row in rows if tuple(row[name] for name in KEY) in planned]
    failed = [row for row in steps if row["status"] == "failed"]
    troubles = [
        (WORDS[row["status"]], row["server"], row["workload"], row["reason"], row["connections"])
        for row in steps
        if row["status"] in WORDS
    ]
    missed = _missed(plan, steps)
    troubles += [
        ("objective missed", *step[:2], why, step[2])
        for step, why in missed.items()
        if why and all(row["status"] == "ok" for row in steps if _step(row) == step)
    ]
    return Failures(_lines(troubles), _failure(plan, steps, failed, missed))


def _failure(plan: Plan, steps: list[Row], failed: list[Row], missed: Mapping[Any, str]) -> str:
    if steps and len(failed) == len(steps):
        ((why, _),) = Counter(row["reason"] for row in failed).most_common(1)
        return f"no step succeeded: {why}"
    failures = []
    if failed:
        failures.append(f"{len(failed):,} of {len(steps):,} steps failed")
    if count := sum(map(bool, missed.values())):
        failures.append(
            f"{count:,} of {len(missed):,} steps missed the objective, "
            f"a p99 within {objective(plan.p99_ms)}"
        )
    return " and ".join(failures)


def _missed(plan: Plan, steps: Iterable[Row]) -> dict[tuple[str, str, int], str]:
    """Why each step did not hold the objective, empty where it did; nothing without one."""
    at_steps: dict[tuple[str, str, int], list[Row]] = {}
    for row in steps if plan.has_objective else ():
        if row["workload"] not in plan.mapped:
            at_steps.setdefault(_step(row), []).append(row)
    return {step: slo.shortfall(rows, plan.p99_ms) for step, rows in at_steps.items()}


def _lines(troubles: Iterable[tuple[str, str, str, str, int]]) -> list[str]:
    grouped: dict[tuple[str, str, str, str], dict[int, None]] = {}
    for word, server, workload, reason, connections in troubles:
        grouped.setdefault((word, server, workload, reason), {})[connections] = None
    lines = [
        f"{word}: {server}, {workload} at {joined([f'{step:,}' for step in steps])}: {reason}"
        for (word, server, workload, reason), steps in grouped.items()
    ]
    if len(lines) > MOST_LINES:
        rest = len(lines) - MOST_LINES
        lines[MOST_LINES:] = [f"and {rest:,} more, which the report names"]
    return lines


def _step(row: Row) -> tuple[str, str, int]:
    return row["server"], row["workload"], row["connections"]
