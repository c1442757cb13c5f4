"""How a run ended, as it is written: for a terminal, and for programs."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from c10k.cli.outputs import json_text
from c10k.experiment.failures import Failures
from c10k.outcome import Status
from c10k.reports.wording import number
from c10k.results.store import RunWriter
from c10k.results.thresholds import Judged


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    writer: RunWriter
    failures: Failures
    status: Status


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


def lines(thresholds: Sequence[Judged]) -> list[str]:
    """The thresholds for a terminal: under each its steps, in columns."""
    rows = [
        (each.word, each.step.server, each.step.workload, f"{each.step.connections:,}", _of(each))
        for each in thresholds
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    found = []
    pairs = zip(thresholds, rows, strict=True)
    for text, group in groupby(pairs, key=lambda pair: pair[0].threshold.text):
        found.append(f"threshold {text}")
        for each, row in group:
            cells = [
                cell.ljust(width) if column < 3 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            found.append("  ".join(("", *cells, each.why)).rstrip())
    return found


def _of(each: Judged) -> str:
    """The value, in the column's unit."""
    return number(each.value)


FORMATS: Final[Mapping[str, Callable[[Ending], str]]] = {
    "json": as_json,
}
"""How a run ended, in formats that other programs read."""
