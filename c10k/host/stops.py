"""Whether this process was stopped meanwhile, as by Ctrl-Z, and continued."""

import signal
from types import FrameType
from typing import Self


class Stops:
    """Counts how often the process was continued while the context lasts, in its main thread.

    The kernel says so by SIGCONT. A pause of the whole machine shows as steal time instead.
    """

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGCONT, self._continued)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGCONT, self._before)

    def _continued(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
