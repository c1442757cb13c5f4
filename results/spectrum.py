"""The percentile spectrum of a histogram as text, in the form that HdrHistogram's tools print.

wrk2 and others print the same; HdrHistogram's plotter draws it.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from c10k.results.histogram import BUCKET_HIGH_NS, BUCKETS, SUB_BUCKETS, Histogram

TICKS: Final = 5  # percentiles printed on each halving of the distance to 100 %


class Level(NamedTuple):
    """`reached` values do not exceed `value_ns`, and these are at least `percentile` per cent."""

    value_ns: int
    percentile: float
    reached: int


def levels(histogram: Histogram) -> Iterator[Level]:
    """0, 10, … 50, 55, … 75, 77.5, … per cent, ever closer, until all values are counted."""
    counted = np.cumsum(histogram.counts)
    total = histogram.total
    percentile = 0.0
    reached = 0
    while reached < total:
        place = int(np.searchsorted(counted, max(math.ceil(percentile / 100 * total), 1)))
        reached = int(counted[place])
        value_ns = int(BUCKET_HIGH_NS[place])
        yield Level(value_ns, percentile, reached)
        halvings = math.floor(math.log2(100 / (100 - percentile))) + 1
        percentile += 100 / (TICKS * 2**halvings)
    if total:
        yield Level(histogram.max_ns, 100.0, total)


def text(histogram: Histogram) -> str:
    """The spectrum with values in ms."""
    lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    for level in levels(histogram):
        share = level.percentile / 100
        beyond = f"{1 / (1 - share):>14.2f}" if share < 1 else ""
        row = f"{level.value_ns / 1e6:>12.3f} {share:>14.12f} {level.reached:>10} {beyond}"
        lines.append(row.rstrip())
    mean_ms = histogram.mean_ns / 1e6
    from_mean_ms = BUCKET_HIGH_NS / 1e6 - mean_ms  # as HdrHistogram has it, of the highest values
    variance = (histogram.counts * from_mean_ms**2).sum() / max(histogram.total, 1)
    lines += [
        f"#[Mean    = {mean_ms:>12.3f}, StdDeviation   = {math.sqrt(variance):>12.3f}]",
        f"#[Max     = {histogram.max_ns / 1e6:>12.3f}, Total count    = {histogram.total:>12}]",
        f"#[Buckets = {BUCKETS:>12}, SubBuckets     = {SUB_BUCKETS:>12}]",
    ]
    return "\n".join(lines) + "\n"
