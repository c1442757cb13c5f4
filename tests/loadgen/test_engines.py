import sys

import pytest

from c10k.loadgen import engines
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import echo


@pytest.fixture
def without_native(monkeypatch):
    monkeypatch.setitem(sys.modules, "c10k.loadgen.native.engine", None)


def test_the_native_engine_is_built():
    """Whoever works on the loader has a compiler: what does not build must not go unnoticed."""
    assert engines.loss() is None
    assert engines.engine_of("auto") == "native"


def test_where_it_is_not_the_portable_one_drives_and_one_line_says_so(without_native, serve):
    with Fleet(serve(echo), Workload("any")) as fleet:
        assert fleet.engine == "portable"
    lost = engines.loss()
    assert "native engine is not built here" in lost
    assert "build-essential" in lost
    assert len(lost.splitlines()) == 1


def test_an_engine_that_is_not_there_cannot_be_forced(without_native):
    with pytest.raises(OSError, match="not built here"):
        Fleet(("127.0.0.1", 9), Workload("any"), engine="native")


def test_portable_can_be_forced_and_there_are_no_others(serve):
    with Fleet(serve(echo), Workload("any"), engine="portable") as fleet:
        assert fleet.engine == "portable"
    with pytest.raises(ValueError, match="there are auto, native, portable"):
        Fleet(("127.0.0.1", 9), Workload("any"), engine="quick")
