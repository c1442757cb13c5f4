import base64
import math
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import strategies as st

from c10k.results.histogram import (
    BUCKET_HIGH_NS,
    BUCKET_LOW_NS,
    BUCKETS,
    COUNTS,
    DIGITS,
    HIGHEST_NS,
    LOWEST_NS,
    PERCENTILES,
    SUB_BUCKETS,
    SUMMARY,
    UNIT_MAGNITUDE,
    Histogram,
    indices,
)
from tests.results.conftest import given_few, histogram_of

durations = st.integers(0, HIGHEST_NS)
samples = st.lists(durations, min_size=1, max_size=60)
sparse_counts = st.dictionaries(
    st.integers(0, COUNTS - 1), st.integers(1, (1 << 55) - 1), max_size=40
)


def reference(values=()):
    histogram = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    for value in values:
        assert histogram.record_value(int(value))
    return histogram


def test_layout_is_the_references():
    ours = reference()
    assert ours.unit_magnitude == UNIT_MAGNITUDE
    assert ours.sub_bucket_count == SUB_BUCKETS
    assert ours.bucket_count == BUCKETS
    assert ours.counts_len == COUNTS


def test_every_bucket_begins_and_ends_where_the_references_does():
    places = np.arange(COUNTS)
    low, high = BUCKET_LOW_NS, BUCKET_HIGH_NS
    assert low[0] == 0
    assert np.array_equal(low[1:], high[:-1] + 1)
    assert np.array_equal(indices(low), places)
    assert np.array_equal(indices(high), places)
    histogram = reference()
    for place in [*range(0, COUNTS, 97), 1023, 1024, 2047, 2048, COUNTS - 1]:
        assert histogram.get_value_from_index(place) == low[place]
        assert histogram.get_highest_equivalent_value(int(low[place])) == high[place]


@given_few(samples)
def test_answers_are_the_references(values):
    ours, theirs = histogram_of(*values), reference(values)
    assert np.array_equal(ours.counts, np.array(theirs.counts[:], dtype=np.int64))
    assert ours.total == theirs.get_total_count() == len(values)
    assert ours.max_ns == (theirs.get_max_value() or BUCKET_HIGH_NS[0])
    assert ours.min_ns == theirs.get_min_value()
    for percentile in [*PERCENTILES.values(), 0.5, 33.3, 100.0]:
        assert ours.percentile_ns(percentile) == theirs.get_value_at_percentile(percentile)


def test_the_mean_is_the_references():
    """Of short times: it looks at each bucket up to the longest."""
    values = [0, 1_000, 77_777, 500_000, 2_345_678]
    assert math.isclose(histogram_of(*values).mean_ns, reference(values).get_mean_value())


@given_few(samples, samples, samples)
def test_merging_is_associative_commutative_and_loses_nothing(a, b, c):
    one, two, three = histogram_of(*a), histogram_of(*b), histogram_of(*c)
    together = one.merged(two, three)
    assert together == (one + two) + three == one + (two + three) == three.merged(two, one)
    assert together == histogram_of(*a, *b, *c)
    assert together.total == one.total + two.total + three.total
    one.merged().record(7_000)
    assert one == histogram_of(*a), "merging must leave its operands alone"


@given_few(sparse_counts)
def test_the_reference_reads_ours(counts):
    histogram = Histogram()
    histogram.counts[list(counts)] = list(counts.values())
    theirs = HdrHistogram.decode(histogram.encode())
    assert np.array_equal(histogram.counts, np.array(theirs.counts[:], dtype=np.int64))


@given_few(samples)
def test_ours_reads_the_references(values):
    theirs = reference(values)
    assert Histogram.decode(theirs.encode().decode()) == histogram_of(*values)


