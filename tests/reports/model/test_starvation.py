import math

import pytest

from c10k.reports.model.measured import Point

THREADS = Point("threaded", "saturated", 1_000)


def wait_ms(make, **behaviour):
    measured = make(
        servers={"threaded": ""},
        workloads=("saturated",),
        change=lambda step: vars(step).update(behaviour),
    )
    return measured.starvation(THREADS)


def test_few_starving_connections_are_none(make):
    assert wait_ms(make, starved=10, starved_wait_ms=5_000.0) is None


def test_clients_that_were_never_served_count_and_wait_longest(make):
    """Of a thousand 360 never were: the median is where 0.64 × (1 - a/40) + 0.36 = 0.5."""
    found = wait_ms(make, connected=640, status="partial", median_ms=40.0, sigma=0.001)
    assert (found.unserved, found.connections) == (360, 1_000)
    assert found.wait_ms == pytest.approx(40 * (1 - 0.14 / 0.64), rel=0.03)
    assert wait_ms(make, connected=990, status="partial") is None
    assert str(wait_ms(make, connected=400, status="partial")) == "600 of 1,000 clients unserved"


def test_where_most_starve_their_waits_are_what_a_client_waits(make):
    """Waits are spread evenly from a fifth of the longest to the longest: the median of nine in
    ten, among others that wait less, is that of the upper 50 of 90: 1 - 0.8 × 5/9 of 9 s.
    """
    found = wait_ms(make, starved=900, starved_wait_ms=9_000.0, median_ms=1.0, sigma=0.01)
    assert (found.unserved, found.connections) == (900, 1_000)
    assert found.wait_ms == pytest.approx(9_000 * (1 - 0.8 * 5 / 9), rel=0.01)


def test_of_those_that_are_served_a_random_moment_falls_into_long_responses(make):
    """Equal response times of 40 ms: a client has been waiting for any time up to that. Where a
    tenth starves, the median is where 0.9 × (1 - a/40) + 0.1 = 0.5.
    """
    found = wait_ms(make, starved=100, starved_wait_ms=9_000.0, median_ms=40.0, sigma=0.001)
    assert found.wait_ms == pytest.approx(40 * (1 - 4 / 9), rel=0.03)


def dying(make, dead, **options):
    """The starvation of equal response times of 40 ms, but in so many repeats nobody is served."""

    def die(step):
        step.median_ms, step.sigma = 40.0, 0.001
        if step.repeat < dead:
            step.status, step.reason, step.connected = "failed", "no message was answered", 1_000

    measured = make(servers={"threaded": ""}, workloads=("saturated",), change=die, **options)
    return measured.starvation(THREADS)


@pytest.mark.parametrize(
    ("starved", "unserved"), [((0, 300, 900), 300), ((0, 5, 900), 900), ((0, 5, 9), None)]
)
def test_of_several_repeats_the_middle_one_counts_where_it_starves(make, starved, unserved):
    def change(step):
        step.starved, step.starved_wait_ms = starved[step.repeat], 9_000.0

    measured = make(servers={"threaded": ""}, workloads=("saturated",), repeats=3, change=change)
    found = measured.starvation(THREADS)
    assert (found.unserved if found else None) == unserved


def test_a_repeat_in_which_nobody_was_served_counts_with_unknown_waits(make):
    """A third waits longer than those that are served: 2/3 × (1 - a/40) + 1/3 = 0.5."""
    found = dying(make, 1, repeats=3)
    assert found.unserved == 1_000
    assert found.wait_ms == pytest.approx(40 * (1 - 1 / 4), rel=0.03)


def test_where_most_waits_are_unknown_so_is_the_median(make):
    found = dying(make, 2, repeats=3)
    assert found.unserved == 1_000
    assert math.isnan(found.wait_ms)
