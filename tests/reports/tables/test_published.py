"""Published claims beside what was measured, worked out by hand from a synthetic run."""

import pytest

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.tables import published
from c10k.results.claims import Claim, ClaimedFigure

FIGURE = {"says": "something", "server": "threaded", "workload": "paced", "clients": 1_000}


def judged(measured, **figure):
    """The cells of a claim of one figure."""
    claimed = ClaimedFigure(**FIGURE | figure)
    measured.about.plan.claims[:] = [Claim("A claim", "a book, 2003", (claimed,), quote="as said")]
    (table,) = published.tables(measured, Comparisons(measured))
    assert table.caption == "a book, 2003. “as said”."
    ((_, *cells),) = table.sections[0].rows
    return [cell.text for cell in cells]


@pytest.fixture
def measured(make):
    return make(repeats=3)


def test_a_figure_is_confirmed_within_one_and_a_half_times(measured):
    found = measured.at(published.Point("threaded", "paced", 1_000), "response_p50_ms").value
    figure = {"measure": "response_p50_ms", "unit": "us"}
    text, _, where, outcome = judged(measured, **figure, value=1_200 * found)
    assert text == f"{1_200 * found:,.10g} µs"
    assert where == "threaded, paced, 1,000 clients"
    assert outcome == "confirmed"
    assert judged(measured, **figure, value=10_000 * found)[3] == "off by 10×"


def test_a_range_is_confirmed_within_it_and_else_judged_by_its_nearest_end(measured):
    found = measured.at(published.Point("threaded", "paced", 1_000), "response_p50_ms").value
    figure = {"measure": "response_p50_ms", "unit": "ms"}
    assert judged(measured, **figure, value=0.5 * found, to=2 * found)[3] == "confirmed"
    assert judged(measured, **figure, value=20 * found, to=10 * found)[3] == "off by 10×"
    assert judged(measured, **figure, value=1.3 * found, to=2 * found)[3] == "off by 1.3×"


def test_a_ratio_near_one_is_not_confirmed_by_no_difference(measured):
    servers = {"server": "threaded", "over": "asyncio_streams", "workload": "paced"}
    figure = {"measure": "resident_bytes_per_connection", "clients": 0, "unit": "×", **servers}
    ratio = (
        measured.slope("threaded", "paced", "resident_bytes").value
        / measured.slope("asyncio_streams", "paced", "resident_bytes").value
    )
    assert judged(measured, **figure, value=ratio)[3] == "confirmed"
    assert "off by" in judged(measured, **figure, value=1.4 / ratio)[3]


@pytest.mark.parametrize(
    ("at", "times", "outcome"),
    [
        ("most", 2, "confirmed"),
        ("most", 0.5, "contradicted"),
        ("least", 0.5, "confirmed"),
        ("least", 2, "contradicted"),
    ],
)
def test_a_bound_is_kept_or_not(measured, at, times, outcome):
    slope = measured.slope("threaded", "paced", "resident_bytes").value
    figure = {"measure": "resident_bytes_per_connection", "clients": 0, "at": at, "unit": "B"}
    text, _, where, found = judged(measured, **figure, value=times * slope)
    assert text.startswith(f"at {at} ")
    assert where == "threaded, paced, over the ramp"
    assert found == outcome


def test_a_ratio_of_two_servers_has_a_direction(measured):
    figure = {"measure": "resident_bytes_per_connection", "clients": 0, "over": "asyncio_streams"}
    ratio = (
        measured.slope("threaded", "paced", "resident_bytes").value
        / measured.slope("asyncio_streams", "paced", "resident_bytes").value
    )
    assert ratio > 2
    text, _, where, outcome = judged(measured, **figure, value=100, unit="×")
    assert text == "100×"
    assert where == "threaded ÷ asyncio_streams, paced, over the ramp"
    assert outcome.startswith("right direction, off by")
    assert judged(measured, **figure, value=ratio)[3] == "confirmed"
    assert judged(measured, **figure, value=0.1)[3].startswith("contradicted")


def test_what_was_not_measured_or_is_unlike_has_no_outcome(measured):
    figure = {"measure": "response_p50_ms", "unit": "ms", "value": 1}
    assert judged(measured, **figure, server="nginx")[3] == "not measured"
    ratio = figure | {"over": "nginx", "unit": "×"}
    assert judged(measured, **ratio)[3] == "not measured"
    assert judged(measured, **ratio | {"over": "asyncio_streams", "measure": "x"})[3] == (
        "not measured"
    )
    assert judged(measured, **figure, unlike="a disk")[3] == "not comparable: a disk"


def test_what_failed_in_a_repeat_confirms_nothing(make):
    def die(step):
        if (step.server, step.connections, step.repeat) == ("threaded", 1_000, 1):
            step.status, step.reason = "failed", "the server died"

    figure = {"measure": "connected", "value": 1_000, "at": "least"}
    assert judged(make(repeats=3), **figure)[3] == "confirmed"
    outcome = judged(make(repeats=3, change=die), **figure)[3]
    assert outcome == "undecided: threaded failed (the server died, in 1 of 3 repeats)"
