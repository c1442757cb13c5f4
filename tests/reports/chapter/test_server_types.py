"""T1."""

import numpy as np
import pytest

from c10k.reports.chapter.claims import KB
from c10k.reports.chapter.server_types import server_types
from tests.reports.chapter.cells import row


def test_memory_per_connection_is_a_slope(measured, step):
    cells = row(server_types(measured), "paced", "memory a connection", "resident", "threaded")
    steps = np.array(measured.steps, dtype=float)
    rss = [step("threaded", "paced", count, "resident_bytes") for count in measured.steps]
    slope = np.polyfit(steps, rss, 1)[0]
    assert cells["measured"].value == pytest.approx(slope)
    assert cells["measured"].text == f"{slope / KB:.1f} KB"
    assert cells["ratio"].value == pytest.approx(slope / (8192 * KB))
    assert cells["verdict"].text.startswith("right direction, off by ")


def test_limits_efficiency_and_response(measured, step):
    table = server_types(measured)

    def cells(workload, measure, detail, server):
        return row(table, workload, measure, detail, server)

    most = ("max connections", "p99 ≤ 100 ms")
    assert cells("paced", *most, "threaded")["measured"].text == "≥ 10,000"
    assert cells("paced", *most, "threaded")["verdict"].text == "off by at least 20×"
    assert cells("paced", *most, "asyncio_streams")["verdict"].text == "holds"
    assert cells("saturated", *most, "asyncio_streams")["measured"].text == "1,000"
    efficiency = cells("saturated", "CPU efficiency", "at 500 clients", "threaded")
    assert efficiency["measured"].value == step("threaded", "saturated", 500, "cpu_efficiency")
    assert efficiency["claimed"].text == "0.3"
    response = cells("saturated", "response time at 1,000", "mean", "asyncio_streams")
    assert response["measured"].value == step(
        "asyncio_streams", "saturated", 1_000, "response_mean_ms"
    )


def test_every_server_has_a_line_and_those_of_another_kind_no_claim(make):
    measured = make(
        servers={
            "threaded": "thread per connection",
            "forking": "process per connection",
            "asyncio_streams": "event loop",
        },
        steps=(10, 100),
    )
    table = server_types(measured)
    cells = row(table, "paced", "memory a connection", "virtual", "forking")
    assert cells["claimed"].text == cells["verdict"].text == "—"
    assert cells["measured"].value > 0


def test_a_column_without_a_server_says_so(make):
    table = server_types(make(servers={"asyncio_streams": "event loop"}, steps=(10, 100)))
    assert any("stands for the chapter's synchronous one" in note for note in table.notes)
    cells = row(table, "paced", "memory a connection", "virtual", "asyncio_streams")
    assert cells["compared"].text == "—"
    assert cells["verdict"].text.startswith(("off by", "holds"))
