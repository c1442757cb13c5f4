"""A thread that holds the GIL for a time and lets go of it for another, as a busy program does."""

from __future__ import annotations

import ctypes
import threading
import time
from dataclasses import dataclass

from .handler import parse_duration


@dataclass(frozen=True)
class GilHog:
    """Times in seconds.

    It sleeps while it holds the GIL: what the server does not get is the GIL alone, and the
    server's CPU time stays its own. ctypes lets go of the GIL around the calls of a CDLL, and not
    around those of a PyDLL.
    """

    hold_s: float
    release_s: float

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
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
