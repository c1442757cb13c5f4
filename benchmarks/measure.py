"""Runs the benchmarks and reads what they measured, as ratios to a floor."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class NotMeasured(Exception):  # noqa: N818 - what happened, not an error of this program
    """The benchmarks failed; the message is their output."""


def measure(*selection: str) -> list[dict[str, Any]]:
    """Run the benchmarks that these arguments of pytest select; what pytest-benchmark recorded.

    `extra_info` has the ratios (benchmarks/conftest.py). Raises NotMeasured if a benchmark fails.
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
            raise NotMeasured(f"{finished.stdout}\nthe benchmarks failed")
        benchmarks: list[dict[str, Any]] = json.loads(report.read_text())["benchmarks"]
    return benchmarks
