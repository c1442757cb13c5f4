import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from c10k.experiment import loader_ceiling
from c10k.experiment.config import plan_of
from c10k.experiment.plan import Plan, load_on
from c10k.loadgen.workload import WORKLOADS
from c10k.options import options_of
from c10k.servers.catalogue import parse_spec

STEPS = options_of(Plan)["steps"]


def plan(*servers, steps=(10, 100, 500), profile="quick", **others):
    content = {"servers": servers, "steps": steps, "profile": profile, **others}
    return plan_of(content, str)


@given(st.lists(st.integers(1, 10**6), min_size=1, unique=True).map(sorted))
def test_ascending_steps_are_read_as_they_are(steps):
    assert STEPS.read(",".join(map(str, steps))) == tuple(steps)


@pytest.mark.parametrize("text", ["", "0", "-1", "10,10", "100,10", "10,x", "10,,100", "1.5"])
def test_other_steps_are_refused_with_an_example(text):
    with pytest.raises(
        ValueError, match=r"(ascending positive|a count is a whole) number.*such as"
    ):
        STEPS.read(text)


def test_every_server_is_measured_at_every_step_under_every_workload_in_every_repeat():
    planned = plan("threaded", "asyncio_streams", profile="thorough")
    keys = [trial for _, _, trials in planned.ramps() for trial in trials]
    assert len(keys) == len(set(keys)) == 2 * 2 * 3 * 10


def test_a_ramp_ascends_and_the_servers_take_turns_in_going_first():
    _, _, trials = next(iter(plan("threaded", "asyncio_streams").ramps()))
    assert [trial.connections for trial in trials] == [10, 10, 100, 100, 500, 500]
    assert [trial.server for trial in trials] == [
        *("threaded", "asyncio_streams"),
        *("asyncio_streams", "threaded"),
        *("threaded", "asyncio_streams"),
    ]


@pytest.mark.parametrize(("profile", "minutes"), [("quick", 2), ("standard", 6)])
def test_a_profile_keeps_its_promise_by_its_own_estimate(profile, minutes):
    planned = plan(
        "threaded", "asyncio_streams", steps=(10, 100, 500, 1000, 5000, 10000), profile=profile
    )
    both = planned.time() | loader_ceiling.time(planned)
    assert sum(both.values()) < minutes * 60


def test_a_server_is_measured_at_its_own_steps_under_its_own_workloads():
    own = {"server": "threaded", "steps": [10, 100], "workloads": ["saturated"]}
    planned = plan(own, "asyncio_streams")
    trials = [trial for _, _, ramp in planned.ramps() for trial in ramp]
    assert [each.connections for each in trials if each.server == "threaded"] == [10, 100]
    assert {each.workload for each in trials if each.server == "threaded"} == {"saturated"}
    assert len([each for each in trials if each.server == "asyncio_streams"]) == 2 * 3


def test_a_workload_is_measured_at_its_own_steps_and_the_servers_take_turns_there():
    own = {"name": "game", "steps": [10, 500]}
    planned = plan(
        {"server": "threaded", "steps": [10, 100]}, "asyncio_streams", workloads=[own, "churn"]
    )
    (game, _, trials), (_, _, others) = planned.ramps()
    assert [(each.server, each.connections) for each in trials] == [
        *(("threaded", 10), ("asyncio_streams", 10)),
        ("asyncio_streams", 500),
    ]
    assert len(others) == 2 + 3
    assert [load.name for _, load in replace(planned, find_max=True).searches()].count("game") == 2
    assert {each.connections for each in planned.time() if each.workload == game.name} == {10, 500}


def test_there_is_a_search_for_each_server_and_workload_that_is_measured():
    servers = ({"server": "threaded", "workloads": ["saturated"]}, "asyncio_streams")
    assert plan(*servers).searches() == []
    searches = plan(*servers, **{"find-max": True}).searches()
    assert sorted((server.server, workload.name) for server, workload in searches) == [
        ("asyncio_streams", "paced"),
        ("asyncio_streams", "saturated"),
        ("threaded", "saturated"),
    ]


def test_the_time_of_a_plan_counts_its_searches_and_what_servers_compute():
    simple = plan("threaded", workloads=["paced"])
    searching = replace(simple, find_max=True)
    assert sum(searching.time().values()) > sum(simple.time().values())
    computing = plan("threaded", workloads=["work_cpu"])
    (threaded,), (work,) = computing.servers, computing.workloads
    most, least = (computing.seconds(threaded, work, number) for number in (10_000, 10))
    assert most - least > 0.005 * 9_000


def test_a_server_is_driven_over_its_own_protocol():
    echo = parse_spec("threaded")
    assert load_on(echo, WORKLOADS["paced"]) == WORKLOADS["paced"]
    server = dataclasses.replace(echo.server, protocol="http", request={"path": "/x"})
    http = dataclasses.replace(echo, server=server)
    assert load_on(http, WORKLOADS["game"]).path == "/x"
    with pytest.raises(ValueError, match="for servers that speak download, not http"):
        load_on(http, WORKLOADS["download"])


def test_a_server_without_a_handler_cannot_work():
    spec = parse_spec("threaded")
    idle = dataclasses.replace(spec, server=dataclasses.replace(spec.server, options={}))
    load_on(idle, WORKLOADS["paced"])
    with pytest.raises(ValueError, match="no option 'handler'"):
        load_on(idle, WORKLOADS["work_cpu"])
