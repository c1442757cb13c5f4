"""What arrives is what was sent, by the clock of who receives it, or is refused."""

import msgspec
import numpy as np
import pytest

from c10k.host.clock import ClockOffset
from c10k.loadgen.shard import ShardStatus
from c10k.results.histogram import COUNTS
from c10k.workers.messages import counts_received, counts_sent, status_received

AHEAD = ClockOffset(offset_ns=1_000, uncertainty_ns=10)


def test_counts_that_are_mostly_zero():
    counts = np.zeros(COUNTS, np.int64)
    counts[[0, 7, COUNTS - 1]] = 1, 2**40, 3
    sent = counts_sent(counts.tobytes())
    assert sum(map(len, sent)) == 3 * (4 + 8)
    assert counts_received(sent) == counts.tobytes()
    assert counts_received(counts_sent(bytes(8 * COUNTS))) == bytes(8 * COUNTS)


@pytest.mark.parametrize(
    "sent",
    [
        [b"\0\0\0\0", b""],
        [b"\0\0\0", b"\0" * 8],
        [COUNTS.to_bytes(4, "little"), b"\0" * 8],
        [b"\xff" * 4, b"\0" * 8],
        [b"\0" * 4],
        "counts",
        None,
    ],
)
def test_what_are_no_counts(sent):
    with pytest.raises((ValueError, msgspec.MsgspecError)):
        counts_received(sent)


def test_times_are_converted_but_for_those_that_are_none():
    status = ShardStatus(1, 2, 3, 4, 5, 6_000, 7_000)
    assert status_received(list(status), AHEAD) == status._replace(
        opening_began_ns=5_000, opening_ended_ns=6_000
    )
    opening = status._replace(opening_ended_ns=0)
    assert status_received(list(opening), AHEAD).opening_ended_ns == 0
    with pytest.raises(msgspec.ValidationError):
        status_received([1, 2, 3], AHEAD)
