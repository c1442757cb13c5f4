"""What is sent and what must come back, protocol by protocol.

A connection has one exchange, which goes through one message after the other.
"""

import random
from typing import Final, Protocol

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


class Exchange(Protocol):
    """The messages of one connection."""

    size: int  # bytes of a request

    @property
    def accepted(self) -> bool:
        """Whether a complete reply says that the request succeeded."""

    @property
    def lasting(self) -> bool:
        """Whether the connection may carry another message after a complete reply."""

    def begin(self, number: int) -> None:
        """Go on to this message."""

    def request(self, offset: int) -> bytes:
        """Bytes of the request from `offset` on, RUN of them or up to its end."""

    def take(self, data: bytes, sent: int) -> bool:
        """Check what has come after `sent` bytes of the request; whether the reply is complete.

        Raises ReplyError.
        """

    def end_of_file(self) -> bool:
        """Whether the end of the connection ends the reply, too."""


def exchange_of(workload: Workload, target: Address, connection: int) -> Exchange:
    """The exchange of a connection, by its number in the fleet."""
    if workload.protocol == "echo":
        return Echo(workload.size_bytes, connection)
    request = workload.request(target.authority)
    match workload.protocol:
        case "http":
            return Http(request)
        case "download":
            return Download(request, workload.expect_bytes)
    return Raw(request, workload.expect_bytes)


class Echo:
    """Runs of a pool of random bytes. Where one starts follows from the connection and the
    message's number, by odd factors: all of 2^18 in a row differ."""

    accepted = lasting = True

    def __init__(self, size: int, connection: int) -> None:
        self.size = size
        self._base = connection * 0x9E3779B1
        self._start = 0
        self._echoed = 0

    def begin(self, number: int) -> None:
        """Go on to this message."""
        self._start = (self._base + number * 0x85EBCA77) % POOL
        self._echoed = 0

    def request(self, offset: int) -> bytes:
        """Bytes of the message."""
        start = (self._start + offset) % POOL
        return _pool[start : start + min(RUN, self.size - offset)]

    def take(self, data: bytes, sent: int) -> bool:
        """Compare every byte."""
        if self._echoed + len(data) > sent:
            raise ReplyError("excess")
        for begin in range(0, len(data), RUN):
            run = data[begin : begin + RUN]
            start = (self._start + self._echoed) % POOL
            if run != _pool[start : start + len(run)]:
                raise ReplyError("corrupt")
            self._echoed += len(run)
        return self._echoed == self.size

    def end_of_file(self) -> bool:
        """An echo has a length of its own."""
        return False


class Raw:
    """One request again and again, with a reply of fixed length and any content."""

    accepted = lasting = True

    def __init__(self, request: bytes, expected: int) -> None:
        self.size = len(request)
        self._request = request
        self._expected = expected
        self._received = 0

    def begin(self, _number: int) -> None:
        """Go on to the next message."""
        self._received = 0

    def request(self, offset: int) -> bytes:
        """Bytes of the request, which is no longer than a run."""
        return self._request[offset:]

    def take(self, data: bytes, sent: int) -> bool:
        """Count the bytes."""
        if sent < self.size or self._received + len(data) > self._expected:
            raise ReplyError("excess")
        self._received += len(data)
        return self._received == self._expected

    def end_of_file(self) -> bool:
        """The reply has a length of its own."""
        return False


class Download(Raw):
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


class Http:
    """A GET again and again."""

    def __init__(self, request: bytes) -> None:
        self.size = len(request)
        self._request = request
        self._reply = Reply()

    @property
    def accepted(self) -> bool:
        """Whether the status was 2xx."""
        return 200 <= self._reply.status <= 299

    @property
    def lasting(self) -> bool:
        """Whether the server keeps the connection."""
        return self._reply.keep_alive

    def begin(self, _number: int) -> None:
        """Go on to the next request."""
        self._reply = Reply()

    def request(self, offset: int) -> bytes:
        """Bytes of the request, which is no longer than a run."""
        return self._request[offset:]

    def take(self, data: bytes, sent: int) -> bool:
        """Read the reply on."""
        if sent < self.size:
            raise ReplyError("excess")
        return self._reply.take(data)

    def end_of_file(self) -> bool:
        """A reply without a length ends with its connection."""
        return self._reply.end_of_file()
