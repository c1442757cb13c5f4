"""How much of a load may be lost."""

import pytest

from c10k.load.figures import lost_beyond


@pytest.mark.parametrize(
    ("connections", "messages", "allowed", "beyond"),
    [
        ((1, 100), (10, 1000), 0.01, ""),
        ((2, 100), (10, 1000), 0.01, "2 of 100 connections"),
        ((1, 100), (1001, 100_000), 0.01, "1,001 of 100,000 messages"),
        ((2, 100), (11, 1000), 0.01, "2 of 100 connections and 11 of 1,000 messages"),
        ((1, 100), (0, 1000), 0, "1 of 100 connections"),
        ((0, 100), (0, 0), 0, ""),
        ((100, 100), (9, 9), 1, ""),
    ],
)
def test_more_than_the_allowed_share(connections, messages, allowed, beyond):
    names = ("lost_connections", "connections", "lost", "due")
    figures = dict(zip(names, (*connections, *messages), strict=True))
    assert lost_beyond(figures, allowed) == beyond
