from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from c10k.results.aggregate import Recording, step_row
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord

StepMaker = Callable[..., StepRecord]


def given_few(*strategies: SearchStrategy[Any]) -> Callable[..., Any]:
    """`given` with 10 examples: the properties of these tests have no corners that are rarer."""
    return lambda test: settings(max_examples=10)(given(*strategies)(test))


def histogram_of(*values_ns: int) -> Histogram:
    """A histogram of these values."""
    histogram = Histogram()
    histogram.record(np.array(values_ns, dtype=np.int64))
    return histogram


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "c10k_version": "0.1.0",
        "commit": None,
        "argv": ["run"],
        "plan": {"steps": [10, 100]},
        "servers": [],
        "workloads": [],
        "host": {"cpus": 2},
        "versions": {"python": "3.11"},
        "cpu_split": None,
        "ceiling": None,
        "limits": {},
        "warnings": [],
    }


@pytest.fixture
def make_step() -> StepMaker:
    """A step with two windows and three samples, the measures depending on the connections."""

    def make(connections: int, *, server: str = "threaded", repeat: int = 0) -> StepRecord:
        values = np.random.default_rng(connections).integers(50_000, 5_000_000, 200)
        histogram = histogram_of(*values.tolist())
        window = {
            "server": server,
            "workload": "paced",
            "repeat": repeat,
            "connections": connections,
            "status": "ok",
            "connected": connections,
            "window_s": 2.0,
            "messages": 200,
            "cpu_s": 0.01 * connections,
            "rss_bytes": 1e6 * connections,
            "error_causes": "{}",
        }
        recordings = [
            Recording(kind, 2.0 * number, 2.0, histogram)
            for number in range(2)
            for kind in ("response", "service", "send_lag", "waiting")
        ]
        recordings.append(Recording("connect", 0.0, 0.5, histogram))
        samples = [{"t_s": 0.2 * i, "phase": "window", "threads": 3.0} for i in range(3)]
        return StepRecord(step_row([window] * 2, recordings), [window] * 2, samples, recordings)

    return make
