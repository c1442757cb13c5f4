import os

import pytest

from c10k.host.cpus import CpuSplit, parse_cpus


@pytest.fixture
def usable():
    """The CPUs of this process, put back after the test has changed them."""
    before = os.sched_getaffinity(0)
    yield sorted(before)
    os.sched_setaffinity(0, before)


def test_the_split_uses_every_cpu_once(usable):
    split = CpuSplit.of_this_process()
    assert sorted({*split.loader, *split.server}) == usable
    assert split.shared == (len(usable) == 1)


def test_the_loader_has_the_lower_half_and_the_servers_the_rest(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 0, 4, 1, 2})
    assert CpuSplit.of_this_process() == CpuSplit(loader=(0, 1), server=(2, 4, 7))


def test_one_cpu_is_shared(usable):
    os.sched_setaffinity(0, usable[:1])
    split = CpuSplit.of_this_process()
    assert split.loader == split.server == tuple(usable[:1])
    assert split.shared


def test_numbers_and_ranges_are_cpus(usable):
    first, last = usable[0], usable[-1]
    assert parse_cpus(str(first)) == (first,)
    if usable == list(range(first, last + 1)):
        assert parse_cpus(f"{first}-{last}") == tuple(usable)


@pytest.mark.parametrize("text", ["", "x", "1-", "-", "0,,1"])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="numbers and ranges, such as"):
        parse_cpus(text)


def test_a_cpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="CPU 9999 is not available"):
        parse_cpus("9999")
