import math
import time
from pathlib import Path

from c10k import host
from c10k.cpus import CpuSplit
from c10k.hiccups import Hiccups
from loadgen.native.hiccups import HiccupMeter

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


def columns_after(seconds):
    with Hiccups(CPUS) as hiccups:
        hiccups.columns()
        time.sleep(seconds)
        return hiccups.on_server, hiccups.columns()


def test_both_sides_are_watched_where_real_time_priority_is_permitted(realtime_permitted):
    watched, columns = columns_after(0.2)
    assert watched == realtime_permitted
    for side in ["hiccup"] + ["server_hiccup"] * realtime_permitted:
        assert 0 < columns[f"{side}_p99_ms"] <= columns[f"{side}_max_ms"]
    assert ("no_realtime" in {doubt["code"] for doubt in host.doubts(CPUS)}) != realtime_permitted


def test_elsewhere_the_servers_cpus_are_not_and_the_run_says_so_once(monkeypatch):
    monkeypatch.setattr("c10k.hiccups.HiccupMeter", Refused)
    watched, columns = columns_after(0.1)
    assert not watched
    assert columns["hiccup_max_ms"] > 0
    assert math.isnan(columns["server_hiccup_p99_ms"])
    assert math.isnan(columns["server_hiccup_max_ms"])
    (doubt,) = [doubt for doubt in host.doubts(CPUS) if doubt["code"] == "no_realtime"]
    assert "not measured" in doubt["message"]
    assert "prlimit" in doubt["remedy"]


def test_no_thread_is_left():
    tasks = Path("/proc/self/task")
    before = set(tasks.iterdir())
    columns_after(0)
    assert set(tasks.iterdir()) <= before
