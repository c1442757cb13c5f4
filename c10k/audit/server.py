"""A server that behaves exactly, and keeps a record of what it did.

python -m c10k.audit.server BEHAVIOUR RECORDED_FROM_S PROTOCOL RECORD
    prints where it listens; at SIGTERM it writes its record, a file of numpy, and ends

One thread, which never sleeps: an idle virtual machine takes up to 0.3 ms to wake up, which would
be in no record. A message arrives when the kernel has it, by the kernel's time stamp (socket(7),
SO_TIMESTAMPNS), however late this program reads it.
"""

import heapq
import json
import selectors
import signal
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from c10k.audit.behaviours import (
    ACTIONS,
    CLOSE,
    RESET,
    WRONG,
    Answer,
    Behaviour,
    behaviours,
)

ECHO_BYTES: Final = 64
HTTP_REPLY: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\nConnection: %s\r\n\r\n" + bytes(
    range(64, 128)
)
END_OF_REQUEST: Final = b"\r\n\r\n"
RESETTING: Final = struct.pack("ii", 1, 0)  # struct linger: close() sends RST
TIMESTAMPS: Final = 35  # SO_TIMESTAMPNS_OLD of asm-generic/socket.h, which Python has no name for
TIMESTAMP: Final = struct.Struct("@qq")  # struct timespec
NEVER: Final = 0
"""In the record: not answered."""


class Reply(NamedTuple):
    """What a message is answered with, and whether the connection ends with it."""

    content: bytes
    last: bool = False


class Message(NamedTuple):
    """A message that waits for its answer."""

    due_ns: int
    order: int
    connection: "Connection"
    reply: Reply
    action: str


class Connection:
    """A client's connection, and the bytes of a message that has not come whole."""

    def __init__(self, socket_: socket.socket, number: int) -> None:
        self.socket = socket_
        self.number = number  # in order of acceptance
        self.begun = bytearray()
        self.closed = False


class ExactServer:
    """Serves one behaviour, and keeps a record: of each message, in order of arrival, when it
    arrived (`arrived_ns`), when it was answered (`answered_ns`, or NEVER), how (`actions`) and on
    which connection it came (`senders`); of each connection when it was accepted (`accepted_ns`).
    Its first message may have arrived before.

    `split` takes the whole messages off the bytes of a connection and returns their replies.
    """

    def __init__(
        self, behaviour: Behaviour, split: Callable[[bytearray], list[Reply]] | None = None
    ) -> None:
        self.arrived_ns, self.answered_ns = array("q"), array("q")
        self.actions, self.senders = array("b"), array("l")
        self.accepted_ns = array("q")
        self._behaviour = behaviour
        self._split = split or split_echo
        self._waiting: list[Message] = []  # a heap
        self._selector = selectors.DefaultSelector()
        self._listening = False

    def serve(self, listener: socket.socket, stopped: Callable[[], bool]) -> None:
        """Serve until it is to stop, then close every connection."""
        self._listener = listener
        listener.setsockopt(socket.SOL_SOCKET, TIMESTAMPS, 1)  # connections have it from there
        self._listen(True)
        while not stopped():
            for key, _ in self._selector.select(0):
                if key.data is None:
                    self._accept()
                else:
                    self._receive(key.data)
            while self._waiting and self._waiting[0].due_ns <= time.monotonic_ns():
                self._answer(heapq.heappop(self._waiting))
            if not self._listening and self._may_accept():
                self._listen(True)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Connection):
                key.data.socket.close()
        self._selector.close()

    def _may_accept(self) -> bool:
        wait_ns = self._behaviour.accept_s * 1e9
        return not self.accepted_ns or time.monotonic_ns() >= self.accepted_ns[-1] + wait_ns

    def _listen(self, wanted: bool) -> None:
        self._listening = wanted
        if wanted:
            self._selector.register(self._listener, selectors.EVENT_READ)
        else:
            self._selector.unregister(self._listener)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted_ns.append(time.monotonic_ns())
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, len(self.accepted_ns) - 1)
        self._selector.register(client, selectors.EVENT_READ, connection)
        if self._behaviour.accept_s:
            self._listen(False)

    def _receive(self, connection: Connection) -> None:
        try:
            received, notes, _, _ = connection.socket.recvmsg(
                65536, socket.CMSG_SPACE(TIMESTAMP.size)
            )
        except OSError:
            received, notes = b"", []
        if not received:
            self._end(connection)
            return
        connection.begun += received
        age_ns = _age_ns(notes)  # first: else a message would arrive before it was sent
        arrived_ns = time.monotonic_ns() - age_ns
        for reply in self._split(connection.begun):
            order = len(self.arrived_ns)
            self.arrived_ns.append(arrived_ns)
            self.answered_ns.append(NEVER)
            self.senders.append(connection.number)
            first_ns = self.arrived_ns[0]
            answer: Answer = self._behaviour.answer(order + 1, (arrived_ns - first_ns) / 1e9)
            self.actions.append(ACTIONS.index(answer.action))
            due_ns = first_ns + int(answer.at_s * 1e9)
            message = Message(due_ns, order, connection, reply, answer.action)
            heapq.heappush(self._waiting, message)

    def _answer(self, message: Message) -> None:
        connection, action = message.connection, message.action
        if connection.closed:
            return
        self.answered_ns[message.order] = time.monotonic_ns()
        if action == RESET:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETTING)
        if action in (RESET, CLOSE):
            self._end(connection)
            return
        content = message.reply.content
        if action == WRONG:
            content = content[:-1] + bytes([content[-1] ^ 1])
        with suppress(OSError):  # the client may have gone
            connection.socket.sendall(content)
        if message.reply.last:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        connection.closed = True
        self._selector.unregister(connection.socket)
        connection.socket.close()


