"""What a gate says of two programs, base and head, metric by metric."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Any, Final

from c10k.results.comparison import Outcome
from c10k.results.fitness import MOST_STARVED, Row, unserved
from c10k.results.metrics import METRICS, Metric
from c10k.results.sequential import Interval, interval

FALSE_VERDICT: Final = 0.05
"""The chance that any interval of a call is wrong at any time, all metrics together."""
LEAST_PAIRS: Final = 16
"""So many pairs, at least, come before the first verdict; see results/sequential.py."""


class Verdict(Enum):
    """What is said of a metric."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not measured"


UNDECIDED: Final = (Verdict.INCONCLUSIVE, Verdict.NOT_MEASURED)


@dataclass(frozen=True)
class Judged:
    """A metric of both: its ratio, head to base, with the interval that holds at any time.

    `base` and `head` are the medians over the pairs, and `margin` allows for what is too little to
    matter whatever its ratio; `why` says why there is no verdict.
    """

    metric: Metric
    margin: float
    base: float
    head: float
    interval: Interval
    verdict: Verdict
    why: str = ""

    @property
    def decided(self) -> bool:
        """Whether more pairs would change nothing."""
        return self.verdict is not Verdict.INCONCLUSIVE

    def as_json(self) -> dict[str, Any]:
        """It as JSON holds it, null where there is no number."""
        ratio, low, high, pairs = self.interval
        numbers = {
            "margin": self.margin,
            "base": self.base,
            "head": self.head,
            "ratio": ratio,
            "low": low,
            "high": high,
        }
        return {
            "metric": self.metric.name,
            "meaning": self.metric.noun,
            "unit": self.metric.unit,
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "pairs": pairs,
            "verdict": self.verdict.value,
            "why": self.why,
        }


def judge(
    pairs: Sequence[tuple[Row, Row]],
    margins: Mapping[str, float],
    unmeasured: Mapping[str, str],
) -> list[Judged]:
    """The verdict on each metric, by pairs of a step of base and of head in the order measured.

    `margins` are those that differ from the metrics' own, `unmeasured` says of a metric, by name,
    why it is not measured here.
    """
    return [
        _judged(metric, margins.get(name, metric.margin), pairs, unmeasured.get(name, ""))
        for name, metric in METRICS.items()
    ]


def _judged(metric: Metric, margin: float, pairs: Sequence[tuple[Row, Row]], why: str) -> Judged:
    values = [] if why else [(_value(metric, base), _value(metric, head)) for base, head in pairs]
    known = [pair for pair in values if all(map(metric.known, pair))]
    logs = [math.log(max(head, metric.apart) / max(base, metric.apart)) for base, head in known]
    found = interval(logs, FALSE_VERDICT / len(METRICS))
    if not known:
        verdict = Verdict.NOT_MEASURED if pairs else Verdict.INCONCLUSIVE
        why = why or (_why(metric, pairs) if pairs else "")
        return Judged(metric, margin, math.nan, math.nan, found, verdict, why)
    base, head = (median(column) for column in zip(*known, strict=True))
    margin = max(margin, metric.apart_of(base))
    return Judged(metric, margin, base, head, found, _verdict(metric, found, margin))


def _verdict(metric: Metric, found: Interval, margin: float) -> Verdict:
    outcome = found.outcome(margin)
    if outcome is Outcome.CLEAR:
        better = (found.ratio > 1) is metric.more_is_better
        return Verdict.IMPROVEMENT if better else Verdict.REGRESSION
    return Verdict.EQUIVALENT if outcome is Outcome.EQUIVALENT else Verdict.INCONCLUSIVE


def _value(metric: Metric, row: Row) -> float:
    """Its value in a step; NaN where the step does not say it of the server."""
    return math.nan if _why_not(metric, row) else metric.of(row)


def _starves(row: Row) -> bool:
    return unserved(row) > MOST_STARVED * int(row["connections"])


def _why_not(metric: Metric, row: Row) -> str:
    """Why a step does not say it of the server; empty where it does."""
    if metric.on_loader and row["loader_limited"]:
        return "the loader was the bottleneck"
    if metric.over_messages and _starves(row):
        return "clients were unserved, so that few send most of the messages"
    if row["messages"] < metric.least_messages:
        return f"a pair has too few messages: {row['messages']:,.0f}"
    return ""


def _why(metric: Metric, pairs: Iterable[tuple[Row, Row]]) -> str:
    whys = (_why_not(metric, row) for pair in pairs for row in pair)
    return next(filter(None, whys), "it was 0, or not measured, in one of each two")
