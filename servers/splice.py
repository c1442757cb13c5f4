"""Event loop: an echo server with zero copy, whose bytes splice(2) moves within the kernel.

One thread serves all connections, as event_loop.py does, but never holds the bytes: splice(2) moves
them between a socket and a pipe without a copy to the process and back. One end of splice(2) must
be a pipe, so that bytes go from the socket into a pipe and from there into the socket. A connection
holds a pipe only while bytes are in it, so that one pipe mostly serves all. That costs bookkeeping
per message, and descriptors while clients read slowly. The server cannot see the bytes, so it can
only pass them on. Choose this model for proxies and relays that move large amounts.

python -m servers.splice --port 9000

It runs on Linux only, from Python 3.10 on.
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
    """One spare pipe; it makes another while that one is in use."""

    def __init__(self) -> None:
        self._spare: Pipe | None = os.pipe()

    def take(self) -> Pipe:
        """Return an empty pipe. Raises OSError if no descriptor is left."""
        pipe, self._spare = self._spare or os.pipe(), None
        return pipe

    def give(self, pipe: Pipe, left: int) -> None:
        """Take back a pipe in which so many bytes are left."""
        if left or self._spare:
            os.close(pipe[0])
            os.close(pipe[1])
        else:
            self._spare = pipe


class SplicingSession(Session):
    """A connection whose unsent bytes are in a pipe.

    When bytes have come, event_loop.py's Session calls receive(), and then send() whenever the
    client can take more, until no byte is unsent. After BlockingIOError it waits and tries again.
    """

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
        """Move what came into a pipe; return how many bytes."""
        pipe = self._take_pipe()
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

    def _take_pipe(self) -> Pipe:
        """Return an empty pipe. If no descriptor is left for one, log it once, and pause."""
        try:
            pipe = self._pipes.take()
        except OSError as error:
            if not self._lacks_pipe:
                self.log.shortage(error)
            self._lacks_pipe = True
            self.pause(SHORTAGE_PAUSE_S)
            raise BlockingIOError from error
        self._lacks_pipe = False
        return pipe

    def send(self) -> int:
        """Move as much from the pipe as the connection takes; return how many bytes."""
        connection = self.connection.fileno()
        sent = os.splice(self._pipe[0], connection, self.unsent, flags=SPLICE_F_NONBLOCK)
        if sent == self.unsent:
            self._pipes.give(self._pipe, 0)
        return sent

    def close(self) -> None:
        """End the connection, and drop the bytes that are in its pipe."""
        if self.unsent:
            self._pipes.give(self._pipe, self.unsent)
        super().close()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("splice", __doc__)
    serve(command_line, partial(SplicingSession, Pipes()))


if __name__ == "__main__":
    main()
