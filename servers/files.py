"""Thread per connection: a server of one large file by read and send, which copies each byte twice.

Each connection has a thread, which reads a line and replies with as many bytes of the file as the
line says. It reads a buffer of the file and sends it, until all is sent: read() copies each byte
from the kernel to the process, and send() copies it back. Waiting for a slow client and for the
disk costs only that client's thread. The copies cost CPU and memory bandwidth in proportion to the
bytes. Choose this model where the server must see or change what it sends, as for compression or
encryption.

python -m servers.files --port 9000 --size 64m

The reply to the line 1000 is the file's first 1,000 bytes.
"""

from __future__ import annotations

import os
import socket
from functools import partial

from .framework import download
from .framework.command_line import CommandLine


def send(connection: socket.socket, file: int, size: int, *, buffer: int) -> None:
    """Send the first bytes of the file, `buffer` bytes per read."""
    offset = 0
    while offset < size:
        data = os.pread(file, min(buffer, size - offset), offset)
        connection.sendall(data)
        offset += len(data)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("files", __doc__)
    download.serve(command_line, partial(send, buffer=command_line.options.buffer))


if __name__ == "__main__":
    main()
