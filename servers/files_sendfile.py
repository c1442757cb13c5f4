"""Thread per connection: a server of one large file with zero copy, which sendfile(2) sends.

Each connection has a thread, which reads a line and replies with as many bytes of the file as the
line says. sendfile(2) sends them from the kernel's cache of the file to the socket: no byte is
copied to the process and back. Waiting for a slow client and for the disk costs only that client's
thread. A reply costs a system call for as much as the socket takes, not one per buffer. Choose this
model for files that are sent as they are.

python -m servers.files_sendfile --port 9000 --size 64m

The reply to the line 1000 is the file's first 1,000 bytes.
"""

from __future__ import annotations

import os
import socket

from .framework import download
from .framework.command_line import CommandLine


def send(connection: socket.socket, file: int, size: int) -> None:
    """Have the kernel send the first bytes of the file."""
    offset = 0
    while offset < size:
        offset += os.sendfile(connection.fileno(), file, offset, size - offset)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("files_sendfile", __doc__)
    download.serve(command_line, send)


if __name__ == "__main__":
    main()
