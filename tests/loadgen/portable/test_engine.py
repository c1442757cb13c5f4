"""What is the portable engine's own: no epoll needed, and no error of its loop goes unnoticed."""

import subprocess
import sys
import threading

import pytest

from c10k.loadgen.fleet import Fleet
from c10k.loadgen.portable.connection import Connection
from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import echo, until

pytestmark = pytest.mark.system

# What a system without epoll, without CPU affinity and without the native engine looks like.
ELSEWHERE = """
import os, select, selectors, sys
for name in [name for name in dir(os) if name.startswith("sched_")]:
    delattr(os, name)
del select.epoll, selectors.EpollSelector
selectors.DefaultSelector = selectors.PollSelector
native = ("c10k.loadgen.native.engine", "c10k.loadgen.native.hiccups")
sys.modules |= dict.fromkeys((*native, "uvloop"))
sys.platform = "elsewhere"

import time
from c10k.loadgen.engines import loss
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.hiccups import HiccupMeter
from c10k.loadgen.workload import Workload

assert "not built here" in loss()
address = ("127.0.0.1", int(sys.argv[1]))
with (
    HiccupMeter([0]) as meter,
    Fleet(address, Workload("open", rate_per_connection=50), cpus=[0]) as fleet,
):
    assert fleet.engine == "portable"
    fleet.resize(5)
    assert fleet.wait_open(20).connected == 5
    fleet.load()
    while fleet.progress().messages < 20:
        time.sleep(0.01)
    assert fleet.snapshot().errors == {}
    assert any(meter.swap())
print("done")
"""


def test_it_works_without_what_only_linux_has(serve):
    shown = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(serve(echo)[1])],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.stdout.strip() == "done", shown.stderr


def test_an_error_of_the_loop_is_raised_by_the_next_command(serve, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Connection, "data_received", broken)
    fleet = Fleet(serve(echo), Workload("any"), engine="portable")
    try:
        fleet.resize(1)
        until(lambda: fleet._shards[0]._broken)
        with pytest.raises(RuntimeError, match="broke"):
            fleet.load()
    finally:
        with pytest.raises(RuntimeError, match="broke"):
            fleet.close()
    assert "c10k-fleet" not in [thread.name for thread in threading.enumerate()]
