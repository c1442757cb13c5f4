"""The usage of real processes whose threads, files, memory and children are known."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from c10k.loadgen.telemetry import ProcessGoneError, ProcessTree
from tests.loadgen.telemetry.conftest import BURN

pytestmark = pytest.mark.system

MIB = 1 << 20

SLEEPER = """
import subprocess
sleeper = subprocess.Popen(["sleep", "60"])
"""
SLEEPER_OF_A_THREAD = """
import subprocess, threading
started, never = threading.Event(), threading.Event()
def start():
    subprocess.Popen(["sleep", "60"])
    started.set()
    never.wait()
threading.Thread(target=start, daemon=True).start()
started.wait()
"""
PARENT_OF_A_SLEEPER = f"""
import subprocess, sys
code = {SLEEPER!r} + "print(flush=True); sleeper.wait()"
parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
parent.stdout.readline()
"""
BURN_IN_A_THREAD = f"""
import threading
def burn():
    exec({BURN!r}, {{}})
burning = threading.Thread(target=burn)
burning.start()
burning.join()
"""
BURN_IN_A_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
"""
# Root may look into every process, others not even into their own if it is not dumpable.
HIDDEN = "import ctypes; ctypes.CDLL(None).prctl(4, 0)"  # PR_SET_DUMPABLE
NOBODY = "import os; os.geteuid() or os.setuid(65534)"


def test_counts_threads_and_descriptors(child, monkeypatch):
    tree = ProcessTree(child.pid)
    before = tree.read()
    child.start_threads(20)
    child.do("files = [open('/dev/null') for _ in range(30)]")
    after = tree.read()
    assert (before.threads, after.threads) == (1, 21)
    assert after.descriptors - before.descriptors == 30
    assert before.processes == after.processes == 1
    # A kernel before 6.2 gives no number of descriptors.
    monkeypatch.setattr(Path, "stat", lambda _: SimpleNamespace(st_size=0))
    assert tree.read().descriptors == after.descriptors


def test_sees_memory_that_is_used_and_memory_that_is_only_reserved(child):
    tree = ProcessTree(child.pid)
    before, exact_before, spent = tree.read(), tree.footprint(), tree.spent()
    child.do(f"used = b'x' * {50 * MIB}")
    used, exact = tree.read(), tree.footprint()
    child.do(f"import mmap; reserved = mmap.mmap(-1, {200 * MIB})")
    reserved, exact_reserved = tree.read(), tree.footprint()

    assert 50 * MIB <= exact.rss_bytes - exact_before.rss_bytes < 55 * MIB
    # What the child shares becomes more or less its own when other Pythons begin or end.
    assert 49 * MIB <= exact.pss_bytes - exact_before.pss_bytes < 55 * MIB
    assert 49 * MIB <= exact.uss_bytes - exact_before.uss_bytes < 55 * MIB
    assert 48 * MIB <= used.rss_bytes - before.rss_bytes < 55 * MIB
    assert tree.spent().minor_faults - spent.minor_faults > 50
    assert used.page_tables_bytes > before.page_tables_bytes > 0
    assert reserved.vms_bytes - used.vms_bytes >= 200 * MIB
    assert exact_reserved.rss_bytes - exact.rss_bytes < 5 * MIB
    assert exact.uss_bytes <= exact.pss_bytes <= exact.rss_bytes


def test_follows_children_grandchildren_and_those_of_other_threads(child):
    tree = ProcessTree(child.pid)
    alone = tree.read()
    child.do(PARENT_OF_A_SLEEPER)
    family = tree.read()
    assert family.processes == 3
    assert family.threads == 3
    assert family.rss_bytes > alone.rss_bytes
    assert family.descriptors > alone.descriptors
    footprint = tree.footprint()
    assert footprint.pss_bytes < footprint.rss_bytes  # Python's text is shared by two of them
    child.do(SLEEPER_OF_A_THREAD)
    tree.rescan()  # only so are the children of other threads found
    assert tree.read().processes == 4


def test_what_forked_processes_share_is_resident_once_and_some_stand_for_all(child):
    tree = ProcessTree(child.pid)
    child.do(f"import os, time; used = b'x' * {50 * MIB}")
    alone = tree.footprint()
    assert alone.resident_bytes == pytest.approx(alone.rss_bytes, rel=1e-3)
    child.do("for _ in range(4): os.fork() or time.sleep(300)")
    tree.rescan()
    whole, part = tree.footprint(), tree.footprint(within_s=0)
    assert whole.rss_bytes - alone.rss_bytes > 4 * 50 * MIB
    assert 0 < whole.resident_bytes - alone.resident_bytes < 40 * MIB
    assert whole.memory_sampled_fraction == 1
    assert part.memory_sampled_fraction == pytest.approx(
        1 / 5, rel=0.1
    )  # forked ones have touched less
    assert part.rss_bytes == pytest.approx(whole.rss_bytes, rel=0.1)
    assert part.resident_bytes == pytest.approx(whole.resident_bytes, rel=0.2)


