"""The JSON of `c10k run --json`: what a run measured and how it ended."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from c10k.experiment.failures import Failures
from c10k.outcome import Status

SCHEMA: Final = "c10k.run.outcome/1"


def figures(
    directory: Path,
    manifest: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    failures: Failures,
    status: Status,
) -> dict[str, Any]:
    """The JSON. `rows` have the columns of steps.parquet; what was not measured is null."""
    return {
        "schema": SCHEMA,
        "run": str(directory),
        "outcome": status.name.lower(),
        "failure": failures.failure or None,
        "troubles": failures.lines,
        "warnings": manifest["warnings"],
        "left_out": manifest["left_out"],
        "max_connections": manifest.get("max_connections", []),
        "steps": [{name: _value(name, value) for name, value in row.items()} for row in rows],
    }


def _value(name: str, value: object) -> object:
    if name == "error_causes" and isinstance(value, str):
        return json.loads(value or "{}")
    return None if isinstance(value, float) and math.isnan(value) else value
