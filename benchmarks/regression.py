"""Comparison of benchmark results with those committed in `results/baseline/`.

A measure is a ratio: what a server took, by what the floor (the least that the same work takes)
took in the same run and moment, so that a drifting machine hurts both alike. Machines differ even
in ratios, so a baseline is compared on the kind of machine that it was saved on.
"""

import hashlib
import json
import math
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

BASELINE_SCHEMA: Final = "c10k.baseline/1"
BASELINES: Final = Path(__file__).parent / "baseline"

Measures = Mapping[str, float]
"""The name of a measure -> its ratio to the floor."""


class BaselineError(Exception):
    """There is no baseline that this machine's results can be compared with."""


@dataclass(frozen=True)
class Machine:
    """What must agree before results are compared; kernel and python are major.minor."""

    cpu_model: str
    cpus: int
    kernel: str
    python: str

    @classmethod
    def here(cls) -> Self:
        """This machine, under this Python."""
        information = Path("/proc/cpuinfo").read_text(errors="replace")
        model = re.search(r"^(?:model name|Hardware|Model)\s*:\s*(.+)$", information, re.MULTILINE)
        return cls(
            cpu_model=model[1].strip() if model else platform.machine(),
            cpus=os.cpu_count() or 1,
            kernel=".".join(platform.release().split(".")[:2]),
            python=".".join(platform.python_version_tuple()[:2]),
        )

    def __str__(self) -> str:
        return f"{self.cpu_model}, {self.cpus} CPUs, Linux {self.kernel}, Python {self.python}"

    def baseline(self, directory: Path) -> Path:
        """Where the baseline of such machines is kept."""
        return directory / f"{hashlib.sha256(str(self).encode()).hexdigest()[:8]}.json"


class RegressionVerdict(StrEnum):
    """What a comparison comes to."""

    SAME = "same"
    SLOWER = "SLOWER"
    FASTER = "faster"
    NEW = "new"
    GONE = "GONE"


@dataclass(frozen=True)
class Comparison:
    """One measure before (`base`) and now (`head`); NaN where it was not measured."""

    name: str
    base: float
    head: float
    threshold: float

    @property
    def ratio(self) -> float:
        """How many times the baseline's value the new one is."""
        return self.head / self.base

    @property
    def verdict(self) -> RegressionVerdict:
        """SLOWER or FASTER beyond the threshold; a value right at it is the SAME."""
        if math.isnan(self.base):
            return RegressionVerdict.NEW
        if math.isnan(self.head):
            return RegressionVerdict.GONE
        if self.ratio > self.threshold:
            return RegressionVerdict.SLOWER
        return (
            RegressionVerdict.FASTER if self.ratio < 1 / self.threshold else RegressionVerdict.SAME
        )

    @property
    def failed(self) -> bool:
        """A regression: slower, or no longer measured."""
        return self.verdict in (RegressionVerdict.SLOWER, RegressionVerdict.GONE)


def compare(base: Measures, head: Measures, threshold: float) -> list[Comparison]:
    """Every measure of either side, in the order of the baseline, then the new ones."""
    return [
        Comparison(name, base.get(name, math.nan), head.get(name, math.nan), threshold)
        for name in dict.fromkeys([*base, *head])
    ]


def combined(runs: Sequence[Measures], by: Callable[[list[float]], float]) -> Measures:
    """One value a measure from several runs, such as their median; those of every run alone."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    return {name: by([run[name] for run in runs]) for name in names}


def save_baseline(directory: Path, machine: Machine, measures: Measures) -> Path:
    """Make these the measures to compare with on such machines; the file's path.

    ValueError for a measure that is not a positive number, and for none.
    """
    path = machine.baseline(directory)
    content = {
        "schema": BASELINE_SCHEMA,
        "machine": asdict(machine),
        "ratio_to_floor": _checked(measures),
    }
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def load_baseline(directory: Path, machine: Machine) -> Measures:
    """The measures to compare with; BaselineError says why there are none."""
    path = machine.baseline(directory)
    if not path.exists():
        others = len(list(directory.glob("*.json")))
        why = f" ({others} of other machines cannot be compared with it)" if others else ""
        raise BaselineError(f"no baseline of this machine, {machine}{why}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != BASELINE_SCHEMA or Machine(**content["machine"]) != machine:
            raise ValueError("of another schema or machine")
        return _checked(content["ratio_to_floor"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(f"the baseline {path} cannot be used: {error}") from error


def _checked(measures: Measures) -> dict[str, float]:
    if not measures:
        raise ValueError("it holds no measure")
    for name, value in measures.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value}, not a positive number")
    return {name: float(f"{value:.4g}") for name, value in measures.items()}