def test_a_child_that_ends_leaves_the_tree(child):
    tree = ProcessTree(child.pid)
    child.do(SLEEPER)
    assert tree.read().processes == 2
    child.do("import os; sleeper.kill(); os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)")
    assert tree.read().processes == 1, "a zombie is none"
    child.do("sleeper.wait()")
    assert tree.read().processes == 1
    assert tree.footprint().rss_bytes > 0


@pytest.mark.parametrize("burn", [BURN, BURN_IN_A_THREAD], ids=["process", "ended thread"])
def test_cpu_time_is_exact(child, burn):
    tree = ProcessTree(child.pid)
    own = "import time; print(time.process_time())"
    begin, own_begin = tree.cpu_s(), float(child.do(own))
    before = tree.spent()
    child.do(burn)
    after = tree.spent()
    own_end, end = float(child.do(own)), tree.cpu_s()
    assert own_end - own_begin >= 0.2
    assert own_end - own_begin == pytest.approx(end - begin, abs=0.02)
    ticks = after.user_s + after.system_s - before.user_s - before.system_s
    assert ticks == pytest.approx(end - begin, abs=0.05)


def test_cpu_time_of_a_child_that_ended_remains(child):
    tree = ProcessTree(child.pid)
    child.do(BURN_IN_A_CHILD)
    assert tree.spent().ended_s >= 0.17
    assert tree.read().processes == 1


def test_a_process_that_ended_is_gone(child):
    tree = ProcessTree(child.pid)
    tree.read()
    child.kill()
    for measure in (tree.read, tree.spent, tree.footprint):
        with pytest.raises(ProcessGoneError, match=str(child.pid)):
            measure()
    child.reap()
    for measure in (tree.read, tree.footprint, tree.spent, tree.cpu_s, tree.rescan):
        with pytest.raises(ProcessGoneError, match=str(child.pid)):
            measure()


def test_another_process_of_a_known_number_is_not_observed(child):
    tree = ProcessTree(child.pid)
    tree.members = (child.pid, os.getpid())
    assert tree.read().processes == 1
    tree.pid, tree.members = os.getpid(), (os.getpid(),)
    with pytest.raises(ProcessGoneError):
        tree.read()


def test_what_another_user_hides_is_not_a_number(start_child):
    hidden, observer = start_child(), start_child()
    hidden.do(HIDDEN)
    observer.do("from c10k.loadgen.telemetry import ProcessTree")
    observer.do(NOBODY)
    tree = f"ProcessTree({hidden.pid})"
    assert observer.do(f"print(*{tree}.footprint())") == "nan nan nan nan 1.0"
    assert int(observer.do(f"print({tree}.read().threads)")) == 1


ADOPT = "import ctypes, os; ctypes.CDLL(None).prctl(36, 1)"  # PR_SET_CHILD_SUBREAPER
ORPHANS = f"""
import subprocess, sys
burning = {BURN!r} + "print(flush=True); time.sleep(300)"
start = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', " \
    "sys.argv[1]]).pid, flush=True)"
starter = subprocess.Popen([sys.executable, "-c", start, burning], stdout=subprocess.PIPE)
orphan = int(starter.stdout.readline())
starter.stdout.readline()
starter.wait()
"""


def test_below_a_supervisor_are_the_orphans_too_but_not_itself(child):
    child.do(ADOPT)
    tree = ProcessTree(child.pid, itself=False)
    with pytest.raises(ProcessGoneError):
        tree.read()
    child.do(ORPHANS)
    assert tree.read().processes == 1
    assert tree.members == (int(child.do("print(orphan)")),)
    before, before_s = tree.spent(), tree.cpu_s()
    assert before_s >= 0.2
    child.do(BURN)
    assert tree.cpu_s() - before_s < 0.1, "the supervisor's own"
    tree.rescan()
    assert tree.footprint().memory_sampled_fraction == 1
    assert tree.breakdown().heap_bytes > 0
    # What it has waited for stays in the sums.
    child.do("import signal; os.kill(orphan, signal.SIGKILL); os.waitpid(orphan, 0)")
    with pytest.raises(ProcessGoneError):
        tree.spent()
    child.do("another = subprocess.Popen(['sleep', '60'])")
    tree.read()
    after = tree.spent()
    assert after.user_s + after.system_s >= before.user_s + before.system_s - 0.02
    assert after.ended_s >= 0.18
