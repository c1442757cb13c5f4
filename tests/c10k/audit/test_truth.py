"""Figures derived by hand from records of a few messages."""

import pytest

from c10k.audit.behaviours import behaviours
from c10k.audit.truth import truth

FIXED, STALL = behaviours()["fixed-delay"], behaviours()["stall"]


def every(period_s, until_s, wait_s, action="reply"):
    return [(number * period_s, wait_s, action) for number in range(round(until_s / period_s) + 1)]


def test_the_rate_and_the_percentiles_are_those_of_the_messages(record):
    slow = [(0.1 * number, 0.25 if number % 20 == 0 else 0.05, "reply") for number in range(1, 101)]
    found = truth(record(slow), FIXED, None)
    assert found["rate"] == pytest.approx(100 / 9.9)
    assert (found["p50"], found["p90"]) == (pytest.approx(50), pytest.approx(50))
    assert (found["p99"], found["max"]) == (pytest.approx(250), pytest.approx(250))
    assert found["errors"] == 0


def test_what_was_answered_wrongly_is_an_error_and_no_message(record):
    some = [*every(0.1, 1, 0.01), (1.1, 0.01, "wrong"), (1.2, 0.01, "reset"), (1.3, None, "reply")]
    found = truth(record(some), FIXED, None)
    assert found["errors"] == 2
    assert found["rate"] == pytest.approx(11 / 1.3)


def test_a_window_is_the_last_of_what_was_sent(record):
    later = [(5 + at, wait, action) for at, wait, action in every(0.1, 1, 0.01)]
    found = truth(record([*every(0.1, 4.9, 0.5), *later]), FIXED, 1.0)
    assert found["max"] == pytest.approx(10)


def test_times_that_a_loader_does_not_record_are_in_no_percentile_and_in_its_rate(record):
    """By hand: of 15 s it records the last 5, of which the server is silent for the fourth."""
    stall = behaviours(10.0)["stall"]
    assert stall.silent == (13.0, 14.0)
    calibrating, then = every(0.01, 9.99, 3.0), [(10 + t, w, a) for t, w, a in every(0.01, 5, 0.01)]
    heard = [(at, *rest) for at, *rest in then if not 12.985 <= at < 14]
    found = truth(record([*calibrating, *heard]), stall, None, 10.0)
    assert (found["p50"], found["max"]) == (pytest.approx(10), pytest.approx(1000))
    assert found["p90"] == pytest.approx(500, rel=0.02)
    assert found["rate"] == pytest.approx(1400 / 15, rel=0.01)
    assert found["messages"] == len(heard)


@pytest.mark.parametrize("sent_meanwhile", [0, 1, 50])
def test_while_the_server_is_silent_clients_wait_evenly_whatever_was_sent(record, sent_meanwhile):
    """By hand: it is silent for 1 s of 10, so that of 10 % of the clients the best wait 0 s and the
    worst 1 s: the p99 is 0.9 s, the p95 0.5 s."""
    before, after = every(0.01, 2.98, 0.01), [(4 + t, w, a) for t, w, a in every(0.01, 6, 0.01)]
    silent = [(3 + at / 100, 1 - at / 100, "reply") for at in range(sent_meanwhile)]
    found = truth(record([*before, *silent, *after]), STALL, None)
    assert found["p50"] == pytest.approx(10)
    assert found["p99"] == pytest.approx(900, rel=0.01)
    assert found["max"] == pytest.approx(1000)
    assert found["kept_sending"] == pytest.approx(sent_meanwhile / 100, rel=0.02)


def test_the_first_reply_takes_as_long_as_the_first_message_of_any_connection_waited(record):
    waits_s = [(0.0, 0.01), (0.0, 4.95), (5.0, 6.0), (9.0, 0.01)]
    messages = [(arrived, waited, "reply") for arrived, waited in waits_s]
    found = truth(record(messages, senders=[0, 1, 1, 0]), FIXED, 1.0)
    assert found["first_reply"] == pytest.approx(4950)


def test_a_loader_that_sends_nothing_after_the_silence_began_is_judged_by_all_of_it(record):
    """By hand: of 4 s the server is silent for the last, so the worst of a quarter waits 1 s."""
    found = truth(record(every(0.01, 2.98, 0.01)), STALL, None)
    assert found["max"] == pytest.approx(1000)
    assert found["p90"] == pytest.approx(600, rel=0.01)
