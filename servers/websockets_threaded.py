"""Thread per connection: a WebSocket echo server on blocking sockets and the package websockets.

Each connection has a thread, as in `threaded`. What the thread receives it gives to the protocol
object of its connection, which knows nothing of sockets: it reads the handshake and the frames,
and says what is to be sent. (The package's own threaded server has two threads per connection.)
A connection costs a thread, and the protocol object with its parser. A message costs waking that
thread, and parsing, unmasking and building a frame, in Python but for the unmasking. Choose this
model where clients are few, and what is done for a message blocks or computes.

python -m servers.websockets_threaded --port 9000
"""

from __future__ import annotations

import _thread
import socket
import threading

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .framework.accepting import accepted_alone, turn_away
from .framework.command_line import CommandLine
from .framework.signals import end_at_once_on_signals
from .framework.websocket import LARGEST_MESSAGE, LibraryLog


def converse(connection: socket.socket, peer: str, command_line: CommandLine) -> None:
    """Send every message back until the peer ends the connection."""
    log, buffer = command_line.log, command_line.options.buffer
    with connection:
        try:
            log.connected(peer)
            protocol = ServerProtocol(max_size=LARGEST_MESSAGE)
            while not protocol.close_expected() and (data := connection.recv(buffer)):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Request):
                        protocol.send_response(protocol.accept(event))
                    elif isinstance(event, Frame):
                        answer(protocol, event, peer, command_line)
                connection.sendall(b"".join(protocol.data_to_send()))
        except (OSError, MemoryError) as error:
            log.broken(peer, error)
        else:
            log.ended(peer)


def answer(protocol: ServerProtocol, frame: Frame, peer: str, command_line: CommandLine) -> None:
    """Let the handler work, then send a frame back; the protocol answers control frames itself."""
    if frame.opcode not in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
        return
    if command_line.handler:
        command_line.handler.handle()
    if frame.opcode is Opcode.BINARY:
        protocol.send_binary(frame.data, frame.fin)
    elif frame.opcode is Opcode.TEXT:
        protocol.send_text(frame.data, frame.fin)
    else:
        protocol.send_continuation(frame.data, frame.fin)
    if command_line.log.verbose:
        command_line.log.echoed(peer, frame.data)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("websockets_threaded", __doc__)
    threading.stack_size(command_line.options.stack or 0)
    end_at_once_on_signals()
    log = command_line.log
    LibraryLog("websockets", log)
    listener = command_line.listen()
    command_line.announce(listener)
    for connection, peer in accepted_alone(listener, log):
        try:
            _thread.start_new_thread(converse, (connection, peer, command_line))
        except (RuntimeError, MemoryError) as error:
            turn_away(connection, log, error)


if __name__ == "__main__":
    main()