@pytest.mark.parametrize(
    "other",
    [
        HdrHistogram(1, HIGHEST_NS, 3),
        HdrHistogram(1000, 10**9, 3),
        HdrHistogram(1000, HIGHEST_NS, 2),
    ],
)
def test_another_layout_is_refused(other):
    other.record_value(5_000)
    with pytest.raises(ValueError, match=r"only 1000 to 3600000000000 ns with 3 digits"):
        Histogram.decode(other.encode().decode())


def test_damaged_text_is_refused():
    text = histogram_of(5_000, 70_000, HIGHEST_NS).encode()
    cut = (text[:end] for end in range(len(text)))
    for damaged in ("no base64!", "HISTFAAA", "AAAAAAAAAAAAAAAA", *cut):
        with pytest.raises(ValueError, match=r"histogram|HdrHistogram"):
            Histogram.decode(damaged)


def encoded(body):
    """Counts in the V2 encoding, whatever they are."""
    header = struct.pack(">iiiiqqd", 0x1C849313, len(body), 0, DIGITS, LOWEST_NS, HIGHEST_NS, 1.0)
    stream = zlib.compress(header + body)
    return base64.b64encode(struct.pack(">ii", 0x1C849314, len(stream)) + stream).decode()


def test_what_would_unpack_to_much_more_is_not_unpacked():
    bomb = encoded(bytes(20_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"a damaged histogram: .* unpacks to too much"):
        Histogram.decode(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_more_zeros_than_there_are_counts_are_refused():
    """The sum of so many, modulo 2**64, would be a place among the counts."""
    zeros = bytes([0xFF] * 7 + [0x7F])  # 2**55
    with pytest.raises(ValueError, match=f"more than {COUNTS} counts"):
        Histogram.decode(encoded(zeros * 512 + b"\x02"))


def test_more_values_than_can_be_added_up_are_refused():
    histogram = Histogram()
    histogram.counts[:] = 1 << 54
    with pytest.raises(ValueError, match=r"more than 2\*\*40 values"):
        Histogram.decode(histogram.encode())


def test_percentiles_of_more_values_than_floats_can_tell_apart():
    histogram = Histogram()
    histogram.counts[[3, 5]] = (1 << 55) - 1
    assert histogram.percentile_ns(100) == histogram.max_ns


def test_a_count_too_large_to_encode_is_refused():
    histogram = Histogram()
    histogram.counts[3] = 1 << 55
    with pytest.raises(ValueError, match="cannot be encoded"):
        histogram.encode()


def test_counts_of_an_engine_are_copied():
    counts = np.arange(COUNTS)
    histogram = Histogram.from_buffer(memoryview(counts))
    counts[:] = 0
    assert histogram.counts.tolist() == list(range(COUNTS))
    with pytest.raises(ValueError, match="24576"):
        Histogram.from_buffer(bytes(8))


def test_a_negative_duration_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Histogram().record(-1)


def test_a_duration_beyond_the_layout_is_counted_as_its_highest():
    histogram, highest = Histogram(), Histogram()
    histogram.record(10 * HIGHEST_NS, count=2)
    highest.record(HIGHEST_NS, count=2)
    assert histogram == highest


def test_a_summary_is_of_the_percentiles_that_it_names():
    histogram = Histogram()
    for ms, count in enumerate((6_000, 3_000, 900, 90, 9, 1), start=1):
        histogram.record(ms * 1_000_000, count)
    summary = {name: round(value) for name, value in histogram.summary_ms().items()}
    tail = {"p99": 3, "p99_9": 4, "p99_99": 5, "max": 6}
    assert summary == {"mean": 2, "p50": 1, "p90": 2, **tail}


def test_an_empty_histogram_has_no_summary():
    empty = Histogram()
    assert (empty.total, empty.min_ns, empty.max_ns, empty.mean_ns) == (0, 0, 0, 0.0)
    assert empty.percentile_ns(99) == 0
    assert list(empty.summary_ms()) == list(SUMMARY)
    assert all(math.isnan(value) for value in empty.summary_ms().values())
