import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k import ceiling
from c10k.plan import PROFILES, Plan, check_unique, parse_steps
from loadgen.workload import WORKLOADS
from servers.catalogue import parse_spec


def plan(*servers, steps=(10, 100, 500), profile="quick"):
    return Plan(
        tuple(map(parse_spec, servers)),
        (WORKLOADS["steady"], WORKLOADS["saturated"]),
        steps,
        PROFILES[profile],
    )


@given(st.lists(st.integers(1, 10**6), min_size=1, unique=True).map(sorted))
def test_ascending_steps_are_read_as_they_are(steps):
    assert parse_steps(",".join(map(str, steps))) == tuple(steps)


@pytest.mark.parametrize("text", ["", "0", "-1", "10,10", "100,10", "10,x", "10,,100", "1.5"])
def test_other_steps_are_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"ascending positive numbers, such as"):
        parse_steps(text)


def test_a_server_may_be_named_once():
    check_unique(["a", "b"], "server")
    with pytest.raises(ValueError, match="server 'a' is given twice"):
        check_unique(["a", "b", "a"], "server")


def test_every_server_visits_every_step_of_every_workload_and_repeat():
    planned = plan("threaded", "asyncio_streams", profile="thorough")
    keys = [visit.key for _, _, visits in planned.ramps() for visit in visits]
    assert len(keys) == len(set(keys)) == 2 * 2 * 3 * 5


def test_a_ramp_ascends_and_the_servers_take_turns_in_going_first():
    _, _, visits = next(iter(plan("threaded", "asyncio_streams").ramps()))
    assert [visit.connections for visit in visits] == [10, 10, 100, 100, 500, 500]
    assert [visit.server for visit in visits] == [
        *("threaded", "asyncio_streams"),
        *("asyncio_streams", "threaded"),
        *("threaded", "asyncio_streams"),
    ]


@pytest.mark.parametrize(("profile", "minutes"), [("quick", 2), ("standard", 6)])
def test_a_profile_keeps_its_promise_by_its_own_estimate(profile, minutes):
    planned = plan(
        "threaded", "asyncio_streams", steps=(10, 100, 500, 1000, 5000, 10000), profile=profile
    )
    seconds = sum(planned.seconds(visit) for _, _, visits in planned.ramps() for visit in visits)
    assert seconds + sum(ceiling.seconds(planned).values()) < minutes * 60
