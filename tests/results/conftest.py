from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from c10k.results.aggregate import Recording, step_row
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord

StepMaker = Callable[..., StepRecord]


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "c10k_version": "0.1.0",
        "commit": None,
        "argv": ["run"],
        "plan": {"steps": [10, 100]},
        "host": {"cpus": 2},
        "versions": {"python": "3.11"},
        "cpu_split": None,
        "limits": {},
        "warnings": [],
    }


@pytest.fixture
def make_step() -> StepMaker:
    """A step with two windows and three samples, the measures depending on the connections."""

    def make(connections: int, *, server: str = "threaded", repeat: int = 0) -> StepRecord:
        values = np.random.default_rng(connections).integers(50_000, 5_000_000, 200)
        histogram = Histogram()
        histogram.record(values)
        key = {
            "server": server,
            "workload": "paced",
            "repeat": repeat,
            "connections": connections,
        }
        windows = [
            {
                **key,
                "status": "ok",
                "connected": connections,
                "window_s": 2.0,
                "messages": 200,
                "cpu_s": 0.01 * connections,
                "resident_bytes": 1e6 * connections,
                "rss_bytes": 1e6 * connections,
                "error_causes": "{}",
            }
            for _ in range(2)
        ]
        recordings = [
            Recording(kind, 2.0 * window, 2.0, histogram)
            for window in range(2)
            for kind in ("response", "service", "send_lag", "waiting")
        ]
        recordings.append(Recording("connect", 0.0, 0.5, histogram))
        samples = [{"t_s": 0.2 * i, "phase": "window", "threads": 3.0} for i in range(3)]
        return StepRecord(step_row(windows, recordings), windows, samples, recordings)

    return make
