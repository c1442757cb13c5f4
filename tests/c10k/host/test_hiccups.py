import math
import time

import pytest

from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.loadgen.native.hiccups import HiccupMeter
from tests.conftest import await_end_of_threads

pytestmark = pytest.mark.system

CPUS = CpuSplit.of_this_process()


class Refused(HiccupMeter):
    """A meter on a machine that permits no real-time priority."""

    def __init__(self, *arguments, realtime=False, **named):
        super().__init__(*arguments, **named)
        self.refused = realtime

    def __enter__(self):
        if self.refused:
            raise PermissionError(1, "not permitted")
        return super().__enter__()


def columns_after(seconds, loop="open"):
    with Hiccups(CPUS, loop) as hiccups:
        hiccups.columns()
        time.sleep(seconds)
        return hiccups.columns()


def measured(columns):
    """The sides that were measured; of one that was not, every figure is NaN."""
    sides = []
    for side in ("hiccup", "server_hiccup"):
        p99, longest = columns[f"{side}_p99_ms"], columns[f"{side}_max_ms"]
        assert math.isnan(p99) == math.isnan(longest)
        if not math.isnan(p99):
            assert 0 < p99 <= longest
            sides.append(side)
    return sides


def test_both_sides_are_measured_where_real_time_priority_is_permitted(realtime_permitted):
    assert measured(columns_after(0.2)) == ["hiccup"] + ["server_hiccup"] * realtime_permitted
    assert (
        "no_realtime" in {warning["code"] for warning in environment.warnings(CPUS)}
    ) != realtime_permitted


def test_the_cpus_of_a_saturated_server_are_not_measured():
    assert measured(columns_after(0.1, "closed")) == ["hiccup"]


def test_elsewhere_the_servers_cpus_are_not_measured_and_the_run_warns_once(monkeypatch):
    monkeypatch.setattr("c10k.host.hiccups.HiccupMeter", Refused)
    assert measured(columns_after(0.1)) == ["hiccup"]
    (warning,) = [
        warning for warning in environment.warnings(CPUS) if warning["code"] == "no_realtime"
    ]
    assert "not measured" in warning["message"]
    assert "prlimit" in warning["remedy"]


def test_no_thread_is_left():
    columns_after(0)
    await_end_of_threads("c10k-hiccups")
