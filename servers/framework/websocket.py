"""What the servers of WebSocket share: the longest message, and the log of their library."""

from __future__ import annotations

import logging

from .log import Log

LARGEST_MESSAGE = 16 * 1024 * 1024  # as large as the loader sends


class LibraryLog(logging.Handler):
    """Writes what a library logs, from warnings on, as lines of a server's log."""

    def __init__(self, name: str, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        logger = logging.getLogger(name)
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        error = record.exc_info[1] if record.exc_info else None
        self._log(record.getMessage() + (f": {error!r}" if error else ""))
