"""What the native modules count, beside what `results/` counts: they share one layout."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import counts_index
from c10k.results.histogram import (
    BUCKETS,
    COUNTS,
    HIGHEST_NS,
    SUB_BUCKETS,
    UNIT_MAGNITUDE,
    Histogram,
)

EDGES = [
    (SUB_BUCKETS << UNIT_MAGNITUDE << bucket) + off for bucket in range(BUCKETS) for off in (-1, 0)
]
DURATIONS = st.integers(0, 2**63 - 1) | st.integers(0, HIGHEST_NS) | st.integers(0, 2**22)


@given(st.lists(DURATIONS, max_size=100))
@example(EDGES)
@example([HIGHEST_NS - 1, HIGHEST_NS, HIGHEST_NS + 1])
def test_any_values_are_counted_alike(values):
    histogram = Histogram()
    histogram.record(np.array(values, dtype=np.int64))
    places = np.array([counts_index(value) for value in values], dtype=np.int64)
    assert np.array_equal(np.bincount(places, minlength=COUNTS), histogram.counts)
