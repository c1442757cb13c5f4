"""Figures that need more than a line of arithmetic: waits and intervals, by formulas of its own."""

from math import exp, lgamma, log, pi, sqrt
from statistics import mean, stdev, variance

import numpy as np
import pytest

from tests.reports.parsed import records
from tests.reports.recomputed.raw import MIDDLE_MS


@pytest.mark.parametrize(
    ("step", "starved", "wait_ms"),
    [
        # 0, 67 and 817 of 3,000.
        (("threaded", "saturated", 1_000), 884 / 3_000, 51.7),
        # None of 388 in each of two repeats, all in the third.
        (("threaded,limit=as:4g", "paced", 1_000), 776 / 3_000, 0.064),
        # 761 of 1,000, in one repeat.
        (("threaded", "map_100", 1_000), 761 / 1_000, 11_800),
    ],
)
def test_a_client_looked_at_at_a_random_moment_had_waited_so_long(raw, step, starved, wait_ms):
    """Half of the clients wait longer: of those that are served a random moment falls into a
    response time in proportion to its length, anywhere in it. Others wait longest where no wait was
    recorded. test_by_hand.py has these waits, and a bucket is within 0.1 %.
    """
    kinds = {"response": 0.0, "waiting": 0.0}
    for repeat in range(3):
        place = step[0], step[1], repeat, step[2]
        kinds["response"] += sum(raw.log.counts(*place, "response"))
        kinds["waiting"] += sum(raw.log.counts(*place, "waiting")[-1:])  # a state: the last
    response, waiting = kinds.values()
    at = wait_ms * 1.005, wait_ms * 0.995
    longer = [
        (1 - starved) * (response * np.maximum(MIDDLE_MS - ms, 0)).sum() / (response @ MIDDLE_MS)
        + starved * (waiting[ms < MIDDLE_MS].sum() / waiting.sum() if np.any(waiting) else 1)
        for ms in at
    ]
    assert longer[0] < 0.5 < longer[1]


def test_the_interval_of_a_slope_is_students(report):
    """Threads' memory per connection, saturated, in bytes; it is the only one of its kind. With two
    degrees of freedom Student's t is 4.30265.
    """
    logs = [log(each) for each in (23_784.476, 23_560.613, 23_678.695)]
    half = 4.30265 * stdev(logs) / sqrt(3)
    low, high = (exp(mean(logs) + end) / 1024 for end in (-half, half))
    shown = f"23.1 KB \\[{low:.1f}–{high:.1f} KB\\] (book: 8,192 KB)"
    assert shown in (report / "tables" / "t1-server-types-saturated.md").read_text()


SWITCH_MS = {  # system CPU time ÷ switches of each server and step that was saturated
    "threaded, 100": (0.01939342, 0.02006896, 0.01593307),
    "threaded, 10": (0.01396656, 0.01539823, 0.01234928),
    "threaded, 1,000": (0.0243999, 0.01867798, 0.02148308),
    "asyncio_streams, 10": (1.629661, 1.107603, 1.333867),
    "asyncio_streams, 100": (24.65038, 6.734483),
    "asyncio_streams, 1,000": (4.4749, 4.43171, 4.873201),
    "asyncio_buffered, 10": (0.3147839, 0.491692, 0.4995571),
}


def test_an_interval_is_drawn_towards_what_is_usual_in_its_group(report):
    """As results/comparison.py says it does; the higher end is in T6."""
    first, *_others = every = [[log(each) for each in values] for values in SWITCH_MS.values()]
    df = [len(values) - 1 for values in every]
    scores = [
        log(variance(values)) - digamma(d / 2) + log(d / 2)
        for values, d in zip(every, df, strict=True)
    ]
    chance = mean(trigamma(d / 2) for d in df)
    excess = max(variance(scores) * (1 + sqrt(2 / 6)) - chance, 0)
    wanted = excess + (excess + chance) / 6
    prior_df = 2 * solved(lambda x: wanted - trigamma(x), 0.01, 1e4)
    prior = exp(mean(scores[1:]) + digamma(prior_df / 2) - log(prior_df / 2))
    freedom = prior_df + 2
    moderated = (prior_df * prior + 2 * variance(first)) / freedom
    half = students_t(freedom) * sqrt(moderated / 3)
    (row,) = (
        row for row in records(report / "tables" / "t6-claims.csv") if "switch" in row["claim"]
    )
    assert f"less than {exp(mean(first) + half):.3f} ms" in row["measured"]


def digamma(x):
    return (lgamma(x + 1e-5) - lgamma(x - 1e-5)) / 2e-5


def trigamma(x):
    return sum((x + k) ** -2 for k in range(2_000)) + 1 / (x + 1_999.5)


def students_t(df):
    """Of which 95 % lie within this on either side of 0."""

    def beyond(end):
        t = np.linspace(0, end, 20_001)
        scale = exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(df * pi)
        density = scale * (1 + t**2 / df) ** (-(df + 1) / 2)
        return 2 * (density.sum() - density[[0, -1]].mean()) * (t[1] - t[0]) - 0.95

    return solved(beyond, 1, 100)


def solved(rising, low, high):
    """Where a function is 0."""
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return low
