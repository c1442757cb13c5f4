"""Stacks and heaps of a process whose threads and allocations are known."""

import pytest

from c10k.loadgen.telemetry import ProcessTree
from c10k.loadgen.telemetry.mappings import breakdown

pytestmark = pytest.mark.system

MIB = 1 << 20


@pytest.mark.parametrize("stack_bytes", [0, 256 << 10], ids=["usual", "small"])
def test_threads_have_stacks(child, stack_bytes):
    child.do(f"import threading; threading.stack_size({stack_bytes})")
    before = breakdown(child.pid)
    child.start_threads(200)
    grown = breakdown(child.pid).stack_bytes - before.stack_bytes
    assert 200 * 4096 <= grown <= 200 * 64 * 1024  # of what is reserved they touch a few pages


def test_what_is_allocated_is_in_the_heap(child):
    before, footprint = breakdown(child.pid), ProcessTree(child.pid).footprint()
    assert 0 < before.stack_bytes < before.heap_bytes
    assert before.stack_bytes + before.heap_bytes <= footprint.resident_bytes
    child.do(f"used = b'x' * {50 * MIB}")
    after = breakdown(child.pid)
    assert 49 * MIB <= after.heap_bytes - before.heap_bytes < 55 * MIB
    assert after.stack_bytes - before.stack_bytes < MIB


def test_of_many_processes_a_few_are_read(child, monkeypatch):
    child.do("import os, time; ready, say = os.pipe()")
    child.do("for _ in range(8): os.fork() or (os.write(say, b'.'), time.sleep(300))")
    child.do("for _ in range(8): os.read(ready, 1)")
    tree = ProcessTree(child.pid)
    tree.rescan()
    whole = tree.breakdown()
    monkeypatch.setattr("c10k.loadgen.telemetry.process.SAMPLED_PROCESSES", 4)
    part = tree.breakdown()
    assert part.heap_bytes == pytest.approx(whole.heap_bytes, rel=0.3)
    assert part.stack_bytes == pytest.approx(whole.stack_bytes, rel=0.5)
