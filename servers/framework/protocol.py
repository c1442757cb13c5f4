"""What asyncio's two kinds of protocol share: replying, with a handler and with back-pressure."""

from __future__ import annotations

import asyncio
from typing import cast

from .command_line import CommandLine
from .log import name_of


class EchoProtocol(asyncio.BaseProtocol):
    """One connection: `answer` sends bytes back to the client, after the handler's work.

    It reads nothing while the handler sleeps, nor while the client leaves more bytes unread than
    the transport's high-water mark.
    """

    transport: asyncio.Transport
    peer: str

    def __init__(self, command_line: CommandLine) -> None:
        self.log = command_line.log
        self.writable = True  # less than the high-water mark is unsent
        self._handler = command_line.handler

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol."""
        self.transport = cast("asyncio.Transport", transport)
        self.peer = name_of(transport.get_extra_info("peername"))
        self.log.connected(self.peer)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        if exc:
            self.log.broken(self.peer, exc)
        else:
            self.log.ended(self.peer)

    def answer(self, data: bytes | memoryview) -> None:
        """Let the handler work, then send it back."""
        if self._handler is None:
            self.send(data)
        elif self._handler.sleep_s:
            self.transport.pause_reading()
            loop = asyncio.get_running_loop()
            loop.call_later(self._handler.sleep_s, self._go_on, data)
        else:
            self._handler.handle()
            self.send(data)

    def send(self, data: bytes | memoryview) -> None:
        """Send it back."""
        self.transport.write(data)
        if self.log.verbose:
            self.log.echoed(self.peer, data)

    def _go_on(self, data: bytes | memoryview) -> None:
        if self.transport.is_closing():
            return
        self.send(data)
        if self.writable:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        self.writable = False
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        self.writable = True
        self.transport.resume_reading()
