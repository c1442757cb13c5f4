"""From the snapshots of a load to its figures."""

from math import nan

import pytest

from c10k.experiment.warmup import WarmUp
from c10k.load.figures import figures, lost_beyond, recorded
from c10k.load.measure import Measurement
from c10k.loadgen.fleet import Opened
from c10k.loadgen.workload import Workload
from tests.c10k.experiment.test_step_record import snapshot

SATURATED = Workload("load")


def test_a_message_without_a_reply_counts_once_with_its_whole_wait():
    window = snapshot(3, waiting_ns=[1_000_000_000], sent=4, pending=1)
    drained = snapshot(0, waiting_ns=[3_000_000_000], pending=1)
    warmup = WarmUp(0, 0)
    warmup.saw_messages(0, 0)
    measurement = Measurement(
        Opened(2, 0, 0.1),
        snapshot(),
        warmup,
        snapshot(),
        window,
        drained,
        [],
        0,
        interrupted=False,
        stops=0,
    )
    totals = {kind: times.total for kind, _, times in recorded(SATURATED, measurement)}
    assert totals["response"] + totals["waiting"] == 4
    found = figures("here", "native", SATURATED, measurement, nan)
    assert (found["due"], found["received"], found["lost"]) == (4, 3, 1)
    assert found["response_ms"]["max"] == pytest.approx(3000, rel=1e-3)
    assert found["service_ms"]["max"] == pytest.approx(1, rel=1e-3)


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
