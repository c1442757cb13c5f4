"""A thread that holds and releases the GIL by turns, as a program that computes does."""

from __future__ import annotations

import ctypes
import threading
import time
from dataclasses import dataclass

from .handler import parse_duration


@dataclass(frozen=True)
class GilHog:
    """Times in seconds.

    The thread sleeps while it holds the GIL: it takes the GIL from the server, but no CPU time.
    ctypes releases the GIL around the calls of a CDLL, and not around those of a PyDLL.
    """

    hold_s: float
    release_s: float

    def start(self) -> None:
        """Start the thread, which ends with the process."""
        threading.Thread(target=self._run, name="gil-hog", daemon=True).start()

    def _run(self) -> None:
        hold = ctypes.PyDLL(None).usleep
        microseconds = ctypes.c_uint(round(self.hold_s * 1e6))
        while True:
            hold(microseconds)
            time.sleep(self.release_s)


def parse_hog(text: str) -> GilHog:
    """Read HOLD:RELEASE, 10ms:5ms. Raises ValueError."""
    hold, _, release = text.partition(":")
    try:
        return GilHog(parse_duration(hold), parse_duration(release))
    except ValueError as error:
        raise ValueError(f"a GIL hog is HOLD:RELEASE, such as 10ms:5ms: {error}") from None
