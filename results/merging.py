"""Rules by which the rows of a step's windows become one value of the step's row.

A rule is called with the column's name and the rows. NaN and missing values are left out; what no
window measured is NaN in the step. Rates and shares are worked out from sums, so that a long window
weighs more than a short one.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

WindowRows = Sequence[Mapping[str, Any]]
Cell = float | int | str | bool | None
Rule = Callable[[str, WindowRows], Cell]


def _measured(column: str, rows: WindowRows) -> list[Any]:
    values = (row.get(column) for row in rows)
    return [value for value in values if value is not None and value == value]


def _of_values(merge: Callable[[list[Any]], Cell]) -> Rule:
    """A rule that needs only the column's measured values."""
    return lambda column, rows: merge(_measured(column, rows))


first = _of_values(lambda values: values[0] if values else nan)
"""The first value: of what stays the same, or is measured once per step."""

last = _of_values(lambda values: next(filter(None, reversed(values)), ""))
"""The last value that is not empty."""

total = _of_values(lambda values: sum(values) if values else nan)
"""The sum: of counters."""

lowest = _of_values(lambda values: min(values, default=nan))
"""The smallest value."""

highest = _of_values(lambda values: max(values, default=nan))
"""The largest value, for figures that cannot be merged: it flatters none."""

median = _of_values(lambda values: float(np.median(values)) if values else nan)
"""The median: of levels, such as memory."""

any_true = _of_values(any)
"""True when it is true of one window."""

together = _of_values(lambda values: "; ".join(dict.fromkeys(filter(None, values))))
"""Each different text once, in order."""

status = _of_values(lambda values: values[0] if len(set(values)) == 1 else "partial")
"""What all windows agree on, else partial."""


@_of_values
def causes(values: list[str]) -> str:
    """The sums of JSON objects cause -> count, as one."""
    counts: Counter[str] = Counter()
    for text in filter(None, values):
        counts.update(json.loads(text))
    return json.dumps(counts, sort_keys=True)


def window_count(_column: str, rows: WindowRows) -> int:
    """How many windows there were."""
    return len(rows)


def ratio(of: str, to: str, scale: float = 1.0) -> Rule:
    """The sum of one column by the sum of another, times `scale`, over windows that have both."""

    def rule(_column: str, rows: WindowRows) -> float:
        both = [row for row in rows if _measured(of, [row]) and _measured(to, [row])]
        below = sum(row[to] for row in both)
        return scale * sum(row[of] for row in both) / below if below else nan

    return rule


def mean_by(*weights: str) -> Rule:
    """The mean weighted by the sum of these columns: a ratio of sums, given the ratios."""

    def rule(column: str, rows: WindowRows) -> float:
        measured = [row for row in rows if _measured(column, [row])]
        if not measured:
            return nan
        weight = [sum(sum(_measured(name, [row])) for name in weights) for row in measured]
        values = [row[column] for row in measured]
        return float(np.average(values, weights=weight if any(weight) else None))

    return rule
