"""Both engines count in one layout: HdrHistogram's, which `results/` has too."""

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import example, given, settings
from hypothesis import strategies as st

from c10k.loadgen.native import test_support as native
from c10k.loadgen.portable import histogram as portable
from c10k.loadgen.portable.histogram import MANY, Times
from c10k.results.histogram import BUCKETS, COUNTS, HIGHEST_NS, SUB_BUCKETS, UNIT_MAGNITUDE

REFERENCE = HdrHistogram(1000, HIGHEST_NS, 3)
EDGES = [
    (SUB_BUCKETS << UNIT_MAGNITUDE << bucket) + off for bucket in range(BUCKETS) for off in (-1, 0)
]
ANY = st.integers(-(2**63), 2**63 - 1) | st.integers(0, HIGHEST_NS) | st.integers(0, 1 << 22)
TIMES = st.lists(st.integers(0, HIGHEST_NS) | st.integers(0, 1 << 22), max_size=50)


def place(ns):
    """The place in the reference; what lies outside its range counts as the nearest inside."""
    return REFERENCE.get_counts_array_index(min(max(ns, 0), HIGHEST_NS))


@settings(max_examples=50)
@given(st.lists(ANY, min_size=1, max_size=50))
@example([*EDGES, 0, 511, 512, HIGHEST_NS, HIGHEST_NS + 1, -1, -(2**63), 2**63 - 1])
def test_the_layout_is_that_of_hdr_histogram(values):
    expected = [place(ns) for ns in values]
    assert [native.counts_index(ns) for ns in values] == expected
    assert portable.counts_index(np.array(values)).tolist() == expected
    assert max(expected) < REFERENCE.counts_len == COUNTS


@settings(max_examples=30)
@given(TIMES, TIMES)
def test_every_time_is_counted_once_and_summed_exactly(before, after):
    times = Times()
    for ns in before:
        times.note(ns)
    times.bin()
    for ns in after:
        times.note(ns)
    expected = np.bincount([place(ns) for ns in before + after], minlength=COUNTS)
    assert (np.frombuffer(times.counts(), np.int64) == expected).all()
    assert times.sum_ns() == sum(before) + sum(after)


def test_many_times_are_binned_on_the_way():
    times = Times()
    for ns in range(MANY + 1):
        times.note(ns)
        times.bin_if_many()
    assert not times._noted
    assert np.frombuffer(times.counts(), np.int64).sum() == MANY + 1
