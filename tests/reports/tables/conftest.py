"""Runs of a pair that is alike, but for what a test changes."""

from collections.abc import Callable
from typing import Any

import pytest

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.model.measured import Measured
from tests.reports.synthetic import Behaviour, Change


@pytest.fixture
def alike(make: Callable[..., Measured]) -> Callable[..., tuple[Measured, Comparisons]]:
    """A run of three repeats under full load, and its comparisons."""

    def made(change: Change = lambda step: None, **options: Any) -> tuple[Measured, Comparisons]:
        def changed(step: Behaviour) -> None:
            step.median_ms, step.sigma, step.cpu_us, step.messages_per_s = 1.0, 0.2, 20.0, 1_000.0
            step.rss_bytes, step.starved = 20e6 + 10e3 * step.connections, 0
            change(step)

        usual = {"workloads": ("saturated",), "repeats": 3}
        measured = make(change=changed, **usual | options)
        return measured, Comparisons(measured)

    return made
