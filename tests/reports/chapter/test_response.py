"""T3 and T4."""

import pytest

from c10k.reports.chapter.response import response_by_load, response_graph
from tests.reports.chapter.cells import row


def test_t3_puts_the_claim_the_measurement_and_the_verdict_side_by_side(measured, step):
    table = response_by_load(measured)
    for workload in ("paced", "saturated"):
        for measure in ("mean", "p50", "p99.9"):
            column = f"response_{measure.replace('.', '_')}_ms"
            threads = step("threaded", workload, 1_000, column)
            loop = step("asyncio_streams", workload, 1_000, column)
            cells = row(table, workload, "1,000 (high)", measure, "threaded")
            assert cells["claimed"].text == "50"
            assert cells["measured"].value == threads
            assert cells["measured"].spread
            assert cells["ratio"].value == pytest.approx(threads / 50)
            assert cells["claimed_compared"].text == "6.2×"
            assert cells["compared"].value == pytest.approx(threads / loop)
            other = row(table, workload, "1,000 (high)", measure, "asyncio_streams")
            assert (other["claimed"].text, other["measured"].value) == ("8", loop)
            assert other["compared"] == cells["compared"]


def test_t3_judges_by_size_and_direction(make):
    def change(step):
        step.median_ms, step.sigma = {"threaded": 50.0, "asyncio_streams": 80.0}[step.server], 0.01

    table = response_by_load(make(change=change))
    threads, loop = (
        row(table, "paced", "1,000 (high)", "p50", server)["verdict"].text
        for server in ("threaded", "asyncio_streams")
    )
    assert threads == "holds"
    assert loop == "contradicted, off by 10×"


def test_t3_says_how_near_the_loaders_ceiling_each_server_came(measured, step, make):
    (threads, loop) = [note for note in response_by_load(measured).notes if "loader" in note]
    assert threads.startswith(
        "Of what this loader can drive here threaded, saturated, reached 69 % at 10, 46 % at 100, "
    )
    assert "asyncio_streams, saturated, reached " in loop
    share = step("asyncio_streams", "saturated", 10_000, "messages_per_s") / 113_000
    assert f" and {100 * share:.0f} % at 10,000 clients; what it can drive was" in loop

    unknown = make(change=lambda behaviour: setattr(behaviour, "ceiling", float("nan")))
    assert not any("loader" in note for note in response_by_load(unknown).notes)


def test_t4_has_every_step_and_no_claim_where_the_chapter_states_none(measured, step):
    table = response_graph(measured)
    assert list(dict.fromkeys(str(cells[0]) for cells in table.sections[0].rows)) == [
        f"{count:,}" for count in (10, 100, 500, 1_000, 5_000, 10_000)
    ]
    cells = row(table, "paced", "500", "threaded")
    assert cells["claimed"].text == cells["verdict"].text == "—"
    assert cells["measured"].value == step("threaded", "paced", 500, "response_p50_ms")
