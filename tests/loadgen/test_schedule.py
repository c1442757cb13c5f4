"""The native schedule beside its formula, written once more in Python, and the portable one."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import due_times
from c10k.loadgen.portable.schedule import Poisson, Uniform

MASK = (1 << 64) - 1
EPOCH_NS = 1_000_000_000_000
PERIODS_NS = st.floats(1e3, 1e11)  # from a million a second to one in 100 s
CONNECTIONS = st.integers(1, 40)
SEEDS = st.integers(0, MASK)


def planned(*arguments, **shard):
    """The first due times of one shard."""
    return [
        (connection, number, due) for connection, number, due, _ in arrivals(*arguments, **shard)
    ]


def arrivals(number, connections, period_ns, *, seed=None, index=0, shards=1):
    """The first arrivals of one shard; poisson with a seed, else uniform."""
    return due_times(
        number,
        connections=(connections - index + shards - 1) // shards,
        fleet=connections,
        index=index,
        shards=shards,
        period_ns=period_ns,
        poisson=seed is not None,
        seed=seed or 0,
        epoch_ns=EPOCH_NS,
    )


def poisson_gap(seed, connection, number, period_ns):
    x = connection << 32 | number
    x = ((x ^ seed * 0xD1342543DE82EF95 & MASK) + 0x9E3779B97F4A7C15) & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    u = ((x ^ x >> 31) >> 11) / 2**53
    return int(-math.log1p(-u) * period_ns)


@settings(max_examples=30)
@given(CONNECTIONS, PERIODS_NS)
def test_uniform_arrivals_take_turns_at_the_times_of_the_formula(connections, period_ns):
    for place, (connection, number, due_ns) in enumerate(planned(200, connections, period_ns)):
        assert (number, connection) == divmod(place, connections)
        assert due_ns == EPOCH_NS + int((number + connection / connections) * period_ns)


def test_uniform_arrivals_do_not_drift():
    period_ns = 1e9 / 3
    *_, (_, number, due_ns) = planned(100_000, 1, period_ns)
    assert due_ns == EPOCH_NS + int(number * period_ns)
    assert due_ns - EPOCH_NS == pytest.approx(99_999 / 3 * 1e9, abs=1)


@settings(max_examples=30)
@given(CONNECTIONS, PERIODS_NS, SEEDS)
def test_poisson_arrivals_are_those_of_the_formula(connections, period_ns, seed):
    due = [EPOCH_NS] * connections
    passed = [0] * connections
    times = planned(200, connections, period_ns, seed=seed)
    for connection, number, due_ns in times:
        assert number == passed[connection]
        passed[connection] += 1
        due[connection] += poisson_gap(seed, connection, number, period_ns)
        assert due_ns == due[connection]
    assert all(one[2] <= next_one[2] for one, next_one in pairwise(times))


@settings(max_examples=30)
@given(CONNECTIONS, st.integers(1, 5), st.none() | SEEDS)
def test_threads_share_one_schedule(connections, shards, seed):
    shards = min(shards, connections)
    rounds = 3
    whole = planned(rounds * connections, connections, 1e9, seed=seed)
    horizon_ns = whole[-1][2]
    parts = [
        arrival
        for index in range(shards)
        for arrival in planned(
            rounds * connections, connections, 1e9, seed=seed, index=index, shards=shards
        )
        if arrival[2] <= horizon_ns
    ]
    assert sorted(parts) == sorted(whole)


def test_poisson_gaps_are_exponential():
    times = planned(40_000, 4, 1e6, seed=7)
    due_ns = [due for connection, _, due in times if connection == 2]
    gaps = [next_one - one for one, next_one in pairwise(due_ns)]
    assert sum(gaps) / len(gaps) == pytest.approx(1e6, rel=0.05)
    for multiple in (0.1, 1, 3):
        longer = sum(gap > multiple * 1e6 for gap in gaps) / len(gaps)
        assert longer == pytest.approx(math.exp(-multiple), abs=0.02)


@settings(max_examples=30)
@given(CONNECTIONS, PERIODS_NS, st.none() | SEEDS)
def test_a_queued_message_is_due_a_gap_after_the_one_before_it(connections, period_ns, seed):
    expected = {}
    for connection, _, due_ns, gap_ns in arrivals(200, connections, period_ns, seed=seed):
        assert expected.get(connection, due_ns) == due_ns
        expected[connection] = due_ns + gap_ns


def test_another_seed_is_another_schedule():
    assert planned(10, 3, 1e9, seed=1) == planned(10, 3, 1e9, seed=1) != planned(10, 3, 1e9, seed=2)


@settings(max_examples=30)
@given(CONNECTIONS, st.integers(1, 5), st.integers(0, 4), PERIODS_NS, st.none() | SEEDS)
def test_the_portable_schedule_is_the_native_one(connections, shards, index, period_ns, seed):
    index %= shards
    fleet = connections + shards
    count = len(range(index, fleet, shards))
    if seed is None:
        schedule = Uniform(count, fleet, index, shards, period_ns, EPOCH_NS)
    else:
        schedule = Poisson(count, index, shards, period_ns, seed, EPOCH_NS)
    portable = []
    for _ in range(100):
        number = schedule.connection * shards + index
        portable.append((number, schedule.number, schedule.due_ns))
        schedule.advance()
    native = planned(100, fleet, period_ns, seed=seed, index=index, shards=shards)
    assert [due_ns for *_, due_ns in portable] == [due_ns for *_, due_ns in native]
    # What is due at the same nanosecond may be sent in either order.
    last_ns = native[-1][2]
    assert {arrival for arrival in portable if arrival[2] < last_ns} == {
        arrival for arrival in native if arrival[2] < last_ns
    }
