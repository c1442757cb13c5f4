import pytest

from c10k.reports.model.measured import Point
from tests.reports.summary.conftest import alike


def test_each_topic_has_its_result_values_and_outcome(tell):
    def noise(step):
        step.cpu_us *= 1 + 0.01 * step.repeat * (1 if step.server == "threaded" else -1)

    stated = tell(change=alike("threaded", noise, memory=20_480, cpu_us=1.5))
    memory, cpu, response, throughput = stated.topics
    assert (memory.title, memory.result) == (
        *("memory per connection", ("5.0×", "threads ÷ the event loop")),
    )
    assert memory.outcome == "clear, asyncio_streams better"
    assert memory.claim == "8,192 KB and 4 KB"
    assert [part for *_cell, part in memory.bars] == [1, pytest.approx(0.2, abs=0.01)]
    assert [(server.label, value.text) for server, value, _part in cpu.bars] == [
        ("threaded", "31.1 µs"),
        ("asyncio_streams", "20.3 µs"),
    ]
    own = stated.measured.at(Point("threaded", "paced", 1_000), "cpu_us_per_message")
    assert cpu.bars[0][1].interval == f"{own.low:.1f}–{own.high:.1f} µs"
    ratio = cpu.contrast.comparison
    interval = f"{ratio.low:.1f}×–{ratio.high:.1f}×"
    assert cpu.result == ("1.5×", f"threads ÷ the event loop, {interval}")
    assert response.title == "median response time while clients mostly wait"
    assert (response.result[0], response.claim) == ("1.00×", "")
    assert (throughput.title, throughput.outcome) == ("throughput under full load", "equivalent")


def test_where_clients_starve_they_are_counted(tell):
    def starve(step):
        if step.server == "threaded":
            step.starved, step.starved_wait_ms = 930, 15_400.0

    stated = tell(workloads=("saturated",), change=alike(also=starve))
    topic = stated.topics[-1]
    assert (topic.title, topic.result) == (
        "clients without a reply under full load",
        ("930", "930 of 1,000 clients unserved, median wait 8.77 s (threaded)"),
    )
    assert [(value.text, part) for _server, value, part in topic.bars] == [("930", 1), ("0", 0)]
    assert topic.outcome == "clear, asyncio_streams better"
    assert len(stated.topics) == 3  # neither response time nor throughput
