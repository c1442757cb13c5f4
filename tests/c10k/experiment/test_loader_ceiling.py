import functools
import math
import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from c10k.experiment import loader_ceiling
from c10k.experiment.config import plan_of
from c10k.host.cpus import CpuSplit
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import WORKLOADS
from c10k.servers.process import ServerProcess

pytestmark = pytest.mark.system


def plan(*steps, workloads=("paced", "saturated")):
    content = {"servers": ["threaded"], "workloads": workloads, "steps": steps, "profile": "quick"}
    return plan_of(content, str)


@pytest.fixture
def cpus(monkeypatch):
    """The CPUs; windows are short."""
    monkeypatch.setattr(loader_ceiling, "LEAST_S", 0.1)
    monkeypatch.setattr(loader_ceiling, "TOTAL_S", 0.2)
    before = os.sched_getaffinity(0)
    yield CpuSplit.of_this_process()
    os.sched_setaffinity(0, before)


def test_it_is_measured_at_every_step_with_a_loader_that_was_busy(cpus, tmp_path):
    progress = Mock()
    measured, missing = loader_ceiling.measure(plan(2, 20), cpus, tmp_path / "log", progress)
    assert missing == ""
    assert [(point["connections"], point["size_bytes"]) for point in measured] == [
        (2, 64),
        (20, 64),
    ]
    for point in measured:
        assert point["messages_per_s"] > 0
        assert 0 < point["loader_cpu_cores"] < 1.1
        assert point["loader_cpu_us_per_message"] > 0
    begun = [call.args[0] for call in progress.begin.call_args_list]
    ended = [call.args for call in progress.end.call_args_list]
    assert [step for step, row in ended if row["status"] == "ok"] == begun
    assert begun == loader_ceiling.steps(plan(2, 20)) == [(2, 64), (20, 64)]


def test_a_server_that_cannot_start_leaves_no_ceiling_and_says_why(cpus, tmp_path, monkeypatch):
    monkeypatch.setattr(loader_ceiling, "COMMAND", ("/nowhere/echo",))
    measured, missing = loader_ceiling.measure(plan(2), cpus, tmp_path / "log", Mock())
    assert measured == []
    assert "cannot run /nowhere/echo" in missing


def test_a_step_that_fails_is_missing_alone(cpus, tmp_path, monkeypatch):
    short = functools.partial(ServerProcess, limits={"nofile": 64})
    monkeypatch.setattr(loader_ceiling, "ServerProcess", short)
    monkeypatch.setattr(loader_ceiling, "OPEN_S", 0.3)
    measured, missing = loader_ceiling.measure(plan(2, 100), cpus, tmp_path / "log", Mock())
    assert [point["connections"] for point in measured] == [2]
    assert "never_opened at 100 connections" in missing


def test_every_size_of_message_has_its_own():
    both = plan(10, 100, workloads=("saturated", "large,size=4096"))
    assert loader_ceiling.steps(both) == [(10, 64), (100, 64), (10, 4096), (100, 4096)]


def test_it_takes_a_few_seconds_whatever_the_plan():
    for steps in ((10,), (10, 100, 500, 1000, 5000, 10000)):
        assert sum(loader_ceiling.time(plan(*steps)).values()) < 15


def test_it_is_looked_up_by_connections_and_size():
    saturated = WORKLOADS["saturated"]
    known = [{"connections": 10, "size_bytes": 64, "messages_per_s": 5.0}]
    assert loader_ceiling.at(known, 10, saturated) == 5.0
    assert math.isnan(loader_ceiling.at(known, 10, replace(saturated, size_bytes=65)))
    assert math.isnan(loader_ceiling.at(known, 11, saturated))
    assert math.isnan(loader_ceiling.at((), 10, saturated))
    assert math.isnan(loader_ceiling.at(known, 10, saturated, plain_tcp=False))


@pytest.mark.parametrize("option", ["tls=on", "unix=on"])
def test_a_server_that_is_reached_another_way_has_none(option):
    asked = {"servers": [f"threaded,{option}"], "workloads": ["saturated"], "steps": [2]}
    assert loader_ceiling.steps(plan_of(asked, str)) == []


@pytest.mark.parametrize("name", ["churn", "work_sleep", "mostly_idle", "download", "paced"])
def test_other_workloads_have_none(name):
    known = [{"connections": 10, "size_bytes": 64, "messages_per_s": 5.0}]
    assert math.isnan(loader_ceiling.at(known, 10, WORKLOADS[name]))
    assert math.isnan(loader_ceiling.at(known, 10, WORKLOADS["saturated"].over("http", {})))


def test_a_plan_of_other_workloads_has_none(cpus, tmp_path):
    progress = Mock()
    measured = loader_ceiling.measure(
        plan(2, workloads=("churn",)), cpus, tmp_path / "log", progress
    )
    assert measured == ([], "")
    progress.begin.assert_not_called()
    assert not loader_ceiling.time(plan(2, workloads=("churn",)))


def test_a_bare_server_of_several_threads_serves_on_one_port(tmp_path):
    with (
        loader_ceiling.bare_server(tmp_path / "log", None, threads=3) as server,
        Fleet((server.host, server.port), WORKLOADS["saturated"], threads=2) as fleet,
    ):
        assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) >= 3
        row = loader_ceiling.driven(fleet, 20, 0.2)
    assert (row["status"], row["reason"]) == ("ok", "")
    assert row["messages_per_s"] > 0
