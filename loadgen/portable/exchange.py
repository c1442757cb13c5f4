"""What is sent and what must come back, protocol by protocol.

A connection has one exchange, which goes through one message after the other.
"""

import random
from typing import Final

from c10k.loadgen.address import Address
from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import Reply
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
    accepted = True  # whether a complete reply says that the request succeeded
    lasting = True  # whether the connection may carry another message after it

    def __init__(self, request: bytes, expected: int) -> None:
        self.size = len(request)
        self._request = request
        self._expected = expected
        self._received = 0

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
    request = workload.request(target.authority)
    match workload.protocol:
        case "http":
            return Http(request, workload.expect_bytes)
        case "download":
            return Download(request, workload.expect_bytes)
    return Exchange(request, workload.expect_bytes)
