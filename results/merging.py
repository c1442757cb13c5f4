"""Rules by which the rows of a step's windows become one value of the step's row.

A rule is called with the column's name and the rows. NaN and missing values are left out; what no
window measured is NaN in the step. Rates and shares are worked out from sums, so that a long window
weighs more than a short one.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

WindowRows = Sequence[Mapping[str, Any]]
Cell = float | int | str | bool | None
Rule = Callable[[str, WindowRows], Cell]


def _measured(column: str, rows: WindowRows) -> list[Any]:
    values = (row.get(column) for row in rows)
    return [value for value in values if value is not None and value == value]


def first(column: str, rows: WindowRows) -> Cell:
    """The first value: of what stays the same, or is measured once a step."""
    return next(iter(_measured(column, rows)), math.nan)


def last(column: str, rows: WindowRows) -> Cell:
    """The last value that is not empty."""
    return next((value for value in reversed(_measured(column, rows)) if value), "")


def total(column: str, rows: WindowRows) -> Cell:
    """The sum: of counters."""
    values = _measured(column, rows)
    return sum(values) if values else math.nan


def lowest(column: str, rows: WindowRows) -> Cell:
    """The smallest value."""
    return min(_measured(column, rows), default=math.nan)


def highest(column: str, rows: WindowRows) -> Cell:
    """The largest value, for figures that cannot be merged: it flatters none."""
    return max(_measured(column, rows), default=math.nan)


def median(column: str, rows: WindowRows) -> float:
    """The median: of levels, such as memory."""
    values = _measured(column, rows)
    return float(np.median(values)) if values else math.nan


def any_true(column: str, rows: WindowRows) -> bool:
    """True when it is true of one window."""
    return any(_measured(column, rows))


def together(column: str, rows: WindowRows) -> str:
    """Each different text once, in order."""
    return "; ".join(dict.fromkeys(filter(None, _measured(column, rows))))


def causes(column: str, rows: WindowRows) -> str:
    """The sums of JSON objects cause -> count, as one."""
    counts: Counter[str] = Counter()
    for text in filter(None, _measured(column, rows)):
        counts.update(json.loads(text))
    return json.dumps(counts, sort_keys=True)


def status(column: str, rows: WindowRows) -> str:
    """What all windows agree on, else partial."""
    values = set(_measured(column, rows))
    return values.pop() if len(values) == 1 else "partial"


def window_count(_column: str, rows: WindowRows) -> int:
    """How many windows there were."""
    return len(rows)


def ratio(of: str, to: str, scale: float = 1.0) -> Rule:
    """The sum of one column by the sum of another, times `scale`, over windows that have both."""

    def rule(_column: str, rows: WindowRows) -> float:
        both = [row for row in rows if _measured(of, [row]) and _measured(to, [row])]
        below = sum(row[to] for row in both)
        return scale * sum(row[of] for row in both) / below if below else math.nan

    return rule


def mean_by(*weights: str) -> Rule:
    """The mean weighted by the sum of these columns: a ratio of sums, given the ratios."""

    def rule(column: str, rows: WindowRows) -> float:
        measured = [row for row in rows if _measured(column, [row])]
        if not measured:
            return math.nan
        weight = [sum(sum(_measured(name, [row])) for name in weights) for row in measured]
        values = [row[column] for row in measured]
        return float(np.average(values, weights=weight if any(weight) else None))

    return rule
