"""Event loop: a WebSocket echo server on asyncio and the package picows, which is compiled.

One thread runs asyncio's event loop, as in `asyncio_protocol`; what it has read goes to picows,
which reads the handshake and the frames in compiled code (Cython), and calls a method of the
connection's listener for each frame. There is neither a task nor a queue, and the bytes are copied
out of the buffer only where the method asks for them. A connection costs a transport, a buffer of
16 KiB to read into, and the listener. A message costs one call into Python and one back. A callback
that blocks or computes delays all clients, and a client that reads too slowly is the listener's to
hold back. Choose this model where the parsing of frames in Python costs too much.

picows' own transports (aiofastnet) are off: the loop that `loop=` names reads and writes.

python -m servers.picows --port 9000
"""

from __future__ import annotations

import asyncio
import socket

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from .framework import asynchronous
from .framework.command_line import CommandLine
from .framework.log import name_of
from .framework.websocket import LARGEST_MESSAGE, LibraryLog

DATA = (WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.CONTINUATION)


class Echo(WSListener):
    """A connection: picows calls it with each frame, and answers pings itself."""

    transport: WSTransport
    peer: str

    def __init__(self, command_line: CommandLine) -> None:
        self.log = command_line.log
        self._handler = command_line.handler
        self._waiting = 0  # frames whose handler sleeps
        self._writable = True  # less than the high-water mark is unsent

    def on_ws_connected(self, transport: WSTransport) -> None:
        """See WSListener."""
        self.transport = transport
        self.peer = name_of(transport.underlying_transport.get_extra_info("peername"))
        self.log.connected(self.peer)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """See WSListener."""
        self.log.ended(self.peer)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Let the handler work, then send a frame of data back."""
        if frame.msg_type in DATA:
            message = (frame.msg_type, frame.get_payload_as_bytes(), frame.fin)
            if self._handler is None:
                self._send(*message)
            elif self._handler.sleep_s:
                self._waiting += 1
                transport.underlying_transport.pause_reading()
                loop = asyncio.get_running_loop()
                loop.call_later(self._handler.sleep_s, self._go_on, *message)
            else:
                self._handler.handle()
                self._send(*message)
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def _send(self, kind: WSMsgType, data: bytes, final: bool) -> None:
        self.transport.send(kind, data, final)
        if self.log.verbose:
            self.log.echoed(self.peer, data)

    def _go_on(self, kind: WSMsgType, data: bytes, final: bool) -> None:
        self._waiting -= 1
        if not self.transport.is_disconnected:
            self._send(kind, data, final)
            self._read_on()

    def _read_on(self) -> None:
        if self._writable and not self._waiting:
            self.transport.underlying_transport.resume_reading()

    def pause_writing(self) -> None:
        """See WSListener."""
        self._writable = False
        self.transport.underlying_transport.pause_reading()

    def resume_writing(self) -> None:
        """See WSListener."""
        self._writable = True
        self._read_on()


async def start(command_line: CommandLine, listener: socket.socket) -> asyncio.Server:
    """Serve a listening socket, with an Echo per connection."""
    return await ws_create_server(
        lambda _request: Echo(command_line),
        sock=listener,
        websocket_handshake_timeout=None,  # the client has its own
        max_frame_size=LARGEST_MESSAGE,
        use_aiofastnet=False,
    )


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("picows", __doc__)
    LibraryLog("picows", command_line.log)
    asynchronous.run(command_line, command_line.listen(), start)


if __name__ == "__main__":
    main()
