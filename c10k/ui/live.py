"""What the pages ask for: the state of the session, and the points of its charts."""

from collections import deque
from pathlib import Path
from typing import Any, Final

import msgspec

from c10k.ui.messages import Update

KEPT: Final = 900  # points: a quarter of an hour


class Live:
    """Keeps the last updates."""

    def __init__(self) -> None:
        self.tables = ""
        self.run: Path | None = None
        self._state: dict[str, Any] = {}
        self._points: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT)
        self._number = 0

    def take(self, update: Update) -> None:
        """Take the next one."""
        self._number += 1
        self._state = update.state
        self._points.append((self._number, update.point))
        self.tables = update.tables or self.tables
        self.run = Path(update.run).absolute() if update.run else None

    def since(self, number: int) -> bytes:
        """As JSON: the state, and the points after this number, with the number of the last."""
        points = [point for each, point in self._points if each > number]
        return msgspec.json.encode({"number": self._number, "state": self._state, "points": points})
