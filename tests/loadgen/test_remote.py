"""A process of the fleet ends with its parent, and its end is an error, not a hang."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from c10k.loadgen.address import Address
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.remote import RemoteShard
from c10k.loadgen.shard import ShardSettings
from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import echo, loaded, until

pytestmark = pytest.mark.system

PARENT = """
import sys, time
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import Workload
fleet = Fleet(("127.0.0.1", int(sys.argv[1])), Workload("any"), threads=2, processes=True)
fleet.resize(4)
try:
    print(*[shard._child.pid for shard in fleet._shards], flush=True)
    for _ in range(600):  # one long sleep that begins just after the signal would miss it
        time.sleep(0.1)
except KeyboardInterrupt:
    print(fleet.wait_open(20).connected, flush=True)
    fleet.close()
"""


def settings(address, in_flight=8):
    target = Address.resolve(*address)
    return ShardSettings(target, Workload("any"), 0, 1, in_flight, cpu=None, spin=False)


def ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def parent(serve):
    """A process with a fleet of two processes, whose ids it has printed."""
    command = [sys.executable, "-c", PARENT, str(serve(echo)[1])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        process.pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(process.pids) == 2
        yield process
        process.kill()


@pytest.fixture
def shard(serve):
    shard = RemoteShard("native", settings(serve(echo)))
    yield shard
    shard.quit()


def test_it_ends_when_its_parent_is_killed(parent):
    parent.kill()
    until(lambda: all(ended(pid) for pid in parent.pids))


def test_ctrl_c_of_the_terminal_leaves_it_to_the_parent(parent):
    os.killpg(parent.pid, signal.SIGINT)
    out, _ = parent.communicate(timeout=30)
    assert out == "4\n"  # the processes lived on, and answered
    assert parent.returncode == 0
    assert all(ended(pid) for pid in parent.pids)


def test_its_death_is_an_error_of_the_next_call(serve):
    with Fleet(serve(echo), Workload("any"), threads=2, processes=True) as fleet:
        pids = [shard._child.pid for shard in fleet._shards]
        fleet.resize(4)
        os.kill(pids[1], signal.SIGKILL)
        with pytest.raises(OSError, match="signal 9"):
            fleet.snapshot()
        with pytest.raises(OSError, match="signal 9"):
            fleet.close()
    assert all(ended(pid) for pid in pids)


def test_errors_cross_the_pipe_and_the_shard_lives_on(shard):
    with pytest.raises(TypeError, match="int"):
        shard.load("soon")
    assert shard.peek().ready == 0


def test_a_shard_that_cannot_be_created_raises_the_same_here(serve):
    with pytest.raises(OverflowError):
        RemoteShard("native", settings(serve(echo), in_flight=-1))


def test_its_last_state_can_be_polled_after_it_quit_and_nothing_else(shard):
    shard.resize(3, 3, 3, time.monotonic_ns())
    until(lambda: shard.peek().ready == 3)
    shard.quit()
    shard.quit()
    assert shard.peek().ready == 3
    with pytest.raises(OSError, match="exit status 0"):
        shard.stop()


def test_a_fleet_may_be_polled_while_it_is_closed(serve):
    with ThreadPoolExecutor() as beside:
        with loaded(Fleet(serve(echo), Workload("any"), threads=2, processes=True), 4) as fleet:
            ending = threading.Event()

            def poll():
                while not ending.is_set():
                    fleet.progress()

            polling = [beside.submit(poll) for _ in range(4)]
            until(lambda: fleet.progress().messages > 4)
        ending.set()
        for poller in polling:
            poller.result()


def test_processes_have_limits_of_their_own_and_one_moment_for_a_snapshot(serve):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with loaded(Fleet(serve(echo), Workload("any"), threads=3, processes=True), 30) as fleet:
        pids = [shard._child.pid for shard in fleet._shards]
        until(lambda: fleet.progress().messages > 30)
        fleet.snapshot()
        time.sleep(0.1)
        parts = fleet._each(lambda shard, _: shard.snapshot())
        for pid in pids:
            assert not ended(pid)
            assert len(list(Path(f"/proc/{pid}/fd").iterdir())) >= 10
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (limits[1], limits[1])
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits
    assert all(ended(pid) for pid in pids)
    for edge in ("began_ns", "ended_ns"):
        at_ns = [part[edge] for part in parts]
        assert max(at_ns) - min(at_ns) < 0.2e9
