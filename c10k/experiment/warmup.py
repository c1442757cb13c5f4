"""When a load is steady: throughput and the server's memory do not change any more."""

import math
from bisect import bisect
from typing import Final

# Of the mean of the two counts that are compared. A shared machine makes a steady load vary by
# some per cent from one third of a second to the next.
THROUGHPUT_SHARE: Final = 0.1
THROUGHPUT_SIGMAS: Final = 3.0  # of the difference of two Poisson counts: few prove nothing
MEMORY_SHARE: Final = 0.01
MEMORY_BYTES: Final = 256 * 1024  # an allocator's next arena is no growth


class WarmUp:
    """Watches a load from its beginning, and says when it has reached a steady state.

    It leaves out the first third of the time so far, in which caches fill and queues form. The load
    is steady when the second third and the last completed the same number of messages, and the
    resident memory was the same in all samples of both, within the tolerances above. So the longer
    it takes, the more of the beginning is left out, and the less it matters that a server answers
    in bursts. It waits `least_s` seconds at least and `limit_s` at most. Without `memory`,
    throughput alone decides. Times are in seconds of any one clock.
    """

    def __init__(self, least_s: float, limit_s: float, *, memory: bool = True) -> None:
        self._least_s = least_s
        self._limit_s = limit_s
        self._with_memory = memory
        self._times_s: list[float] = []
        self._completed: list[float] = []
        self._memory: list[tuple[float, float]] = []

    def saw_messages(self, at_s: float, completed: int) -> None:
        """Take the messages completed so far. The first call begins the load; times ascend."""
        self._times_s.append(at_s)
        self._completed.append(completed)

    def saw_memory(self, at_s: float, rss_bytes: float) -> None:
        """Take a sample of the server's resident memory; one that was seen before is ignored."""
        if not self._memory or at_s > self._memory[-1][0]:
            self._memory.append((at_s, rss_bytes))

    @property
    def waited_s(self) -> float:
        """How long the load has gone on."""
        return self._times_s[-1] - self._times_s[0]

    @property
    def over(self) -> bool:
        """Whether windows may begin: the state is steady, or the limit has passed."""
        if self.waited_s < self._least_s:
            return False
        return self.waited_s >= self._limit_s or not self.unsteady

    @property
    def unsteady(self) -> str:
        """What is not steady: throughput, memory, both, or nothing. Empty where nothing was waited
        for."""
        if not self._limit_s:
            return ""
        steady = {"throughput": self._throughput_steady(), "memory": self._memory_steady()}
        return " and ".join(what for what, is_steady in steady.items() if not is_steady)

    def _throughput_steady(self) -> bool:
        begin, middle, end = (self._count(self._after(thirds)) for thirds in (1, 2, 3))
        both = end - begin
        apart = max(THROUGHPUT_SHARE * both / 2, THROUGHPUT_SIGMAS * math.sqrt(both))
        return both > 0 and abs((end - middle) - (middle - begin)) <= apart

    def _memory_steady(self) -> bool:
        if not self._with_memory:
            return True
        seen = [rss_bytes for at_s, rss_bytes in self._memory if at_s >= self._after(1)]
        if len(seen) < 2:
            return False
        return max(seen) - min(seen) <= max(MEMORY_SHARE * max(seen), MEMORY_BYTES)

    def _after(self, thirds: int) -> float:
        """When so many thirds of the time so far had passed."""
        return self._times_s[0] + self.waited_s * thirds / 3

    def _count(self, at_s: float) -> float:
        """The messages completed at a time, evenly between the two times that were seen."""
        if len(self._times_s) < 2:
            return self._completed[0]
        after = min(bisect(self._times_s, at_s), len(self._times_s) - 1)
        begin_s, end_s = self._times_s[after - 1 : after + 1]
        first, last = self._completed[after - 1 : after + 1]
        return first + (last - first) * (at_s - begin_s) / (end_s - begin_s)
