"""How a command ends: its exit status, and one line that says why."""

import sys
from contextlib import suppress
from enum import IntEnum


class Status(IntEnum):
    """Exit statuses, the same for every command."""

    DONE = 0
    FAILED = 1  # measured, and failed: a regression, a missed objective
    WRONG = 2  # the request is wrong
    UNABLE = 3  # this machine cannot do it
    INTERRUPTED = 130  # Ctrl-C; what was measured is kept


class CommandError(Exception):
    """Ends a command with one line that names the reason and the remedy.

    Unprintable characters become escapes: the message may hold anything that a person typed or a
    server sent.
    """

    def __init__(self, message: str, status: Status = Status.WRONG) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))
        self.status = status


def say(line: str) -> None:
    """Print a line on standard error, if it can be written."""
    with suppress(OSError):
        print(f"c10k: {line}", file=sys.stderr)
