"""How a run ended, as it is written: for a terminal, and in the formats that programs read."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from c10k.experiment.failures import Failures
from c10k.outcome import Status
from c10k.output.files import json_text
from c10k.reports.wording import aligned, number
from c10k.results.exports.junit import Case, junit
from c10k.results.exports.markdown import table
from c10k.results.store import RunWriter
from c10k.results.thresholds import Checked


@dataclass(frozen=True)
class Ending:
    """How a run ended. `seconds` is how long it took, since it was last resumed."""

    writer: RunWriter
    failures: Failures
    status: Status
    seconds: float

    @property
    def title(self) -> str:
        """The outcome in a line."""
        if self.status is Status.INTERRUPTED:
            return "interrupted"
        met = " and every threshold met" * bool(self.failures.thresholds)
        return self.failures.failure or f"every step measured{met}"


def as_json(ending: Ending) -> str:
    """Steps have the columns of steps.parquet, null where not measured."""
    manifest = ending.writer.manifest
    found = {
        "schema": "c10k.run.outcome/1",
        "run": str(ending.writer.directory),
        "outcome": ending.status.name.lower(),
        "failure": ending.failures.failure or None,
        "troubles": ending.failures.lines,
        "thresholds": [each.as_json() for each in ending.failures.thresholds],
        "warnings": manifest["warnings"],
        "left_out": manifest["left_out"],
        "max_connections": manifest.get("max_connections", []),
        "steps": [
            {name: _value(name, value) for name, value in row.items()}
            for row in ending.writer.steps()
        ],
    }
    return json_text(found)


def _value(name: str, value: object) -> object:
    if name == "error_causes" and isinstance(value, str):
        return json.loads(value or "{}")
    return None if isinstance(value, float) and math.isnan(value) else value


def lines(thresholds: Sequence[Checked]) -> list[str]:
    """The thresholds for a terminal: under each its steps, in columns."""
    rows = aligned(
        [("", each.word, *_step(each), each.why) for each in thresholds], (0, 1, 2, 3, 6)
    )
    found = []
    for text, group in groupby(
        zip(thresholds, rows, strict=True), key=lambda pair: pair[0].threshold.text
    ):
        found += [f"threshold {text}", *(row for _each, row in group)]
    return found


def _step(each: Checked) -> tuple[str, ...]:
    return each.step.server, each.step.workload, f"{each.step.connections:,}", _of(each)


def as_markdown(ending: Ending) -> str:
    """For the page of a CI job, or a comment on a pull request: a table for each threshold."""
    parts = [f"### {ending.title}"]
    for text, group in groupby(ending.failures.thresholds, key=lambda each: each.threshold.text):
        rows = [(str(each.step), _of(each), _outcome(each)) for each in group]
        parts.append(f"`{text}`")
        parts.append(table(("step", "value", "outcome"), rows))
    if ending.failures.lines:
        parts.append("\n".join(f"- {line}" for line in ending.failures.lines))
    return "\n\n".join(parts) + "\n"


def as_junit(ending: Ending) -> str:
    """A test case for each threshold at each step, and one for the measuring itself."""
    unmeasured = "interrupted" if ending.status is Status.INTERRUPTED else ending.failures.of_steps
    cases = [
        Case("c10k run", "every step is measured", failed=unmeasured),
        *(
            Case(
                f"{each.step.server}.{each.step.workload}, {each.step.connections:,} connections",
                each.threshold.text,
                failed=(each.why or f"the value is {_of(each)}") if each.missed else "",
                output=_of(each),
            )
            for each in ending.failures.thresholds
        ),
    ]
    return junit("c10k run", cases, ending.seconds)


def _of(each: Checked) -> str:
    """The value, in the column's unit."""
    return number(each.value)


def _outcome(each: Checked) -> str:
    word = f"**{each.word}**" if each.missed else each.word
    return f"{word}: {each.why}" if each.why else word


FORMATS: Final[Mapping[str, Callable[[Ending], str]]] = {
    "json": as_json,
    "junit": as_junit,
    "markdown": as_markdown,
}
"""How a run ended, in formats that other programs read."""
