"""Slices of a window, from what it has counted so far."""

import time

from c10k.experiment.window import SLICE_S, Slices
from c10k.results.histogram import Histogram


def test_slices_follow_one_another_and_hold_what_came_in_each():
    began = time.monotonic()
    counted = Histogram()
    slices = Slices(lambda: counted.counts.tobytes(), began)
    slices.poll()  # too soon
    assert not slices.recordings
    counted.record(1_000_000, 3)
    time.sleep(SLICE_S)
    slices.poll()
    counted.record(5_000_000)
    slices.end()

    first, second = slices.recordings
    assert (first.kind, second.kind) == ("slice", "slice")
    assert (first.histogram.total, second.histogram.total) == (3, 1)
    assert second.histogram.max_ns >= 5_000_000 > first.histogram.max_ns
    assert first.length_s >= SLICE_S
    assert first.start_s >= 0
    assert second.start_s == first.start_s + first.length_s
