"""What is asked for, what this machine can do of it, and what is said of the rest."""

import pytest
from msgspec.structs import replace

from c10k.experiment.config import plan_of
from c10k.experiment.feasibility import check_limits, feasible
from c10k.host import limits
from c10k.host.limits import KIB_PER_PROCESS, SPARE_KIB
from c10k.outcome import CommandError, Status

ABSENT = "threaded,python=python0.0"


def asked(*servers, workloads=("paced", "saturated"), steps=(10, 100), **others):
    content = {"steps": steps, **others}
    if servers:
        content["servers"] = servers
    if workloads:
        content["workloads"] = workloads
    return plan_of(content, str)


def names(plan):
    return [each.server for each in plan.servers]


def of(plan, server):
    return next(each for each in plan.servers if each.server == server)


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        feasible(*arguments)
    return caught.value.status, str(caught.value)


def test_a_server_that_cannot_run_here_is_left_out_with_its_remedy():
    plan, left_out = feasible(asked("threaded", ABSENT))
    assert names(plan) == ["threaded"]
    assert left_out == [
        f"{ABSENT} cannot run here: there is no interpreter 'python0.0': install it"
    ]


def test_one_that_was_named_must_run_here():
    status, message = refused(asked("threaded", ABSENT), {"servers"})
    assert status == Status.UNABLE
    assert "install it" in message


def test_a_machine_on_which_none_can_run_cannot_do_it():
    assert refused(asked(ABSENT))[0] == Status.UNABLE


def test_what_a_server_cannot_serve_is_left_out_in_one_line():
    plan, left_out = feasible(asked("threaded", "files", workloads=("paced", "game", "download")))
    assert {each.server: each.workloads for each in plan.servers} == {
        "threaded": ("paced", "game"),
        "files": ("download",),
    }
    assert left_out == [
        "threaded cannot serve download: for servers that speak download, not echo",
        "files cannot serve paced and game: for servers that speak echo, not download",
    ]


def test_a_server_for_which_nothing_remains_is_left_out_and_refused_where_it_was_named():
    plan, _ = feasible(asked("threaded", "files"))
    assert names(plan) == ["threaded"]
    status, message = refused(asked("threaded", "files"), {"servers"})
    assert status == Status.WRONG
    assert "files cannot serve paced and saturated" in message


def test_a_workload_that_none_can_serve_is_left_out_and_refused_where_it_was_named():
    both = asked("threaded", workloads=("paced", "download"))
    plan, _ = feasible(both)
    assert [load.name for load in plan.workloads] == ["paced"]
    assert refused(both, {"workloads"})[0] == Status.WRONG
    assert refused(asked("threaded", workloads=("download",)))[0] == Status.WRONG


@pytest.fixture
def memory(monkeypatch):
    """Let the machine have memory for so many processes."""

    def have(processes):
        kib = SPARE_KIB + processes * KIB_PER_PROCESS
        monkeypatch.setattr(limits, "sizes", lambda text: {"MemAvailable": kib * 1024})
        monkeypatch.setattr(limits, "_cgroup_limits", lambda controller: iter(()))

    return have


def test_processes_go_as_far_as_the_memory_and_the_others_further(memory):
    memory(500)
    plan, left_out = feasible(asked("threaded", "forking", steps=(10, 400, 600, 1_000)))
    assert plan.servers[0].steps == (10, 400, 600, 1_000)
    assert plan.servers[1].steps == (10, 400)
    (line,) = left_out
    assert line.startswith("forking at 600, 1,000 connections: the available memory")
    assert "MB) is 1,097, needed are 1,215; end other programs, or add memory" in line


def test_processes_for_which_there_is_no_memory_at_all_are_left_out(memory):
    memory(0)
    plan, left_out = feasible(asked("threaded", "forking"))
    assert names(plan) == ["threaded"]
    assert len(left_out) == 1
    assert refused(asked("forking"))[0] == Status.UNABLE


def test_steps_beyond_a_limit_of_all_are_refused_or_left_out_with_fit(monkeypatch):
    monkeypatch.setattr(limits, "_most_descriptors", lambda: 200)
    beyond = asked("threaded", steps=(10, 100, 1_000))
    status, message = refused(beyond)
    assert status == Status.UNABLE
    assert message.startswith("1,000 connections do not fit: the hard limit of open files")
    assert message.endswith("or leave such steps out with --fit")
    plan, left_out = feasible(replace(beyond, fit=True))
    assert plan.steps == (10, 100)
    assert left_out[0].startswith("1,000 connections: the hard limit of open files")
    with pytest.raises(CommandError):
        check_limits(beyond)


PAIR = {
    "name": "small stacks",
    "with": "threaded,stack=256k",
    "without": "threaded",
    "workloads": ["saturated", "download"],
}


def test_a_technique_brings_its_two_servers_and_their_workloads():
    plan, left_out = feasible(asked(workloads=(), techniques=[PAIR]))
    assert names(plan) == ["threaded,stack=256k", "threaded"]
    assert [load.name for load in plan.workloads] == ["saturated"]
    assert [each.workloads for each in plan.techniques] == [("saturated",)]
    assert all("cannot serve download" in line for line in left_out)


def test_a_server_of_a_technique_keeps_the_workloads_that_it_has_besides():
    plan, _ = feasible(asked("threaded", workloads=("paced",), techniques=[PAIR]))
    assert of(plan, "threaded").workloads == ("paced", "saturated")
    assert of(plan, "threaded,stack=256k").workloads == ("saturated",)


def test_what_only_a_technique_brings_has_its_steps_and_neither_search_nor_map():
    others = {"techniques": [PAIR | {"steps": [5, 20]}], "find-max": True, "map": True}
    plan, _ = feasible(asked("threaded", workloads=("saturated",), **others))
    side, server = of(plan, "threaded,stack=256k"), of(plan, "threaded")
    assert (side.steps, server.steps) == ((5, 20), (10, 100))
    assert [each.server for each, _ in plan.searches()] == ["threaded"]
    assert side.workloads == ("saturated",)
    assert set(plan.mapped) < set(server.workloads)


def test_a_technique_without_one_of_its_servers_is_left_out():
    plan, left_out = feasible(asked("threaded", techniques=[PAIR | {"with": ABSENT}]))
    assert plan.techniques == ()
    assert left_out[-1] == "the technique 'small stacks': one side of it cannot be measured"
