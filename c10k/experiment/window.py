"""Response times of a fifth of a second each: a window in slices, which show where it stalled."""

import time
from collections.abc import Callable
from typing import Final

from c10k.results.aggregate import Recording
from c10k.results.histogram import Histogram

SLICE_S: Final = 0.2


class Slices:
    """Cuts a window that begins now by what it has counted so far, which `counts` returns.

    `began` is the run's start on CLOCK_MONOTONIC, in seconds; `recordings` are of the kind slice.
    """

    def __init__(self, counts: Callable[[], bytes], began: float) -> None:
        self.recordings: list[Recording] = []
        self._counts = counts
        self._began = began
        self._from_s = time.monotonic()
        self._until_then = Histogram()

    def poll(self) -> None:
        """End a slice if it has lasted long enough."""
        if time.monotonic() - self._from_s >= SLICE_S:
            self.end()

    def end(self) -> None:
        """End a slice."""
        so_far, now_s = Histogram.from_buffer(self._counts()), time.monotonic()
        part = Histogram(so_far.counts - self._until_then.counts)
        start_s = self._from_s - self._began
        self.recordings.append(Recording("slice", start_s, now_s - self._from_s, part))
        self._until_then, self._from_s = so_far, now_s
