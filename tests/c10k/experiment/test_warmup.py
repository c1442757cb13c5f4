"""Loads as functions of time, shown to the warm-up as a measuring cycle shows them."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.experiment.warmup import WarmUp

POLL_S = 0.1
MIB = 1024 * 1024


def warmed_up(
    completed, rss_bytes=lambda t_s: 20.0 * MIB, least_s=0.5, limit_s=5.0, sample_s=0.2, memory=True
):
    """The warm-up when it is over; `completed` and `rss_bytes` are of the load's time."""
    warmup = WarmUp(least_s, limit_s, memory=memory)
    began_s = 1_000.0
    warmup.saw_messages(began_s, completed(0))
    poll = 0
    while not warmup.over:
        poll += 1
        at_s = poll * POLL_S
        warmup.saw_messages(began_s + at_s, completed(at_s))
        sampled_s = math.floor(at_s / sample_s + 1e-9) * sample_s
        if sampled_s:
            warmup.saw_memory(began_s + sampled_s, rss_bytes(sampled_s))
        assert poll <= (limit_s + 2 * POLL_S) / POLL_S
    return warmup


def steady(rate):
    return lambda t_s: int(rate * t_s)


@given(st.floats(50, 1e7), st.floats(1 * MIB, 1e12))
def test_a_steady_load_is_known_by_two_samples_of_memory(rate, rss_bytes):
    warmup = warmed_up(steady(rate), lambda t_s: rss_bytes)
    assert warmup.unsteady == ""
    assert 0.5 <= warmup.waited_s <= 0.8


def test_a_beginning_at_half_speed_for_a_second_is_left_out():
    warmup = warmed_up(lambda t_s: int(1000 * (max(0, t_s - 1) + 0.5 * min(t_s, 1))), least_s=1.2)
    assert warmup.unsteady == ""
    assert warmup.waited_s > 1.8


def test_a_load_that_keeps_growing_is_waited_for_up_to_the_limit():
    warmup = warmed_up(lambda t_s: int(1000 * math.exp(2 * t_s)))
    assert warmup.unsteady == "throughput"
    assert warmup.waited_s == pytest.approx(5.0, abs=POLL_S)


def test_a_server_that_answers_nothing_is_not_steady():
    assert warmed_up(lambda t_s: 0).unsteady == "throughput"
    assert warmed_up(lambda t_s: 7).unsteady == "throughput"
    both = warmed_up(lambda t_s: 0, lambda t_s: 9 * MIB * (1 + t_s))
    assert both.unsteady == "throughput and memory"


def test_few_messages_are_not_asked_to_be_regular():
    random.seed(7)
    arrivals = sorted(random.uniform(0, 10) for _ in range(100))
    warmup = warmed_up(lambda t_s: sum(at_s <= t_s for at_s in arrivals))
    assert warmup.unsteady == ""
    assert warmup.waited_s < 1.5


@given(st.floats(0.05, 0.3))
def test_a_server_that_answers_in_bursts_is_steady_after_many(period_s):
    warmup = warmed_up(lambda t_s: 10_000 * math.floor(t_s / period_s), limit_s=30.0)
    assert warmup.unsteady == ""


@settings(max_examples=25)
@given(st.floats(0.5, 15))
def test_memory_that_grows_is_waited_for_until_it_does_not(ends_s):
    def rss_bytes(t_s):
        return 20 * MIB + 10 * MIB * min(t_s, ends_s)

    warmup = warmed_up(steady(1000), rss_bytes, limit_s=60.0)
    assert warmup.unsteady == ""
    # Its samples are of the last two thirds, in which hardly anything may grow.
    assert warmup.waited_s > ends_s - 0.2


@given(st.floats(5, 1000))
def test_memory_that_never_stops_growing_is_named(mib_per_second):
    warmup = warmed_up(steady(1000), lambda t_s: 20 * MIB + mib_per_second * MIB * t_s)
    assert warmup.unsteady == "memory"
    assert warmup.waited_s == pytest.approx(5.0, abs=POLL_S)


def test_pages_of_an_allocator_are_no_growth():
    warmup = warmed_up(steady(1000), lambda t_s: 10 * MIB + 100_000 * (t_s > 0.3))
    assert warmup.unsteady == ""


def test_memory_without_samples_is_not_steady_unless_nobody_samples_it():
    warmup = warmed_up(steady(1000), sample_s=10.0)
    assert warmup.unsteady == "memory"
    warmup = warmed_up(steady(1000), sample_s=10.0, memory=False)
    assert warmup.unsteady == ""
    assert warmup.waited_s < 1


def test_a_sample_that_is_seen_again_counts_once():
    warmup = WarmUp(0.1, 1.0)
    warmup.saw_messages(0.0, 0)
    for poll in range(1, 5):
        warmup.saw_messages(poll / 10, 100 * poll)
        warmup.saw_memory(0.3, 5.0 * MIB)
    assert warmup.unsteady == "memory"
    warmup.saw_memory(0.4, 5.0 * MIB)
    assert warmup.unsteady == ""


@pytest.mark.parametrize("least_s", [0.2, 0.5, 2.0])
def test_it_takes_the_least_time_and_ends_at_the_limit(least_s):
    assert warmed_up(steady(1000), least_s=least_s).waited_s >= least_s - 1e-6
    assert warmed_up(lambda t_s: 0, least_s=least_s, limit_s=least_s).waited_s == pytest.approx(
        least_s, abs=POLL_S
    )
