"""What two programs are compared by, each with the margin within which they count as the same.

Each is computed from the row of a step. The steadiest come first.
"""

import math
from dataclasses import dataclass
from typing import Final

from c10k.results.fitness import Row
from c10k.results.histogram import SUPPORT


@dataclass(frozen=True)
class Metric:
    """One of them: a column of the steps, or that divided by the connections.

    The margin is relative: 0.03 for 3 %. Values that differ by less than `apart` count as the same
    whatever their ratio, and a smaller value as `apart`, so that there is a ratio to 0 too.

    What depends `on_loader` says nothing of the server where the loader was the bottleneck, what is
    `over_messages` nothing where connections starve (the few that are served send most of the
    messages), and a percentile nothing of fewer than `least_messages`.
    """

    name: str
    noun: str
    unit: str
    margin: float
    column: str
    apart: float
    per_connection: bool = False
    more_is_better: bool = False
    on_loader: bool = False
    over_messages: bool = False
    least_messages: float = 0.0

    def apart_of(self, base: float) -> float:
        """How much too little to matter is of such a value, as a margin is; at most 1."""
        return self.apart / max(base, self.apart) if self.apart else 0.0

    def known(self, value: float) -> bool:
        """Whether a ratio can be of such a value."""
        return value > 0 or (self.apart > 0 and not math.isnan(value))

    def of(self, row: Row) -> float:
        """Its value in a step; NaN where it was not measured there."""
        value = float(row[self.column])
        if not self.per_connection:
            return value
        return value / row["connected"] if row["connected"] else math.nan


def _per_connection(name: str, noun: str, margin: float, column: str) -> Metric:
    noun = f"{noun} per connection"
    return Metric(name, noun, "bytes", margin, column, apart=64.0, per_connection=True)


def _per_message(name: str, margin: float, column: str) -> Metric:
    return Metric(name, f"{name.replace('_', ' ')} per message", "", margin, column, apart=0.05)


def _response(name: str, noun: str, margin: float) -> Metric:
    return Metric(
        name,
        noun,
        "ms",
        margin,
        f"response_{name}_ms",
        apart=0.05,
        on_loader=True,
        over_messages=True,
        least_messages=SUPPORT[name],
    )


METRICS: Final = {
    metric.name: metric
    for metric in (
        _per_connection("memory", "resident memory", 0.03, "resident_delta_bytes"),
        _per_connection("kernel_memory", "kernel memory", 0.1, "kernel_delta_bytes"),
        _per_message("system_calls", 0.02, "system_calls_per_message"),
        _per_message("context_switches", 0.1, "context_switches_per_message"),
        Metric("cpu", "CPU per message", "us", 0.03, "cpu_us_per_message", apart=0.05),
        Metric(
            "throughput",
            "throughput",
            "messages/s",
            0.03,
            "messages_per_s",
            apart=0.0,
            more_is_better=True,
            on_loader=True,
        ),
        _response("p50", "median response time", 0.05),
        _response("p99", "p99 response time", 0.1),
    )
}
