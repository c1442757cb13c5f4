"""The measuring cycle, over the bare echo server."""

import math
from itertools import pairwise

import pytest

from c10k.experiment.cycle import Cycle
from c10k.experiment.loader_ceiling import bare_server
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import Workload

pytestmark = pytest.mark.system


@pytest.fixture
def fleet(tmp_path):
    with (
        bare_server(tmp_path / "log", None) as server,
        Fleet((server.host, server.port), Workload("closed")) as fleet,
    ):
        yield fleet


def test_slices_follow_one_another_and_make_up_the_window(fleet):
    cycle = Cycle(fleet, slice_s=0.1)
    cycle.open(3, timeout_s=15)
    fleet.snapshot()
    slices = list(cycle.window(0.35))
    window = fleet.snapshot()
    assert len(slices) <= 4
    assert slices[0].start_s == 0
    for part, following in pairwise(slices):
        assert following.start_s == pytest.approx(part.start_s + part.seconds)
        assert part.seconds >= 0.1
    assert slices[-1].start_s + slices[-1].seconds >= 0.35
    # What is completed after the last slice is in the window alone.
    assert sum(part.responses.total for part in slices) <= window.messages
    assert all(part.responses.total > 0 and part.failed == 0 for part in slices)


def test_progress_is_reported_in_every_phase_and_may_end_it(fleet):
    phases = []

    def on_progress(cycle):
        phases.append(cycle.phase)
        if cycle.phase == "window":
            assert 0 <= cycle.left_s <= 60
            if phases.count("window") == 3:
                raise TimeoutError

    cycle = Cycle(fleet, on_progress, slice_s=math.inf)
    opened, opening = cycle.open(2, timeout_s=15)
    assert (opened.connected, opening.errors) == (2, {})
    assert cycle.warm_up(0.2, 0.2).waited_s >= 0.2
    fleet.snapshot()
    with pytest.raises(TimeoutError):
        list(cycle.window(60))
    assert fleet.snapshot().messages > 0
    assert cycle.drain().pending == 0
    assert list(dict.fromkeys(phases)) == ["open", "warmup", "window", "close"]


def test_a_warm_up_may_be_left_out_and_needs_memory_where_that_is_sampled(fleet):
    cycle = Cycle(fleet, memory=lambda: None)
    cycle.open(1, timeout_s=15)
    none, some = cycle.warm_up(0, 0), cycle.warm_up(0.1, 0.3)
    assert (none.waited_s, none.unsteady) == (0, "")
    assert "memory" in some.unsteady
