"""The CPU time of other processes than those observed."""

import os
from statistics import median

import pytest

from c10k.loadgen.telemetry.other_processes import spent_by_other_processes
from tests.loadgen.telemetry.conftest import BURN

pytestmark = pytest.mark.system

CHILD = f"""
import os
if not (pid := os.fork()):
    exec({BURN!r})
    os._exit(0)
os.waitpid(pid, 0)
"""


def share_of(child):
    """Other processes go on between two readings, and some of them end: the median counts."""
    return median(
        spent_by_other_processes(()) - spent_by_other_processes({child.pid}) for _ in range(9)
    )


@pytest.mark.parametrize("work", [BURN, CHILD], ids=["a process", "a child that has ended"])
def test_all_is_counted_but_what_the_members_spend(child, work):
    before = share_of(child)
    child.do(work)
    assert share_of(child) - before == pytest.approx(0.2, abs=0.15)


def test_it_grows_with_what_this_process_does():
    before = spent_by_other_processes(())
    exec(BURN, {})
    assert spent_by_other_processes(()) - before >= 0.15
    assert spent_by_other_processes({os.getpid()}) < spent_by_other_processes(())
