"""Compares benchmark results with the baselines committed in `results/baseline/`.

A measure is a ratio: what a server took, divided by what the floor took in the same rounds, so that
a drift of the machine affects both alike. Machines differ even in ratios: a baseline is compared
only on the kind of machine that it was saved on.
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
BASELINES: Final = Path(__file__).parent.parent / "results" / "baseline"

Measures = Mapping[str, float]
"""Name of a measure -> its ratio to the floor."""


class BaselineError(Exception):
    """No baseline fits this machine."""


@dataclass(frozen=True)
class Machine:
    """What must agree before results are compared; `kernel` and `python` are major.minor."""

    cpu_model: str
    cpus: int
    kernel: str
    python: str

    @classmethod
    def here(cls) -> Self:
        """This machine, with this Python."""
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
        """The file of the baseline of such machines."""
        return directory / f"{hashlib.sha256(str(self).encode()).hexdigest()[:8]}.json"


class RegressionVerdict(StrEnum):
    """The outcome of a comparison."""

    SAME = "same"
    SLOWER = "SLOWER"
    FASTER = "faster"
    NEW = "new"
    GONE = "GONE"


@dataclass(frozen=True)
class Comparison:
    """One measure before (`base`) and now (`head`); NaN if it was not measured."""

    name: str
    base: float
    head: float
    threshold: float

    @property
    def ratio(self) -> float:
        """The new value divided by the baseline's."""
        return self.head / self.base

    @property
    def verdict(self) -> RegressionVerdict:
        """SLOWER or FASTER beyond the threshold; a value at the threshold is the SAME."""
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
    """Compare every measure of either side: first in the order of the baseline, then new ones."""
    return [
        Comparison(name, base.get(name, math.nan), head.get(name, math.nan), threshold)
        for name in dict.fromkeys([*base, *head])
    ]


def combined(runs: Sequence[Measures], statistic: Callable[[list[float]], float]) -> Measures:
    """One value per measure from several runs, such as their median; only what all runs have."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    return {name: statistic([run[name] for run in runs]) for name in names}


def save_baseline(directory: Path, machine: Machine, measures: Measures) -> Path:
    """Save the baseline of such machines; the file's path.

    Raises ValueError for a measure that is not a positive number, and if there is none.
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
    """The measures to compare with. Raises BaselineError, which says why there are none."""
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
        raise ValueError("it has no measure")
    for name, value in measures.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value}, not a positive number")
    return {name: float(f"{value:.4g}") for name, value in measures.items()}
