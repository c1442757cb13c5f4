"""A server of one large file that reads it and sends what it has read: every byte is copied twice.

python -m servers.files --port 9000 --size 64m

A thread for every connection. The line 1000 is answered by the file's first 1,000 bytes.
"""

from __future__ import annotations

import os
import socket
from functools import partial

from .framework import download
from .framework.command_line import CommandLine


def send(connection: socket.socket, file: int, size: int, *, buffer: int) -> None:
    """Send the first bytes of the file, so many a read."""
    offset = 0
    while offset < size:
        data = os.pread(file, min(buffer, size - offset), offset)
        connection.sendall(data)
        offset += len(data)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("files", __doc__)
    options = command_line.parse()
    download.serve(command_line, partial(send, buffer=options.buffer))


if __name__ == "__main__":
    main()
