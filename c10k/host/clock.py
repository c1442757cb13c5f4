"""How far the clock of another host is from this one's, by NTP's formula (RFC 5905, section 8)."""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

EXCHANGES: Final = 20


class Exchange(NamedTuple):
    """A question and its answer, in ns: the first and the last by the clock of who asks."""

    asked: int
    received: int
    answered: int
    returned: int

    @property
    def delay_ns(self) -> int:
        """How long the two messages were on their way together."""
        return (self.returned - self.asked) - (self.answered - self.received)


class ClockOffset(NamedTuple):
    """The other clock minus this one, and how far off that may be at most."""

    offset_ns: int
    uncertainty_ns: int

    @classmethod
    def of(cls, exchanges: Iterable[Exchange]) -> Self:
        """By the exchange with the least delay. Raises ValueError where there is none.

        The offset is exact if both messages took the same time, and off by half of the delay if one
        took no time at all.
        """
        best = min(exchanges, key=lambda each: each.delay_ns)
        offset_ns = (best.received - best.asked + best.answered - best.returned) // 2
        return cls(offset_ns, (best.delay_ns + 1) // 2)
