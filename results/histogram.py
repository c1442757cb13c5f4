"""Latency histograms in the HdrHistogram counts layout, over numpy alone.

The layout is that of HdrHistogram (https://hdrhistogram.github.io/HdrHistogram/) for nanoseconds
from 1 us to 1 h with 3 significant digits: units of 2**9 ns, 2,048 sub-buckets, 23 buckets.
Histograms of this layout merge by adding their counts.
"""

import base64
import binascii
import math
import struct
import zlib
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOWEST_NS: Final = 1_000
HIGHEST_NS: Final = 3_600_000_000_000
DIGITS: Final = 3
PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "p99_99": 99.99}
SAMPLES_BEYOND: Final = 10
"""So many values must lie beyond a percentile that is shown."""
SUPPORT: Final = {
    name: SAMPLES_BEYOND / (1 - percentile / 100) for name, percentile in PERCENTILES.items()
}
"""So many values that takes: 20 for p50, 1,000 for p99."""
SUMMARY: Final = ("mean", *PERCENTILES, "max")

UNIT_MAGNITUDE: Final = 9  # floor(log2(LOWEST_NS))
SUB_BUCKETS: Final = 2048  # the power of two that holds 2 * 10**DIGITS
BUCKETS: Final = 23  # doublings of SUB_BUCKETS << UNIT_MAGNITUDE until HIGHEST_NS fits
COUNTS: Final = (BUCKETS + 1) * SUB_BUCKETS // 2

