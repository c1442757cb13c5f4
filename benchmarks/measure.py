"""Runs the benchmarks and reads what they measured, as ratios to a floor."""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def measure(*selection: str) -> list[dict[str, Any]]:
    """Run the benchmarks that these arguments of pytest select; what pytest-benchmark recorded.

    `extra_info` has the ratios (benchmarks/conftest.py). Ends the program with status 3 and their
    output if one fails, and with 130 on Ctrl-C.
    """
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", *selection, "--quiet", "--timeout=600"]
        command += ["-p", "no:cacheprovider", f"--benchmark-json={report}"]
        try:
            finished = subprocess.run(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        except KeyboardInterrupt:
            sys.exit(130)
        if finished.returncode or not report.exists():
            print(f"{finished.stdout}\nthe benchmarks failed", file=sys.stderr)
            sys.exit(3)
        benchmarks: list[dict[str, Any]] = json.loads(report.read_text())["benchmarks"]
    return benchmarks


def machine() -> str:
    """What must agree before results are compared."""
    information = Path("/proc/cpuinfo").read_text(errors="replace")
    model = re.search(r"^(?:model name|Hardware|Model)\s*:\s*(.+)$", information, re.MULTILINE)
    return (
        f"{model[1].strip() if model else platform.machine()}, {os.cpu_count()} CPUs, "
        f"Linux {'.'.join(platform.release().split('.')[:2])}, "
        f"Python {'.'.join(platform.python_version_tuple()[:2])}"
    )
