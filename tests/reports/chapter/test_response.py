"""T3 and T4."""

from c10k.reports.chapter.response import response_by_load
from tests.reports.chapter.cells import row


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
