"""Thread per connection: a server of one large file, whichever way it sends the bytes.

The reply to the line N, in decimal digits, is N bytes, of which byte i is i mod 251.
"""

from __future__ import annotations

import _thread
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import IO

from .accepting import accepted_alone, turn_away
from .command_line import CommandLine
from .log import Log
from .signals import end_at_once_on_signals

PERIOD = 251
LONGEST_LINE = 20


def serve(command_line: CommandLine, send: Callable[[socket.socket, int, int], object]) -> None:
    """Serve until SIGTERM or SIGINT.

    `send` gets a connection, the file's descriptor, and how many bytes of it to send.
    """
    size: int = command_line.options.size
    log = command_line.log
    end_at_once_on_signals()
    listener = command_line.listen()
    try:
        file = temporary_file(size)
    except OSError as error:
        sys.exit(f"{command_line.name}: cannot write a file of {size} bytes: {error}")
    with file:
        command_line.announce(listener)
        for connection, peer in accepted_alone(listener, log):
            conversation = (connection, peer, size, partial(send, connection, file.fileno()), log)
            try:
                _thread.start_new_thread(converse, conversation)
            except (RuntimeError, MemoryError) as error:
                turn_away(connection, log, error)


def temporary_file(size: int) -> IO[bytes]:
    """Write a file without a name, which the kernel deletes with this process. Raises OSError.

    It is in $TMPDIR or /var/tmp, since /tmp is memory on many systems.
    """
    file = tempfile.TemporaryFile(dir=os.environ.get("TMPDIR", "/var/tmp"))  # noqa: SIM115 - kept open
    period = bytes(range(PERIOD)) * 4096
    for begin in range(0, size, len(period)):
        file.write(period[: size - begin])
    file.flush()
    return file


def converse(
    connection: socket.socket, peer: str, size: int, send: Callable[[int], object], log: Log
) -> None:
    """Send what is asked for, at most `size` bytes, until the peer has sent its last byte."""
    with connection:
        try:
            log.connected(peer)
            with connection.makefile("rb") as lines:
                while line := lines.readline(LONGEST_LINE):
                    send(_wanted(line, size))
        except (OSError, MemoryError, ValueError) as error:
            log.broken(peer, error)
        else:
            log.ended(peer)


def _wanted(line: bytes, size: int) -> int:
    digits = line[:-1]
    if not line.endswith(b"\n") or not digits.isdigit():
        raise ValueError(f"not a line of digits: {line!r}")
    if int(digits) > size:
        raise ValueError(f"{int(digits)} bytes were asked for, the file has {size}")
    return int(digits)