def _age_ns(notes: Iterable[tuple[int, int, bytes]]) -> int:
    """How long ago the kernel got what was received; 0 in the first moment after it was asked to
    note times.
    """
    for _, kind, content in notes:
        if kind == TIMESTAMPS:
            seconds, nanoseconds = map(int, TIMESTAMP.unpack(content))
            return max(0, time.time_ns() - seconds * 10**9 - nanoseconds)
    return 0


def split_echo(begun: bytearray) -> list[Reply]:
    """Take whole messages of ECHO_BYTES; the reply to each is itself."""
    whole = len(begun) - len(begun) % ECHO_BYTES
    messages = [bytes(begun[at : at + ECHO_BYTES]) for at in range(0, whole, ECHO_BYTES)]
    del begun[:whole]
    return [Reply(message) for message in messages]


def split_http(begun: bytearray) -> list[Reply]:
    """Take whole requests without a body; each is answered by the same 64 bytes."""
    *requests, rest = bytes(begun).lower().split(END_OF_REQUEST)
    if requests:
        begun[:] = begun[len(begun) - len(rest) :]
    return [_http_reply(request) for request in requests]


def _http_reply(request: bytes) -> Reply:
    """RFC 9112, 9.3: a connection of HTTP/1.0 is kept if that is asked for, others unless not."""
    first_line, _, fields = request.partition(b"\r\n")
    old = first_line.endswith(b"http/1.0")
    kept = b"keep-alive" in fields if old else b"connection: close" not in fields
    return Reply(HTTP_REPLY % (b"keep-alive" if kept else b"close"), last=not kept)


SPLIT: Final = {"echo": split_echo, "http": split_http}


def main() -> None:
    """Serve until SIGTERM."""
    name, recorded_from_s, protocol, record = sys.argv[1:]
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # c10k's own, which ends this by SIGTERM
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        listener.setblocking(False)
        server = ExactServer(behaviours(float(recorded_from_s))[name], SPLIT[protocol])
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        server.serve(listener, lambda: bool(ended))
    with Path(record).open("wb") as file:
        np.savez(
            file,
            arrived_ns=np.frombuffer(server.arrived_ns, np.int64),
            answered_ns=np.frombuffer(server.answered_ns, np.int64),
            actions=np.frombuffer(server.actions, np.int8),
            senders=np.frombuffer(server.senders, np.int64),
            accepted_ns=np.frombuffer(server.accepted_ns, np.int64),
        )


if __name__ == "__main__":
    main()
