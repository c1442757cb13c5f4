"""The clock of another host, of messages that take any time on their way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.host.clock import ClockOffset, Exchange

HOURS_NS = 10**13
DELAY_NS = st.integers(0, 10**9)


@given(
    st.integers(-HOURS_NS, HOURS_NS), st.lists(st.tuples(DELAY_NS, DELAY_NS, DELAY_NS), min_size=1)
)
def test_the_offset_is_within_its_uncertainty_however_long_the_ways(offset_ns, delays):
    exchanges = []
    for there, held, back in delays:
        asked = 5 * HOURS_NS
        received = asked + there + offset_ns
        returned = asked + there + held + back
        exchanges.append(Exchange(asked, received, received + held, returned))
    clock = ClockOffset.of(exchanges)
    assert abs(clock.offset_ns - offset_ns) <= clock.uncertainty_ns
    shortest = min(there + back for there, _, back in delays)
    assert clock.uncertainty_ns == (shortest + 1) // 2


def test_without_an_exchange_there_is_none():
    with pytest.raises(ValueError, match="empty"):
        ClockOffset.of([])
