"""How a run ended, for a terminal."""

from c10k.experiment.written import lines
from c10k.results.thresholds import Judged, Step, Threshold

FAST = Threshold("response_p99_ms < 50", "response_p99_ms", "<", 50.0, {})
SMALL = Threshold("rss_bytes < 2e9", "rss_bytes", "<", 2e9, {})
STARVED = "20 of 1,000 connections starved"
THRESHOLDS = [
    Judged(FAST, Step("threaded", "paced", 10), 0.41234, missed=False),
    Judged(FAST, Step("asyncio_streams", "paced", 1000), float("nan"), missed=True, why=STARVED),
    Judged(SMALL, Step("threaded", "paced", 10), 3_000_000_000, missed=True),
]


def test_a_terminal_shows_the_steps_under_each_threshold():
    assert lines(THRESHOLDS) == [
        "threshold response_p99_ms < 50",
        "  met     threaded         paced     10          0.412",
        "  missed  asyncio_streams  paced  1,000              —  20 of 1,000 connections starved",
        "threshold rss_bytes < 2e9",
        "  missed  threaded         paced     10  3,000,000,000",
    ]
    assert lines([]) == []
