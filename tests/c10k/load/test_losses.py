"""What counts as lost, of how many, and where the limit lies."""

import pytest

from c10k.load.losses import Losses, losses

CLOSED = {"connections": 100, "connected": 90, "received": 900, "due": None}


def test_a_closed_loop_expects_what_came_and_what_was_lost():
    assert losses({**CLOSED, "lost": 100}, failed=12) == Losses(12, 100, 100, 1000)


def test_an_open_loop_expects_all_that_was_due():
    assert losses({**CLOSED, "due": 5000, "lost": 7}, failed=0) == Losses(10, 100, 7, 5000)


@pytest.mark.parametrize(
    ("lost", "allowed", "beyond"),
    [
        (Losses(1, 100, 10, 1000), 0.01, ""),
        (Losses(2, 100, 10, 1000), 0.01, "2 of 100 connections"),
        (Losses(1, 100, 1001, 100_000), 0.01, "1,001 of 100,000 messages"),
        (Losses(2, 100, 11, 1000), 0.01, "2 of 100 connections and 11 of 1,000 messages"),
        (Losses(1, 100, 0, 1000), 0, "1 of 100 connections"),
        (Losses(0, 100, 0, 0), 0, ""),
        (Losses(100, 100, 9, 9), 1, ""),
    ],
)
def test_more_than_the_allowed_share_is_told(lost, allowed, beyond):
    assert lost.beyond(allowed) == beyond
