from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.model.measured import Measured
from c10k.reports.summary.headline import Headline, headline
from c10k.reports.summary.topics import Topic, find_topics
from tests.reports.synthetic import Behaviour, Change

ALIKE = {"median_ms": 1.0, "sigma": 0.35, "cpu_us": 20.0, "starved": 0}


class Stated(NamedTuple):
    """A run and what is stated of it."""

    measured: Measured
    comparisons: Comparisons
    headline: Headline
    topics: list[Topic]


def alike(
    server: str = "", also: Change = lambda step: None, memory: float = 4_096, **factors: float
) -> Change:
    """Servers that behave the same, but for one: what it has by factors, and memory per connection
    in bytes.
    """

    def change(step: Behaviour) -> None:
        vars(step).update(ALIKE)
        step.rss_bytes = 9e6 + 4_096 * step.connections
        if step.workload != "paced":
            step.messages_per_s = 5_000
        if step.server == server:
            step.rss_bytes = 9e6 + memory * step.connections
            for name, factor in factors.items():
                setattr(step, name, getattr(step, name) * factor)
        also(step)

    return change


@pytest.fixture
def tell(make) -> Callable[..., Stated]:
    """Simulate a small run of three repeats, and say what is stated of it."""

    def stated(**options: Any) -> Stated:
        measured = make(**{"repeats": 3, "change": alike()} | options)
        comparisons = Comparisons(measured)
        stated = (measured, comparisons)
        return Stated(*stated, headline(*stated), find_topics(*stated))

    return stated
