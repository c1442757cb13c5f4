"""The work that a server does per read before it replies: the chapter's "processing"."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .quantities import seconds


@dataclass(frozen=True)
class Handler:
    """Sleeps or burns CPU, for some seconds per read; one of the two is 0."""

    sleep_s: float
    cpu_s: float

    def handle(self, sleep: Callable[[float], object] = time.sleep) -> None:
        """Do it in this thread, with the server's own way to sleep."""
        if self.cpu_s:
            burn(self.cpu_s)
        else:
            sleep(self.sleep_s)

    async def handle_async(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Do it in a coroutine. Burning CPU blocks the event loop, as computing does."""
        if self.cpu_s:
            burn(self.cpu_s)
        else:
            await sleep(self.sleep_s)


def parse_handler(text: str) -> Handler | None:
    """Read none, sleep:5ms or cpu:5ms. Raises ValueError."""
    if text == "none":
        return None
    kind, _, duration = text.partition(":")
    if kind not in ("sleep", "cpu"):
        raise ValueError(f"a handler is none, sleep:5ms or cpu:5ms, not {text[:40]!r}")
    work_s = parse_duration(duration)
    return Handler(sleep_s=work_s, cpu_s=0) if kind == "sleep" else Handler(0, cpu_s=work_s)


def parse_duration(text: str) -> float:
    """Read 5ms, 250us or 1.5s, above 0 and at most an hour. Raises ValueError.

    A unit is required: sleep:5 rarely means seconds.
    """
    duration = seconds(text)
    if not 0 < duration <= 3600 or not text[-1].isalpha():
        raise ValueError(f"a time is written 5ms, 250us or 1.5s, up to an hour; got {text!r}")
    return duration


def burn(seconds: float) -> None:
    """Use CPU time of this thread; the time of other threads does not count."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
