"""Counts in the layout of `loadgen/native/histogram.pxd`.

Times are noted as they are, and numpy bins many at once.
"""

from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

COUNTS: Final = 24_576
HIGHEST_NS: Final = 3_600_000_000_000
UNIT_MAGNITUDE: Final = 9
SUB_BUCKET_BITS: Final = 11
# Noted times are binned beyond this many: it takes a fraction of a millisecond, little memory.
MANY: Final = 8_192


def counts_index(ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of times, clamped to 0 and HIGHEST_NS, among COUNTS counts."""
    ns = np.clip(ns, 0, HIGHEST_NS)
    mask = ((1 << SUB_BUCKET_BITS) - 1) << UNIT_MAGNITUDE
    # frexp's exponent of a whole number below 2^53 is its length in bits.
    bits = np.frexp((ns | mask).astype(np.float64))[1].astype(np.int64)
    bucket = bits - UNIT_MAGNITUDE - SUB_BUCKET_BITS
    return (bucket << (SUB_BUCKET_BITS - 1)) + (ns >> (bucket + UNIT_MAGNITUDE))


class Times:
    """Times of one kind in ns, and their exact sum."""

    __slots__ = ("_counts", "_noted", "_sum_ns", "note")

    def __init__(self) -> None:
        self._noted = array("q")
        self._counts = np.zeros(COUNTS, np.int64)
        self._sum_ns = 0
        self.note = self._noted.append

    def bin(self) -> None:
        """Put what was noted into the counts."""
        if self._noted:
            ns = np.array(self._noted, np.int64)
            del self._noted[:]
            self._counts += np.bincount(counts_index(ns), minlength=COUNTS)
            self._sum_ns += int(ns.sum())

    def bin_if_many(self) -> None:
        """Keep the memory bounded."""
        if len(self._noted) > MANY:
            self.bin()

    def sum_ns(self) -> int:
        """The exact sum."""
        self.bin()
        return self._sum_ns

    def counts(self) -> bytes:
        """COUNTS native int64."""
        self.bin()
        return self._counts.tobytes()
