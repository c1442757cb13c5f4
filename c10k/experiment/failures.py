"""How a run ended: which steps failed, in part or whole, and which thresholds were missed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from c10k.experiment.plan import Plan
from c10k.experiment.thresholds import checked
from c10k.reports.wording import joined
from c10k.results.fitness import Row
from c10k.results.schema import KEY
from c10k.results.thresholds import Checked

MOST_LINES: Final = 10
WORDS: Final = {"failed": "failed", "partial": "partly failed"}


@dataclass(frozen=True)
class Failures:
    """Which steps failed, in lines; the thresholds, met and missed; and why the run failed, by its
    steps and by its thresholds, if it did.
    """

    lines: list[str]
    thresholds: list[Checked]
    of_steps: str

    @property
    def failure(self) -> str:
        """Why the run failed, in one line; empty if it did not."""
        return "; ".join(filter(None, (self.of_steps, *_missed(self.thresholds))))


def failures_of(plan: Plan, rows: Iterable[Row]) -> Failures:
    """Judge the steps of the plan. Those of a search do not count: it probes until one fails."""
    planned = {trial for _, _, trials in plan.ramps() for trial in trials}
    steps = [row for row in rows if tuple(row[name] for name in KEY) in planned]
    return Failures(_lines(steps), checked(plan, steps), _failure(steps))


def _failure(steps: list[Row]) -> str:
    failed = [row for row in steps if row["status"] == "failed"]
    if steps and len(failed) == len(steps):
        ((why, _),) = Counter(row["reason"] for row in failed).most_common(1)
        return f"no step succeeded: {why}"
    return f"{len(failed):,} of {len(steps):,} steps failed" if failed else ""


def _missed(thresholds: list[Checked]) -> list[str]:
    """Each threshold that was missed, and at how many steps."""
    checked_at = Counter(each.threshold.text for each in thresholds)
    missed = Counter(each.threshold.text for each in thresholds if each.missed)
    return [
        f"threshold missed at {number:,} of {checked_at[text]:,} steps: {text}"
        for text, number in missed.items()
    ]


def _lines(steps: Iterable[Row]) -> list[str]:
    grouped: dict[tuple[str, str, str, str], dict[int, None]] = {}
    for row in steps:
        if word := WORDS.get(row["status"]):
            key = (word, row["server"], row["workload"], row["reason"])
            grouped.setdefault(key, {})[row["connections"]] = None
    lines = [
        f"{word}: {server}, {workload} at {joined([f'{step:,}' for step in steps])}: {reason}"
        for (word, server, workload, reason), steps in grouped.items()
    ]
    if len(lines) > MOST_LINES:
        rest = len(lines) - MOST_LINES
        lines[MOST_LINES:] = [f"and {rest:,} more, which the report names"]
    return lines
