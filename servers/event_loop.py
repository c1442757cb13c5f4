"""Event loop: an echo server that does itself what asyncio, Node.js and Boost.Asio do inside.

One thread serves all connections. It asks the kernel which sockets are ready (epoll on Linux),
calls the callback of each, and asks again. A callback reads or writes as much as is possible
without waiting, and returns. What it must know the next time is in a session object, not on a
stack. So a connection costs a socket and a small object, and a message costs no context switch
while others are ready too. But callbacks run one after the other: one that blocks or computes
delays all clients, and the loop uses one CPU. Choose this model for many connections that mostly
wait, with little work per message.

python -m servers.event_loop --port 9000

EventLoop waits and calls, a Session is one connection, and the Acceptor makes sessions.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

from .framework.accepting import SHORTAGE_PAUSE_S
from .framework.command_line import CommandLine
from .framework.log import name_of
from .framework.signals import end_at_once_on_signals, signalled

ACCEPTS_PER_TURN = 100  # before the other ready connections are served


class EventLoop:
    """Waits until a socket is ready or a timer is due, and calls its callback.

    All callbacks run in one thread, one after the other: none may block.
    """

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()  # a key's data is its callback
        self._timers: list[tuple[float, int, Callable[[], None]]] = []  # a heap
        self._numbers = itertools.count()  # the order of timers with the same time

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call it once, after a delay."""
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._numbers), call))

    def run(self) -> None:
        """Run for ever."""
        while True:
            wait_s = self._timers[0][0] - time.monotonic() if self._timers else None
            for key, _ in self.selector.select(wait_s):
                key.data()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()


class Session:
    """One connection: it reads, lets the handler work, writes all, and only then reads again.

    So a client that does not read its replies costs `buffer` bytes at most.
    """

    def __init__(
        self, connection: socket.socket, peer: str, loop: EventLoop, command_line: CommandLine
    ) -> None:
        self.connection = connection
        self.peer = peer
        self.log = command_line.log
        self.buffer: int = command_line.options.buffer
        self.unsent = 0  # bytes
        self._data: bytes | memoryview = b""
        self._handler = command_line.handler
        self._loop = loop
        self._events = 0  # what the selector waits for
        connection.setblocking(False)
        self._wait_for(EVENT_READ)
        self.log.connected(peer)

    def proceed(self) -> None:
        """Continue: the connection is ready, or the pause is over."""
        try:
            if not self._events:
                self._wait_for(EVENT_READ)
            if self.unsent:
                self._write()
            else:
                self._read()
        except BlockingIOError:
            pass  # it was not ready after all
        except (OSError, MemoryError) as error:
            self.log.broken(self.peer, error)
            self.close()

    def pause(self, duration_s: float) -> None:
        """Continue after some time, whatever the connection does meanwhile."""
        self._wait_for(0)
        self._loop.call_later(duration_s, self.proceed)

    def close(self) -> None:
        """End the connection."""
        self._wait_for(0)
        self.connection.close()

    def receive(self) -> int:
        """Read; return how many bytes came, 0 at the end of the file."""
        self._data = self.connection.recv(self.buffer)
        return len(self._data)

    def send(self) -> int:
        """Send as much as the connection takes; return how many bytes."""
        sent = self.connection.send(self._data)
        self._data = memoryview(self._data)[sent:] if sent < self.unsent else b""
        return sent

    def _read(self) -> None:
        self.unsent = self.receive()
        if not self.unsent:
            self.log.ended(self.peer)
            self.close()
            return
        if self.log.verbose:
            self.log.echoed(self.peer, self._data or self.unsent)
        if self._handler and self._handler.sleep_s:
            self.pause(self._handler.sleep_s)
            return
        if self._handler:
            self._handler.handle()
        self._write()

    def _write(self) -> None:
        try:
            self.unsent -= self.send()
            event = EVENT_WRITE if self.unsent else EVENT_READ
        except BlockingIOError:
            event = EVENT_WRITE  # the client must read first
        if event != self._events:
            self._wait_for(event)

    def _wait_for(self, events: int) -> None:
        selector = self._loop.selector
        if self._events and events:
            selector.modify(self.connection, events, self.proceed)
        elif events:
            selector.register(self.connection, events, self.proceed)
        elif self._events:
            selector.unregister(self.connection)
        self._events = events


if TYPE_CHECKING:  # Python 3.8 cannot evaluate it
    MakeSession = Callable[[socket.socket, str, EventLoop, CommandLine], object]


class Acceptor:
    """Accepts the connections that wait in the queue, and makes a session of each."""

    def __init__(
        self,
        listener: socket.socket,
        loop: EventLoop,
        command_line: CommandLine,
        session: MakeSession = Session,
    ) -> None:
        self._listener = listener
        self._loop = loop
        self._command_line = command_line
        self._session = session
        listener.setblocking(False)
        self._resume()

    def _resume(self) -> None:
        self._loop.selector.register(self._listener, EVENT_READ, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                connection, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # the client left before its turn
            except (OSError, MemoryError) as error:
                self._command_line.log.shortage(error)
                self._loop.selector.unregister(self._listener)
                self._loop.call_later(SHORTAGE_PAUSE_S, self._resume)
                return
            try:
                self._session(connection, name_of(address), self._loop, self._command_line)
            except (OSError, MemoryError) as error:
                self._command_line.log.shortage(error)
                connection.close()


def serve(command_line: CommandLine, session: MakeSession = Session) -> None:
    """Serve in this thread until SIGTERM or SIGINT."""
    end_at_once_on_signals()
    listener = command_line.listen()
    loop = EventLoop()
    loop.selector.register(signalled(), EVENT_READ, lambda: None)  # Python then calls the handler
    Acceptor(listener, loop, command_line, session)
    command_line.announce(listener)
    loop.run()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("event_loop", __doc__)
    serve(command_line)


if __name__ == "__main__":
    main()
