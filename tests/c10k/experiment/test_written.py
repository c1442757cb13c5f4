"""How a run ended, in each format."""

from xml.etree import ElementTree

import pytest

from c10k.experiment.failures import Failures
from c10k.experiment.written import Ending, as_junit, as_markdown, lines
from c10k.outcome import Status
from c10k.results.thresholds import Checked, Step, Threshold

FAST = Threshold("response_p99_ms < 50", "response_p99_ms", "<", 50.0, {})
SMALL = Threshold("rss_bytes < 2e9", "rss_bytes", "<", 2e9, {})
STARVED = "20 of 1,000 clients unserved"
THRESHOLDS = [
    Checked(FAST, Step("threaded", "paced", 10), 0.41234, missed=False),
    Checked(FAST, Step("asyncio_streams", "paced", 1000), float("nan"), missed=True, why=STARVED),
    Checked(SMALL, Step("threaded", "paced", 10), 3_000_000_000, missed=True),
]


@pytest.fixture
def end():
    """Make the ending of a run; the writer is for JSON alone."""

    def made(thresholds=THRESHOLDS, of_steps="", status=Status.FAILED, lines=()):
        return Ending(None, Failures(list(lines), thresholds, of_steps), status, 1.5)

    return made


def test_a_terminal_shows_the_steps_under_each_threshold():
    assert lines(THRESHOLDS) == [
        "threshold response_p99_ms < 50",
        "  met     threaded         paced     10          0.412",
        "  missed  asyncio_streams  paced  1,000              —  20 of 1,000 clients unserved",
        "threshold rss_bytes < 2e9",
        "  missed  threaded         paced     10  3,000,000,000",
    ]
    assert lines([]) == []


def test_markdown_has_a_table_for_each_threshold(end):
    ending = end(lines=["partly failed: threaded, paced at 10: 2 × reset"])
    assert as_markdown(ending) == (
        "### threshold missed at 1 of 2 steps: response_p99_ms < 50; "
        "threshold missed at 1 of 1 steps: rss_bytes < 2e9\n\n"
        "`response_p99_ms < 50`\n\n"
        "| step | value | outcome |\n| --- | ---: | --- |\n"
        "| threaded, paced at 10 | 0.412 | met |\n"
        "| asyncio_streams, paced at 1,000 | — | **missed**: 20 of 1,000 clients unserved |\n\n"
        "`rss_bytes < 2e9`\n\n"
        "| step | value | outcome |\n| --- | ---: | --- |\n"
        "| threaded, paced at 10 | 3,000,000,000 | **missed** |\n\n"
        "- partly failed: threaded, paced at 10: 2 × reset\n"
    )


@pytest.mark.parametrize(
    ("thresholds", "status", "title"),
    [
        ([], Status.DONE, "every step measured"),
        (THRESHOLDS[:1], Status.DONE, "every step measured and every threshold met"),
        (THRESHOLDS[:1], Status.INTERRUPTED, "interrupted"),
    ],
)
def test_the_title_is_the_outcome(end, thresholds, status, title):
    assert as_markdown(end(thresholds, status=status)).splitlines()[0] == f"### {title}"


def cases(ending):
    (suite,) = ElementTree.fromstring(as_junit(ending))
    assert suite.get("time") == "1.500"
    return {
        (case.get("classname"), case.get("name")): [each.get("message") for each in case]
        for case in suite
    }


def test_junit_has_a_case_for_each_threshold_at_each_step(end):
    assert cases(end()) == {
        ("c10k run", "every step is measured"): [],
        ("threaded.paced, 10 connections", FAST.text): [None],  # the value alone
        ("asyncio_streams.paced, 1,000 connections", FAST.text): [STARVED, None],
        ("threaded.paced, 10 connections", SMALL.text): ["the value is 3,000,000,000", None],
    }


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ({"of_steps": "1 of 4 steps failed"}, "1 of 4 steps failed"),
        ({"status": Status.INTERRUPTED}, "interrupted"),
    ],
)
def test_junit_fails_where_not_every_step_was_measured(end, ending, message):
    assert cases(end([], **ending)) == {("c10k run", "every step is measured"): [message]}
