"""What is sent and what must come back, protocol by protocol.

A connection has one exchange, which goes through one message after the other.
"""

import random
from typing import Final

from c10k.loadgen.address import Address
from c10k.loadgen.handshake import handshake
from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import Reply
from c10k.loadgen.portable.websocket import (
    CLOSE,
    CONTROL,
    PING,
    Frames,
    Upgrade,
    header_of,
    pong,
    unmasked,
)
from c10k.loadgen.workload import Workload

POOL: Final = 1 << 18
RUN: Final = 1 << 16  # the longest run that is sent or compared at once
PERIOD: Final = 251  # of a download's bytes

_pool = random.Random(0x9E3779B97F4A7C15).randbytes(POOL)
# Behind it its first bytes again, so that no run ever wraps.
_pool += _pool[:RUN]
_ramp = bytes(range(PERIOD)) * (RUN // PERIOD + 2)


class Exchange:
    """The messages of one connection: the same request each time, answered by so many bytes of any
    content (raw), unless a subclass says otherwise."""

    size: int  # bytes of a request
    unasked = False  # whether the server may say something between two messages
    accepted = True  # whether a complete reply says that the request succeeded
    lasting = True  # whether the connection may carry another message after it

    def __init__(self, request: bytes, expected: int) -> None:
        self.size = len(request)
        self._request = request
        self._expected = expected
        self._received = 0

    def open(self) -> None:
        """Begin on a new connection, before its first message."""

    def begin(self, _number: int) -> None:
        """Go on to this message."""
        self._received = 0

    def request(self, offset: int) -> bytes:
        """Bytes of the request from `offset` on, RUN of them or up to its end."""
        return self._request[offset:]

    def take(self, data: bytes, sent: int) -> bool:
        """Check what has come after `sent` bytes of the request; whether the reply is complete.

        Raises ReplyError.
        """
        if sent < self.size or self._received + len(data) > self._expected:
            raise ReplyError("excess")
        self._received += len(data)
        return self._received == self._expected

    def end_of_file(self) -> bool:
        """Whether the end of the connection ends the reply, too."""
        return False


class Echo(Exchange):
    """Runs of a pool of random bytes. Where one starts follows from the connection and the
    message's number, by odd factors: all of 2^18 in a row differ."""

    def __init__(self, size: int, connection: int) -> None:
        super().__init__(b"", size)
        self.size = size
        self._base = connection * 0x9E3779B1
        self._start = 0

    def begin(self, number: int) -> None:
        """Go on to this message."""
        self._start = (self._base + number * 0x85EBCA77) % POOL
        self._received = 0

    def request(self, offset: int) -> bytes:
        """Bytes of the message."""
        start = (self._start + offset) % POOL
        return _pool[start : start + min(RUN, self.size - offset)]

    def take(self, data: bytes, sent: int) -> bool:
        """Compare every byte; the echo may begin before all of the message is sent."""
        if self._received + len(data) > sent:
            raise ReplyError("excess")
        for begin in range(0, len(data), RUN):
            run = data[begin : begin + RUN]
            start = (self._start + self._received) % POOL
            if run != _pool[start : start + len(run)]:
                raise ReplyError("corrupt")
            self._received += len(run)
        return self._received == self.size


class WebSocket(Exchange):
    """Frames whose mask key and masked payload are a run of the pool, as an echo's message is.

    The handshake is sent before the first frame, and pongs behind a frame: with the reply that
    calls for them, the request grows.
    """

    unasked = True

    def __init__(self, path: str, authority: str, size: int, connection: int) -> None:
        super().__init__(b"", size)
        self._path, self._authority = path, authority
        self._header = header_of(size)
        self._base = connection * 0x9E3779B1

    def open(self) -> None:
        """Begin with a handshake."""
        self._handshake, accept = handshake(self._path, self._authority)
        self._upgrade: Upgrade | None = Upgrade(accept)
        self._frames = Frames()

    def begin(self, number: int) -> None:
        """Go on to this message."""
        start = (self._base + number * 0x85EBCA77) % POOL
        self._start, self._key = start, _pool[start : start + 4]
        self._received = 0
        self._waiting = True  # for its reply
        self._pongs = b""
        if self._upgrade:
            self.size = len(self._handshake)
        else:
            self._handshake = b""
            self._add_frame()

    def _add_frame(self) -> None:
        self._payload = len(self._handshake) + len(self._header) + 4  # where it begins
        self._end = self._payload + self._expected
        self.size = self._end

    def request(self, offset: int) -> bytes:
        """Bytes of the handshake, of the frame, or of pongs."""
        if offset < len(self._handshake):
            return self._handshake[offset:]
        if offset >= self._end:
            return self._pongs[offset - self._end :]
        behind = offset - self._payload + 4  # the header
        header = self._header[behind:] if behind < 0 else b""
        return header + self._run(max(0, behind), self._end - offset - len(header))

    def _run(self, offset: int, size: int) -> bytes:
        start = (self._start + offset) % POOL
        return _pool[start : start + min(RUN, size)]

    def take(self, data: bytes, sent: int) -> bool:
        """Take the end of the handshake, or frames; every byte of the reply is compared."""
        if self._upgrade:
            rest = self._upgrade.read(data)
            if rest is None:
                return False
            self._upgrade, data = None, rest
            self._add_frame()
        complete = False
        for frame in self._frames.read(data):
            if frame.opcode == CLOSE:
                raise ReplyError("closed_by_server")
            if frame.opcode >= CONTROL:
                if frame.opcode == PING and not frame.left:
                    self._pongs += pong(frame.payload, self._key)
                    self.size = self._end + len(self._pongs)
                continue
            self._check(frame.payload, frame.left, sent)
            if frame.final and not frame.left:
                if self._received < self._expected:
                    raise ReplyError("corrupt")  # cut short
                self._waiting, complete = False, True
        return complete

    def _check(self, part: bytes, left: int, sent: int) -> None:
        """Compare a part of the reply, behind which its frame has so many bytes left."""
        if not self._waiting or self._received + len(part) + left > self._expected:
            raise ReplyError("excess")
        if part and self._payload + self._received + len(part) > sent:
            raise ReplyError("excess")
        for begin in range(0, len(part), RUN):
            run = part[begin : begin + RUN]
            if run != unmasked(self._run(4 + self._received, len(run)), self._key, self._received):
                raise ReplyError("corrupt")
            self._received += len(run)


class Download(Exchange):
    """A small request with a large reply, byte i of which is i mod 251."""

    def take(self, data: bytes, sent: int) -> bool:
        """Compare every byte."""
        offset = self._received
        complete = super().take(data, sent)
        for begin in range(0, len(data), RUN):
            run = data[begin : begin + RUN]
            start = (offset + begin) % PERIOD
            if run != _ramp[start : start + len(run)]:
                raise ReplyError("corrupt")
        return complete


class Http(Exchange):
    """A GET again and again."""

    def begin(self, _number: int) -> None:
        """Go on to the next request."""
        self._reply = Reply()

    def take(self, data: bytes, sent: int) -> bool:
        """Read the reply on; it is accepted if its status is 2xx."""
        if sent < self.size:
            raise ReplyError("excess")
        complete = self._reply.take(data)
        self.accepted = 200 <= self._reply.status <= 299
        self.lasting = self._reply.keep_alive
        return complete

    def end_of_file(self) -> bool:
        """A reply without a length ends with its connection."""
        return self._reply.end_of_file()


def exchange_of(workload: Workload, target: Address, connection: int) -> Exchange:
    """The exchange of a connection, by its number in the fleet."""
    if workload.protocol == "echo":
        return Echo(workload.size_bytes, connection)
    if workload.protocol == "websocket":
        return WebSocket(workload.path, target.authority, workload.size_bytes, connection)
    request = workload.request(target.authority)
    match workload.protocol:
        case "http":
            return Http(request, workload.expect_bytes)
        case "download":
            return Download(request, workload.expect_bytes)
    return Exchange(request, workload.expect_bytes)
