"""The binning beside another implementation of the layout."""

import numpy as np
from hdrh.histogram import HdrHistogram
from hypothesis import example, given
from hypothesis import strategies as st

from c10k.loadgen.portable.histogram import COUNTS, MANY, Times, counts_index

HOUR = 3_600_000_000_000
REFERENCE = HdrHistogram(1000, HOUR, 3)
TIMES = st.lists(st.integers(0, HOUR) | st.integers(0, 1 << 22), max_size=50)


@given(st.integers(0, HOUR))
@example(0)
@example(511)
@example(512)
@example((1 << 20) - 1)
@example(1 << 20)
@example(HOUR)
def test_the_layout_is_that_of_hdr_histogram(ns):
    assert counts_index(np.array([ns])) == REFERENCE.get_counts_array_index(ns)


@given(st.integers(-(2**63), -1), st.integers(HOUR + 1, 2**63 - 1))
def test_what_lies_outside_counts_as_the_nearest_inside(below, above):
    places = counts_index(np.array([below, 0, above, HOUR]))
    assert places[0] == places[1] == 0
    assert places[2] == places[3] < COUNTS == REFERENCE.counts_len


@given(TIMES, TIMES)
def test_every_time_is_counted_once_and_summed_exactly(before, after):
    times = Times()
    for ns in before:
        times.note(ns)
    times.bin()
    for ns in after:
        times.note(ns)
    counts = np.frombuffer(times.counts(), np.int64)
    assert counts.sum() == len(before) + len(after)
    assert times.sum_ns() == sum(before) + sum(after)
    for ns in before + after:
        assert counts[REFERENCE.get_counts_array_index(ns)] > 0


def test_many_times_are_binned_on_the_way():
    times = Times()
    for ns in range(MANY + 1):
        times.note(ns)
        times.bin_if_many()
    assert not times._noted
    assert np.frombuffer(times.counts(), np.int64).sum() == MANY + 1
