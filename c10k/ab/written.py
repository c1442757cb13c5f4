"""A comparison as it is written: for a terminal, and in the formats that programs read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, Final

from c10k.ab import text
from c10k.ab.pairs import Pairs
from c10k.ab.sides import Sides
from c10k.experiment.plan import Plan
from c10k.output.files import json_text
from c10k.results.exports.junit import Case, junit
from c10k.results.exports.markdown import table
from c10k.results.verdicts import UNDECIDED, Verdict


@dataclass(frozen=True)
class Found:
    """What was compared, and what the pairs show; `failure` says which server failed, if one did.

    `seconds` is how long all pairs took.
    """

    sides: Sides
    plan: Plan
    pairs: Pairs
    seed: int
    seconds: float
    failure: str = ""
    interrupted: bool = False

    @property
    def word(self) -> str:
        """What came of it, in a word or two."""
        verdicts = {each.verdict for each in self.pairs.judged}
        for clear in (Verdict.REGRESSION, Verdict.IMPROVEMENT):
            if clear in verdicts:
                return str(clear.value)
        return "undecided" if verdicts <= {*UNDECIDED} else "no difference found"

    @property
    def load(self) -> str:
        """Under what load they were compared."""
        (workload,), (connections,) = self.plan.workloads, self.plan.steps
        return f"{workload.name}, {connections:,} connections"

    @property
    def pair_s(self) -> float:
        """How long a pair took, on average."""
        return self.seconds / len(self.pairs.rows) if self.pairs.rows else nan

    @property
    def counted(self) -> str:
        """How many pairs there were, and how long they took."""
        number = len(self.pairs.rows)
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{number} pair{'s' * (number != 1)} in {minutes}:{seconds:02}"

    def as_json(self) -> dict[str, Any]:
        """It as run.json keeps it, and --json writes it."""
        base, head = self.sides.names
        (workload,), (connections,) = self.plan.workloads, self.plan.steps
        return {
            "schema": "c10k.ab/1",
            "base": base,
            "base_commit": self.sides.commit or None,
            "head": head,
            "workload": workload.name,
            "connections": connections,
            "pairs": len(self.pairs.rows),
            "seconds": round(self.seconds, 1),
            "seed": self.seed,
            "failure": self.failure or None,
            "interrupted": self.interrupted,
            "metrics": [each.as_json() for each in self.pairs.judged],
        }


def lines(found: Found) -> list[str]:
    """The comparison for a terminal."""
    base, head = found.sides.names
    return [
        f"base  {base}",
        f"head  {head}",
        f"{found.load}; {found.counted}",
        "",
        *text.plain(found.pairs.judged, found.pair_s),
    ]


def as_markdown(found: Found) -> str:
    """The comparison for the page of a CI job, or a comment on a pull request."""
    base, head = found.sides.names
    rows = [
        (
            cells[0],
            *cells[1:-1],
            f"**{cells[-1]}**" if each.verdict.value == found.word else cells[-1],
        )
        for each, cells in zip(
            found.pairs.judged, text.table(found.pairs.judged, found.pair_s), strict=True
        )
    ]
    return (
        f"### {'interrupted, ' * found.interrupted}{found.failure or found.word}: {found.load}\n\n"
        f"- base: `{base}`\n- head: `{head}`\n\n{table(text.HEADINGS, rows)}\n\n"
        f"{found.counted}. Intervals hold for all metrics at once with a confidence of 95 %.\n"
    )


def as_junit(found: Found) -> str:
    """A test case for each metric: a regression is a failure, what is not decided is skipped."""
    rows = text.plain(found.pairs.judged, found.pair_s)[1:]
    cases = [
        Case(
            f"{found.sides.names[1]}.{found.load}",
            each.metric.noun,
            failed=row if each.verdict is Verdict.REGRESSION else "",
            skipped=row if each.verdict in UNDECIDED else "",
            output=row,
        )
        for each, row in zip(found.pairs.judged, rows, strict=True)
    ]
    if found.failure:
        cases.append(Case(found.sides.names[1], "a server failed", failed=found.failure))
    return junit("c10k ab", cases, found.seconds)


FORMATS: Final[Mapping[str, Callable[[Found], str]]] = {
    "json": lambda found: json_text(found.as_json()),
    "junit": as_junit,
    "markdown": as_markdown,
}
