"""T2."""

import numpy as np
import pytest

from c10k.reports.chapter.claims import GB
from c10k.reports.chapter.memory import PARTS, memory, where_it_lies
from tests.reports.chapter.cells import row


def test_t2_gives_every_kind_of_memory_and_what_is_saved(measured, step):
    table = memory(measured)
    assert [section.title.partition(":")[0] for section in table.sections] == ["paced"]
    cells = row(table, "paced", "10,000", "virtual", "threaded")
    threads = step("threaded", "paced", 10_000, "vms_bytes")
    loop = step("asyncio_streams", "paced", 10_000, "vms_bytes")
    assert cells["measured"].text == f"{threads / GB:.1f} GB"
    assert cells["ratio"].value == pytest.approx(threads / (78.2 * GB))
    assert cells["claimed_compared"].text == "99.9 %"
    assert cells["compared"].value == pytest.approx(1 - loop / threads)
    assert cells["verdict"].text == "holds"
    kernel = row(table, "paced", "5,000", "kernel", "asyncio_streams")
    assert kernel["claimed"].text == "—"
    assert kernel["measured"].value == step("asyncio_streams", "paced", 5_000, "kernel_delta_bytes")
    occupied = row(table, "paced", "5,000", "resident + kernel", "asyncio_streams")
    resident = step("asyncio_streams", "paced", 5_000, "resident_bytes")
    assert occupied["measured"].value == pytest.approx(resident + kernel["measured"].value)


def test_memory_per_connection_is_broken_down_by_kind(measured, step):
    table = where_it_lies(measured)
    (section,) = table.sections
    threads = dict(zip([part.title for part in PARTS], section.rows[0][1:], strict=False))
    steps = np.array(measured.steps, dtype=float)
    stacks = [step("threaded", "paced", count, "stack_bytes") for count in measured.steps]
    assert threads["stacks"].value == pytest.approx(np.polyfit(steps, stacks, 1)[0])
    resident = [step("threaded", "paced", count, "resident_bytes") for count in measured.steps]
    parts = sum(threads[name].value for name in ("stacks", "heap", "programs"))
    assert parts == pytest.approx(np.polyfit(steps, resident, 1)[0])
