"""The portable schedule beside the native one, which is tested beside its formula."""

from hypothesis import given
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import due_times
from c10k.loadgen.portable.schedule import Poisson, Uniform

EPOCH_NS = 1_000_000_000_000


@given(
    connections=st.integers(1, 40),
    shards=st.integers(1, 5),
    index=st.integers(0, 4),
    period_ns=st.floats(1e3, 1e11),
    seed=st.none() | st.integers(0, (1 << 64) - 1),
)
def test_a_seed_gives_the_due_times_of_the_native_engine(
    connections, shards, index, period_ns, seed
):
    index %= shards
    count = len(range(index, connections + shards, shards))
    fleet = connections + shards
    if seed is None:
        schedule = Uniform(count, fleet, index, shards, period_ns, EPOCH_NS)
    else:
        schedule = Poisson(count, index, shards, period_ns, seed, EPOCH_NS)
    planned = []
    for _ in range(100):
        number = schedule.connection * shards + index
        planned.append((schedule.due_ns, number, schedule.number))
        schedule.advance()
    native = due_times(
        100,
        connections=count,
        fleet=fleet,
        index=index,
        shards=shards,
        period_ns=period_ns,
        poisson=seed is not None,
        seed=seed or 0,
        epoch_ns=EPOCH_NS,
    )
    assert [due_ns for due_ns, _, _ in planned] == [due_ns for _, _, due_ns in native]
    # What is due at the same nanosecond may be sent in either order.
    last_ns = planned[-1][0]
    assert {arrival for arrival in planned if arrival[0] < last_ns} == {
        (due_ns, number, arrival) for number, arrival, due_ns in native if due_ns < last_ns
    }
