"""What counts as lost, of how many, and where the limit lies."""

import pytest

from c10k.load.losses import Losses, losses

FIGURES = {"connections": 100, "connected": 90, "due": 5000, "lost": 7}


@pytest.mark.parametrize(("failed", "lost"), [(0, 10), (10, 10), (12, 12)])
def test_connections_are_lost_that_were_never_served_or_failed_since(failed, lost):
    assert losses(FIGURES, failed) == Losses(lost, 100, 7, 5000)


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
