"""Thresholds: what a column must be at a step, and whether it was."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from c10k.results.fitness import MOST_STARVED, Row, deciding, typical, unserved
from c10k.results.slo import refusal

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OVER_MESSAGES: Final = ("response_", "service_")
"""How the columns begin that say nothing where connections starve: the few that are served send
most of the messages."""


class Step(NamedTuple):
    """A server under a workload over a number of connections, in all repeats."""

    server: str
    workload: str
    connections: int

    def __str__(self) -> str:
        return f"{self.server}, {self.workload} at {self.connections:,}"


@dataclass(frozen=True)
class Threshold:
    """A comparison of a column with a limit, in the column's unit.

    `only` holds the fields of Step that a step must have for it; without any it is for every step.
    With `no_failed_message`, a connection or message that failed in any repeat misses it too.
    """

    text: str
    column: str
    comparison: str
    limit: float
    only: Mapping[str, str | int]
    no_failed_message: bool = False

    def is_for(self, step: Step) -> bool:
        """Whether a step must meet it."""
        return all(getattr(step, key) == value for key, value in self.only.items())


@dataclass(frozen=True)
class Checked:
    """A threshold at a step: the value, NaN where there is none, and whether that missed it.

    `why` says what missed it other than the value.
    """

    threshold: Threshold
    step: Step
    value: float
    missed: bool
    why: str = ""

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return "missed" if self.missed else "met"

    def as_json(self) -> dict[str, Any]:
        """It as run.json keeps it, and --json writes it."""
        return {
            "threshold": self.threshold.text,
            **self.step._asdict(),
            "value": None if math.isnan(self.value) else self.value,
            "outcome": self.word,
            "why": self.why or None,
        }


def check(threshold: Threshold, step: Step, rows: list[Row]) -> Checked:
    """Check a step by its rows, one or more, which are its repeats.

    The median of the repeats that may decide must satisfy it. A step misses it if a repeat failed,
    if one of the deciding has no value, and, by a column over messages, if clients were unserved.
    """
    deciders = deciding(rows)
    value = typical(deciders, threshold.column)
    failing = [row for row in rows if threshold.no_failed_message or row["status"] == "failed"]
    if starving := threshold.column.startswith(OVER_MESSAGES) and _starving(deciders):
        value = math.nan
    why = refusal(failing) or starving or ("not measured" if math.isnan(value) else "")
    missed = bool(why) or not OPERATORS[threshold.comparison](value, threshold.limit)
    return Checked(threshold, step, value, missed, why)


def _starving(rows: Sequence[Row]) -> str:
    """How many clients were unserved in the worst of the repeats; empty for few."""
    worst = max(rows, key=unserved)
    if unserved(worst) <= MOST_STARVED * worst["connections"]:
        return ""
    return f"{unserved(worst):,} of {worst['connections']:,} clients unserved"
