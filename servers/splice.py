"""An echo server on one event loop that no byte passes through: splice(2) moves them in the kernel.

python -m servers.splice --port 9000

Bytes are spliced from a socket into a pipe, and from there into the socket: one of the two must
be a pipe. A connection has one only while it has bytes in it, so most of the time one does for all.
"""

from __future__ import annotations

import os
import socket
from functools import partial
from os import SPLICE_F_NONBLOCK

from .event_loop import EventLoop, Session, serve
from .framework.accepting import SHORTAGE_PAUSE_S
from .framework.command_line import CommandLine

Pipe = tuple[int, int]  # the end that is read from, and the one that is written to


class Pipes:
    """An empty pipe at hand, and more where that is taken."""

    def __init__(self) -> None:
        self._spare: Pipe | None = os.pipe()

    def take(self) -> Pipe:
        """An empty pipe. Raises OSError where there are no descriptors left."""
        pipe, self._spare = self._spare or os.pipe(), None
        return pipe

    def give(self, pipe: Pipe, left: int) -> None:
        """Take one back, with so many bytes left in it."""
        if left or self._spare:
            os.close(pipe[0])
            os.close(pipe[1])
        else:
            self._spare = pipe


class SplicingSession(Session):
    """A connection whose unsent bytes are in a pipe."""

    _pipe: Pipe

    def __init__(
        self,
        pipes: Pipes,
        connection: socket.socket,
        peer: str,
        loop: EventLoop,
        command_line: CommandLine,
    ) -> None:
        super().__init__(connection, peer, loop, command_line)
        self._pipes = pipes
        self._lacks_pipe = False

    def receive(self) -> int:
        """Have what has come moved into a pipe; how many bytes that is."""
        try:
            pipe = self._pipes.take()
            self._lacks_pipe = False
        except OSError as error:
            if not self._lacks_pipe:
                self.log.shortage(error)
            self._lacks_pipe = True
            self.rest(SHORTAGE_PAUSE_S)
            raise BlockingIOError from error
        received = 0
        try:
            received = os.splice(
                self.connection.fileno(), pipe[1], self.buffer, flags=SPLICE_F_NONBLOCK
            )
        finally:
            if received:
                self._pipe = pipe
            else:
                self._pipes.give(pipe, 0)
        return received

    def send(self) -> int:
        """Have what the connection takes moved out of the pipe; how many bytes that is."""
        connection = self.connection.fileno()
        sent = os.splice(self._pipe[0], connection, self.unsent, flags=SPLICE_F_NONBLOCK)
        if sent == self.unsent:
            self._pipes.give(self._pipe, 0)
        return sent

    def close(self) -> None:
        """End the connection, and the pipe with what is in it."""
        if self.unsent:
            self._pipes.give(self._pipe, self.unsent)
        super().close()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("splice", __doc__)
    command_line.parse()
    serve(command_line, partial(SplicingSession, Pipes()))


if __name__ == "__main__":
    main()
