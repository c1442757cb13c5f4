"""When messages are due in an open loop: the times of `loadgen/native/schedule.pxd`, in Python."""

import heapq
import math
from typing import Final

MASK: Final = (1 << 64) - 1


class Uniform:
    """Arrival a of connection c, of so many in the fleet, at epoch + (a + c / fleet) * period.

    At any time the next is arrival `number` of the shard's `connection`, which is due at `due_ns`.
    """

    def __init__(
        self, count: int, fleet: int, index: int, shards: int, period_ns: float, epoch_ns: int
    ) -> None:
        self.connection = 0
        self.number = 0
        self._count = count
        self._phases = [(i * shards + index) / fleet for i in range(count)]
        self._period_ns = period_ns
        self._epoch_ns = epoch_ns
        self._aim()

    def advance(self) -> None:
        """Go on to the arrival after this one."""
        self.connection += 1
        if self.connection == self._count:
            self.connection = 0
            self.number += 1
        self._aim()

    def _aim(self) -> None:
        turns = self.number + self._phases[self.connection]
        self.due_ns = self._epoch_ns + int(turns * self._period_ns)


class Poisson:
    """As Uniform, but with independent exponential gaps, each worked out from the seed, the
    connection and the arrival's number alone."""

    def __init__(
        self, count: int, index: int, shards: int, period_ns: float, seed: int, epoch_ns: int
    ) -> None:
        self._index = index
        self._shards = shards
        self._period_ns = period_ns
        self._salt = seed * 0xD1342543DE82EF95 & MASK
        self._heap = [(epoch_ns + self._gap(i, 0), i, 0) for i in range(count)]
        heapq.heapify(self._heap)
        self.due_ns, self.connection, self.number = self._heap[0]

    def advance(self) -> None:
        """Go on to the arrival after this one."""
        number = self.number + 1
        due_ns = self.due_ns + self._gap(self.connection, number)
        heapq.heapreplace(self._heap, (due_ns, self.connection, number))
        self.due_ns, self.connection, self.number = self._heap[0]

    def _gap(self, connection: int, number: int) -> int:
        """-ln(1 - u) * period, u uniform in [0, 1) from 53 bits of splitmix64 (Steele et al. 2014),
        its state the seed's and the arrival's."""
        x = (connection * self._shards + self._index) << 32 | number & 0xFFFFFFFF
        x = ((x ^ self._salt) + 0x9E3779B97F4A7C15) & MASK
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
        x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
        return int(-math.log1p(-((x ^ x >> 31) >> 11) / 2**53) * self._period_ns)
