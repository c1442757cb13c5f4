"""Running the benchmarks and reading what they measured, all as ratios to a floor."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class NotMeasured(Exception):  # noqa: N818 - what happened, not an error of this program
    """The benchmarks did not run through."""


def measure(*selection: str) -> list[dict[str, Any]]:
    """What pytest-benchmark recorded of the benchmarks that these arguments select.

    `extra_info` holds the ratios (benchmarks/conftest.py). NotMeasured when they do not run
    through.
    """
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "benchmarks.json"
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *selection, "--quiet", "--timeout=600"),
                *("-p", "no:cacheprovider", f"--benchmark-json={report}"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if finished.returncode or not report.exists():
            raise NotMeasured(f"{finished.stdout}\nthe benchmarks did not run through")
        benchmarks: list[dict[str, Any]] = json.loads(report.read_text())["benchmarks"]
    return benchmarks