_HALF_MAGNITUDE = 10  # log2(SUB_BUCKETS / 2)
_INDEX = np.arange(COUNTS, dtype=np.int64)
_BUCKET = np.maximum((_INDEX >> _HALF_MAGNITUDE) - 1, 0)
_WIDTH_NS = np.int64(1) << (_BUCKET + UNIT_MAGNITUDE)
BUCKET_LOW_NS: Final[NDArray[np.int64]] = (_INDEX - (_BUCKET << _HALF_MAGNITUDE)) * _WIDTH_NS
BUCKET_HIGH_NS: Final[NDArray[np.int64]] = BUCKET_LOW_NS + _WIDTH_NS - 1
"""The smallest and the largest value in ns that is counted at each index."""
_MIDDLE_NS = (BUCKET_LOW_NS + _WIDTH_NS // 2).astype(np.float64)

# The V2 encoding: an outer header (cookie, length of the zlib stream), and within the stream an
# inner header (cookie, length of the counts, normalizing offset, digits, lowest, highest, ratio).
_COMPRESSED_COOKIE = 0x1C849314
_ENCODED_COOKIE = 0x1C849313
_OUTER = struct.Struct(">ii")
_INNER = struct.Struct(">iiiiqqd")
_MOST_BYTES = 8  # a coded count; 8 x 7 bits hold counts below 2**55, the ninth is never needed
_LONGEST = _INNER.size + COUNTS * _MOST_BYTES  # a stream; what unpacks to more is damaged
_MOST_VALUES = 1 << 40  # of what is read: 12 days of a million a second; sums must not overflow


def indices(values_ns: ArrayLike) -> NDArray[np.int64]:
    """Where in the counts each value belongs; the last place for values beyond the layout."""
    return np.searchsorted(BUCKET_LOW_NS, values_ns, side="right").astype(np.int64) - 1


class Histogram:
    """Counts of durations from 1 µs to 1 h, at 3 significant digits, in nanoseconds.

    `counts` is an int64 array of shape (24576,): a number for each bucket. It is shared, not
    copied. An empty histogram answers 0 for each of its values, as HdrHistogram does; `summary_ms`
    answers NaN. Two are equal if their counts are, and `+` adds them.
    """

    __hash__ = None  # type: ignore[assignment]  # mutable, compared by value

    def __init__(self, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(COUNTS, dtype=np.int64) if counts is None else counts

    @classmethod
    def from_buffer(cls, counts: bytes | bytearray | memoryview) -> Self:
        """Copy 24,576 native int64 counts, 196,608 bytes. Raises ValueError for another size."""
        copied = np.frombuffer(counts, dtype=np.int64).copy()
        if copied.size != COUNTS:
            raise ValueError(f"a histogram has {COUNTS} counts of 8 bytes, not {copied.size}")
        return cls(copied)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and np.array_equal(self.counts, other.counts)

    def __add__(self, other: "Histogram") -> "Histogram":
        return self.merged(other)

    def merged(self, *others: "Histogram") -> "Histogram":
        """A new histogram of all the values of this one and the others."""
        return Histogram(sum((other.counts for other in others), self.counts.copy()))

    def record(self, ns: int | Sequence[int] | NDArray[np.int64], count: int = 1) -> None:
        """Count one value in ns, or each of an array of any shape, `count` times.

        A value above 1 h counts as 1 h, as the native modules have it. Raises ValueError if one is
        negative.
        """
        if np.any(np.less(ns, 0)):
            raise ValueError("a duration cannot be negative")
        np.add.at(self.counts, indices(np.minimum(ns, HIGHEST_NS)), count)

    @property
    def total(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    @property
    def min_ns(self) -> int:
        """The lowest value, ns, that the first used bucket stands for."""
        return int(BUCKET_LOW_NS[np.argmax(self.counts > 0)]) if self.total else 0

    @property
    def max_ns(self) -> int:
        """The highest value, ns, that the last used bucket stands for."""
        return int(BUCKET_HIGH_NS[np.flatnonzero(self.counts)[-1]]) if self.total else 0

    @property
    def mean_ns(self) -> float:
        """The mean in ns, each value taken as the middle of its bucket, as HdrHistogram does."""
        # Not a dot product: threads of BLAS would take the CPUs that a run measures on.
        return float((self.counts * _MIDDLE_NS).sum()) / self.total if self.total else 0.0

    def percentile_ns(self, percentile: float) -> int:
        """The value in ns that `percentile` (0 to 100) per cent of the values do not exceed."""
        return int(self.percentiles_ns([percentile])[0])

    def percentiles_ns(self, percentiles: Sequence[float]) -> NDArray[np.int64]:
        """For each percentile the highest value, ns, of the bucket with the value of its rank.

        An int64 array with one number for each. The rank is p * total / 100 rounded half up and at
        least 1, as HdrHistogram's C and Python editions have it.
        """
        if not self.total:
            return np.zeros(len(percentiles), dtype=np.int64)
        wanted = np.minimum(np.asarray(percentiles, dtype=np.float64), 100.0)
        ranks = np.clip(np.floor(wanted * self.total / 100 + 0.5), 1, self.total)
        return np.take(BUCKET_HIGH_NS, np.searchsorted(np.cumsum(self.counts), ranks))

    def summary_ms(self) -> dict[str, float]:
        """mean, p50, p90, p99, p99_9, p99_99 and max in ms; all NaN when nothing was counted."""
        if not self.total:
            return dict.fromkeys(SUMMARY, math.nan)
        values = [
            self.mean_ns,
            *self.percentiles_ns(list(PERCENTILES.values())).tolist(),
            self.max_ns,
        ]
        return {name: value / 1e6 for name, value in zip(SUMMARY, values, strict=True)}

    def encode(self) -> str:
        """HdrHistogram's V2 compressed encoding, in base64.

        Raises ValueError for a count of 2**55 or more.
        """
        body = _encode_counts(self.counts)
        header = _INNER.pack(_ENCODED_COOKIE, len(body), 0, DIGITS, LOWEST_NS, HIGHEST_NS, 1.0)
        stream = zlib.compress(header + body)
        return base64.b64encode(_OUTER.pack(_COMPRESSED_COOKIE, len(stream)) + stream).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a V2 compressed encoding in base64.

        Raises ValueError when it is damaged, is of another layout than this module's, or is of more
        than 2**40 values.
        """
        try:
            data = base64.b64decode(text, validate=True)
            cookie, length = _OUTER.unpack_from(data)
            if cookie != _COMPRESSED_COOKIE or length != len(data) - _OUTER.size:
                raise ValueError("not a V2 compressed HdrHistogram")
            unpacker = zlib.decompressobj()
            stream = unpacker.decompress(data[_OUTER.size :], _LONGEST + 1)
            if not unpacker.eof:
                raise ValueError("a damaged histogram: it is cut short, or unpacks to too much")
            cookie, length, offset, digits, lowest, highest, ratio = _INNER.unpack_from(stream)
        except (binascii.Error, struct.error, zlib.error) as error:
            raise ValueError(f"a damaged histogram: {error}") from error
        body = stream[_INNER.size :]
        if cookie != _ENCODED_COOKIE or length != len(body):
            raise ValueError("a damaged histogram: its inner header does not fit")
        if (digits, lowest, highest, offset, ratio) != (DIGITS, LOWEST_NS, HIGHEST_NS, 0, 1):
            raise ValueError(
                f"a histogram of {lowest} to {highest} with {digits} digits, where only "
                f"{LOWEST_NS} to {HIGHEST_NS} ns with {DIGITS} digits can be read"
            )
        return cls(_decode_counts(body))


def _encode_counts(counts: NDArray[np.int64]) -> bytes:
    """Counts up to the last one used as zigzag LEB128, a run of n zeros as the number -n."""
    used = np.flatnonzero(counts)
    zeros = np.diff(used, prepend=-1) - 1
    numbers = np.column_stack([-zeros, counts[used]]).ravel()
    numbers = numbers[numbers != 0]
    if np.any(numbers >= 1 << 55):
        raise ValueError("a count of 2**55 or more cannot be encoded")
    coded = (numbers << 1) ^ (numbers >> 63)
    groups = coded[:, None] >> np.arange(0, 7 * _MOST_BYTES, 7)
    octets = np.where(groups >> 7, groups & 0x7F | 0x80, groups).astype(np.uint8)
    return bytes(octets[groups > 0])  # row by row: the groups of each number, low to high


def _decode_counts(body: bytes) -> NDArray[np.int64]:
    counts = np.zeros(COUNTS, dtype=np.int64)
    octets = np.frombuffer(body, dtype=np.uint8)
    if not len(octets):
        return counts
    ends = np.flatnonzero(octets < 0x80)
    lengths = np.diff(ends, prepend=-1)
    if not len(ends) or ends[-1] != len(octets) - 1 or lengths.max() > _MOST_BYTES:
        raise ValueError("a damaged histogram: a count is cut short or too large")
    starts = ends + 1 - lengths
    shifts = 7 * (np.arange(len(octets)) - np.repeat(starts, lengths))
    coded = np.bitwise_or.reduceat((octets & 0x7F).astype(np.int64) << shifts, starts)
    numbers = (coded >> 1) ^ -(coded & 1)
    # No number of zeros may be so large that the sum overflows.
    places = np.cumsum(np.minimum(np.where(numbers < 0, -numbers, 1), COUNTS + 1))
    if places[-1] > COUNTS:
        raise ValueError(f"a damaged histogram: more than {COUNTS} counts")
    is_count = numbers >= 0
    counts[places[is_count] - 1] = numbers[is_count]
    if counts.sum(dtype=np.float64) > _MOST_VALUES:
        raise ValueError("a damaged histogram: more than 2**40 values")
    return counts
