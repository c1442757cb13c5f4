"""What is asked for, what this machine can do of it, and what is said of the rest."""

import dataclasses

import psutil
import pytest

from c10k.experiment.config import Asked, Settings
from c10k.experiment.feasibility import check_limits, planned
from c10k.experiment.plan import Technique
from c10k.host import limits
from c10k.host.limits import KIB_PER_PROCESS, SPARE_KIB
from c10k.loadgen.workload import WORKLOADS
from c10k.outcome import CommandError, Status
from c10k.servers.catalogue import parse_spec


def server(text="threaded", steps=(), **changes):
    """A server that is asked for, with other properties than the catalogue's."""
    spec = parse_spec(text)
    return Asked(
        dataclasses.replace(spec, server=dataclasses.replace(spec.server, **changes)), steps
    )


def settings(*servers, workloads=("paced", "saturated"), **others):
    others.setdefault("steps", (10, 100))
    return Settings(servers, tuple(WORKLOADS[name] for name in workloads), **others)


ABSENT = "threaded,python=python0.0"
DOWNLOAD = server("asyncio_streams", protocol="download")


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        planned(*arguments)
    return caught.value.status, str(caught.value)


def test_what_can_be_measured_is_planned_as_it_was_asked_for():
    plan, left_out = planned(settings(server(), server("asyncio_streams", steps=(5, 50))))
    assert left_out == []
    assert [spec.text for spec in plan.servers] == ["threaded", "asyncio_streams"]
    assert [load.name for load in plan.workloads] == ["paced", "saturated"]
    assert plan.steps == (5, 10, 50, 100)
    assert [plan.steps_of(spec) for spec in plan.servers] == [(10, 100), (5, 50)]


def test_a_server_that_cannot_run_here_is_left_out_with_its_remedy():
    plan, left_out = planned(settings(server(), server(ABSENT)))
    assert [spec.text for spec in plan.servers] == ["threaded"]
    assert left_out == [
        f"{ABSENT} cannot run here: there is no interpreter 'python0.0': install it"
    ]


def test_one_that_was_named_must_run_here():
    status, message = refused(settings(server(), server(ABSENT)), {"servers"})
    assert status == Status.UNABLE
    assert "install it" in message


def test_a_machine_on_which_none_can_run_cannot_do_it():
    assert refused(settings(server(ABSENT)))[0] == Status.UNABLE


def test_what_a_server_cannot_serve_is_left_out_in_one_line():
    plan, left_out = planned(settings(server(), DOWNLOAD, workloads=("paced", "game", "download")))
    assert dict(plan.own_workloads) == {
        "threaded": ("paced", "game"),
        "asyncio_streams": ("download",),
    }
    assert left_out == [
        "threaded cannot serve download: for servers that speak download, not echo",
        "asyncio_streams cannot serve paced and game: for servers that speak echo, not download",
    ]


def test_a_server_for_which_nothing_remains_is_left_out_and_refused_where_it_was_named():
    plan, _ = planned(settings(server(), DOWNLOAD))
    assert [spec.text for spec in plan.servers] == ["threaded"]
    status, message = refused(settings(server(), DOWNLOAD), {"servers"})
    assert status == Status.WRONG
    assert "asyncio_streams cannot serve paced and saturated" in message


def test_a_workload_that_none_can_serve_is_left_out_and_refused_where_it_was_named():
    both = settings(server(), workloads=("paced", "download"))
    plan, _ = planned(both)
    assert [load.name for load in plan.workloads] == ["paced"]
    assert refused(both, {"workloads"})[0] == Status.WRONG
    assert refused(settings(server(), workloads=("download",)))[0] == Status.WRONG


FORKING = server("asyncio_streams", processes_per_connection=1)


@pytest.fixture
def memory(monkeypatch):
    """Let the machine have memory for so many processes."""

    def have(processes):
        kib = SPARE_KIB + processes * KIB_PER_PROCESS
        free = psutil.virtual_memory()._replace(available=kib * 1024)
        monkeypatch.setattr(limits.psutil, "virtual_memory", lambda: free)
        monkeypatch.setattr(limits, "_cgroups", lambda: iter(()))

    return have


def test_processes_go_as_far_as_the_memory_and_the_others_further(memory):
    memory(500)
    plan, left_out = planned(settings(server(), FORKING, steps=(10, 400, 600, 1_000)))
    assert plan.steps_of(plan.servers[0]) == (10, 400, 600, 1_000)
    assert plan.steps_of(plan.servers[1]) == (10, 400)
    (line,) = left_out
    assert line.startswith("asyncio_streams at 600, 1,000 connections: the available memory")
    assert "MB) is 1,097, needed are 1,215; end other programs, or add memory" in line


def test_processes_for_which_there_is_no_memory_at_all_are_left_out(memory):
    memory(0)
    plan, left_out = planned(settings(server(), FORKING))
    assert [spec.text for spec in plan.servers] == ["threaded"]
    assert len(left_out) == 1
    assert refused(settings(FORKING))[0] == Status.UNABLE


def test_steps_beyond_a_limit_of_all_are_refused_or_left_out_with_fit(monkeypatch):
    monkeypatch.setattr(limits, "_most_descriptors", lambda: 200)
    beyond = settings(server(), steps=(10, 100, 1_000))
    status, message = refused(beyond)
    assert status == Status.UNABLE
    assert message.startswith("1,000 connections do not fit: the hard limit of open files")
    assert message.endswith("or leave such steps out with --fit")
    plan, left_out = planned(dataclasses.replace(beyond, fit=True))
    assert plan.steps == (10, 100)
    assert left_out[0].startswith("1,000 connections: the hard limit of open files")
    with pytest.raises(CommandError):
        check_limits(dataclasses.replace(plan, own_steps={}, steps=(1_000,)))


PAIR = Technique("small stacks", "threaded,stack=256k", "threaded", ("saturated", "download"))


def test_a_technique_brings_its_two_servers_and_their_workloads():
    plan, left_out = planned(settings(workloads=(), techniques=(PAIR,)))
    assert [spec.text for spec in plan.servers] == ["threaded,stack=256k", "threaded"]
    assert [load.name for load in plan.workloads] == ["saturated"]
    assert plan.techniques == (dataclasses.replace(PAIR, workloads=("saturated",)),)
    assert all("cannot serve download" in line for line in left_out)


def test_a_server_of_a_technique_keeps_the_workloads_that_it_has_besides():
    plan, _ = planned(settings(server(), workloads=("paced",), techniques=(PAIR,)))
    assert plan.own_workloads["threaded"] == ("paced", "saturated")
    assert plan.own_workloads["threaded,stack=256k"] == ("saturated",)


def test_what_only_a_technique_brings_has_its_steps_and_neither_search_nor_map():
    pair = dataclasses.replace(PAIR, steps=(5, 20))
    asked = settings(server(), workloads=("saturated",), techniques=(pair,))
    plan, _ = planned(dataclasses.replace(asked, find_max=True, map=True))
    assert plan.own_steps["threaded,stack=256k"] == (5, 20)
    assert plan.own_steps["threaded"] == asked.steps
    assert [spec.text for spec, _ in plan.searches()] == ["threaded"]
    assert plan.own_workloads["threaded,stack=256k"] == ("saturated",)
    assert set(plan.mapped) < set(plan.own_workloads["threaded"])


def test_a_technique_without_one_of_its_servers_is_left_out():
    half = dataclasses.replace(PAIR, with_it=ABSENT)
    plan, left_out = planned(settings(techniques=(half,)))
    assert plan.techniques == ()
    assert left_out[-1] == "the technique 'small stacks': one side of it cannot be measured"
