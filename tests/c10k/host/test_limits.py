import resource
import subprocess
import sys

import pytest

from c10k.host import limits
from c10k.host.limits import (
    SPARE_DESCRIPTORS,
    Limit,
    limits_for,
    loader_processes,
    most_connections,
    port_limits,
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
