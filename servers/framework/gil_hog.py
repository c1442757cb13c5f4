"""A thread that holds and releases the GIL by turns, as a program that computes does."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import NoReturn

from .handler import parse_duration


def start_hog(hold_s: float, release_s: float) -> None:
    """Start the thread, which ends with the process.

    It sleeps while it holds the GIL: it takes the GIL from the server, but no CPU time. ctypes
    releases the GIL around the calls of a CDLL, and not around those of a PyDLL.
    """
    hold = ctypes.PyDLL(None).usleep
    microseconds = ctypes.c_uint(round(hold_s * 1e6))

    def run() -> NoReturn:
        while True:
            hold(microseconds)
            time.sleep(release_s)

    threading.Thread(target=run, name="gil-hog", daemon=True).start()


def parse_hog(text: str) -> tuple[float, float]:
    """Read HOLD:RELEASE, 10ms:5ms, as seconds of either. Raises ValueError."""
    hold, _, release = text.partition(":")
    try:
        return parse_duration(hold), parse_duration(release)
    except ValueError as error:
        raise ValueError(f"a GIL hog is HOLD:RELEASE, such as 10ms:5ms: {error}") from None
