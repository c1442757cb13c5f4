import math
import resource
import subprocess
import sys

import pytest
from hypothesis import given, strategies

from c10k.host import limits
from c10k.host.limits import (
    SPARE_DESCRIPTORS,
    Limit,
    host_limits,
    limits_for,
    loader_processes,
    most_connections,
    port_limits,
    server_workers,
    shortfalls,
)

pytestmark = pytest.mark.system


def test_a_limit_that_is_too_low_says_all_that_is_needed():
    limit = Limit("the number of things", 10, 20, "make more")
    assert not limit.suffices
    assert str(limit) == "the number of things is 10, needed are 20; make more"


def test_more_connections_need_more_of_everything():
    few, many = list(limits_for(10, 1)), list(limits_for(10_000, 1))
    assert [limit.name for limit in few] == [limit.name for limit in many]
    assert all(a.needed < b.needed for a, b in zip(few, many, strict=True))


def test_only_threads_need_tasks_and_maps():
    names = " ".join(limit.name for limit in limits_for(10, 0))
    assert "open files" in names
    assert "ports" in names
    assert "max_map_count" not in names


def test_steps_beyond_a_limit_are_named_with_it():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    short = shortfalls([10, hard], 0)
    assert 10 not in short
    assert any("open files" in limit.name for limit in short[hard])


def test_the_most_connections_are_those_of_the_lowest_limit(monkeypatch):
    monkeypatch.setattr(limits, "_most_descriptors", lambda: SPARE_DESCRIPTORS + 136)
    most, (limit,) = most_connections(1_000)
    assert most == 136
    assert (limit.value, limit.needed) == (SPARE_DESCRIPTORS + 136, SPARE_DESCRIPTORS + 137)
    assert most_connections(136) == (136, [])


def test_the_soft_limit_of_open_files_is_raised_and_more_connections_take_more_processes():
    code = (
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (200, 1000));"
        "from c10k.host.limits import loader_processes as f, raise_soft_descriptor_limit as g;"
        "print(f(900), f(1000), f(3000), g(), *r.getrlimit(r.RLIMIT_NOFILE))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["1", "2", "4", "1000", "1000", "1000"]
    assert loader_processes(1) == 1


def test_more_addresses_have_more_ports():
    (one,), (many,) = port_limits(10), port_limits(10, 17)
    assert one.needed == many.needed == 10
    assert many.value in (17 * one.value, one.value)


@given(strategies.integers(1, 10**9), strategies.integers(100, 10**6))
def test_the_fullest_worker_has_room_and_no_worker_is_spare(connections, room):
    """The kernel gives each the same share, and chance some 5 times its root more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "_most_descriptors", lambda: SPARE_DESCRIPTORS + room)
        workers = server_workers(connections)
    share = connections / workers
    assert share <= room
    if workers > 1:
        assert share + 5 * math.sqrt(share) <= room + 1
        fewer = connections / (workers - 1)
        assert fewer + 5 * math.sqrt(fewer) > room


def test_both_ends_on_one_host_need_more_than_one_process_knows():
    few, many = list(host_limits(10)), list(host_limits(1_000_000))
    names = " ".join(limit.name for limit in few)
    for setting in ("port_range", "file-max", "max_user_watches", "tcp_mem", "MemAvailable"):
        assert setting in names
    assert all(a.needed < b.needed for a, b in zip(few, many, strict=True))
    ports = next(limit for limit in many if "ports" in limit.name)
    assert ports.suffices
