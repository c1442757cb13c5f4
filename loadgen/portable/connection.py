"""One connection of the portable engine, through all its messages."""

import asyncio
import errno
import socket
import time
from collections import deque
from typing import Final, cast

from c10k.loadgen.portable.causes import (
    WRONG_REPLY,
    ReplyError,
    cause_of,
    connect_cause_of,
    handshake_cause_of,
)
from c10k.loadgen.portable.exchange import exchange_of
from c10k.loadgen.portable.state import ShardState

# States; the diagram in native/connection.pxd shows how one leads to another.
CLOSED: Final = 0
CONNECTING: Final = 1
PROBING: Final = 2  # connected; the reply to its first message has not come yet
IDLE: Final = 3
BUSY: Final = 4
PARTED: Final = 5  # closed after its share of messages, until its next one is due
RECONNECTING: Final = 6  # with a message that waits for it
BROKEN: Final = 7  # failed; to be opened again RETRY_NS after it was opened last
IN_LINE: Final = 8  # failed; to be opened again as soon as there is room for it

RETRY_NS: Final = 100_000_000  # at least, between two attempts to connect that brought no reply

# Lets Linux choose the port when it connects, so that connections to different targets may share
# one: IP_BIND_ADDRESS_NO_PORT of ip(7), which Python does not name.
BIND_ADDRESS_NO_PORT: Final = 24

# Takes what a transport still reports when its connection is done with it.
NOBODY: Final = asyncio.Protocol()


class Connection(asyncio.Protocol):
    """A place in the fleet, by its number there, and the connection that fills it at the moment."""

    def __init__(self, shard: ShardState, number: int) -> None:
        self.state = CONNECTING
        self.due_ns = 0
        self.completed_in = 0  # the snapshot in which the last message was completed
        self._shard = shard
        self._number = number
        self._exchange = exchange_of(shard.workload, shard.address, number)
        self._queued: deque[int] = deque()  # when each was due that waits its turn
        self._message = 0  # the number of the one under way
        self._sent = 0  # bytes of it
        self._sent_ns = 0
        self._opened_ns = 0
        self._connected_ns = 0  # when the handshake of TLS began
        self._unverified = True  # no verified reply since it was opened
        self._replies = 0  # since it was opened, but for the probe's
        self._full = False  # the transport wants no more bytes yet
        self._socket: socket.socket | None = None  # until it is connected
        self._transport: asyncio.Transport | None = None
        self._adopting: asyncio.Task[None] | None = None

    # What the driver asks for

    def open(self) -> None:
        """Connect, and prove the connection with one message."""
        self.state = CONNECTING
        self._connect()

    @property
    def is_new(self) -> bool:
        """Whether it is being opened for the first time: nothing is due on it yet."""
        if self.state == CONNECTING:
            return self._message == 0
        return self.state == PROBING and self._message == 1

    def next(self, due_ns: int, now_ns: int) -> None:
        """Send the next message, or let it wait until the connection is free for it."""
        if self.state == IDLE:
            self.state = BUSY
            self._shard.busy += 1
            self._send(due_ns, now_ns)
        elif self.state == PARTED:
            self.state = RECONNECTING
            self._shard.busy += 1
            self.due_ns = due_ns
            self._connect()
        else:
            self._queued.append(due_ns)

    def begin_at_once(self) -> None:
        """Send the first message of a closed loop, if nothing is under way."""
        now_ns = time.monotonic_ns()
        if self.state in (IDLE, PARTED):
            self.next(now_ns, now_ns)
        elif self.state in (BROKEN, IN_LINE):
            self._queue_next(now_ns)

    def lose_queued(self, now_ns: int) -> None:
        """Send none of the messages that wait."""
        for due_ns in self._queued:
            self._record_loss(now_ns - due_ns)
        self._queued.clear()

    def pending_ns(self) -> list[int]:
        """When each message was due that has neither been replied to nor is lost, in order."""
        under_way = [self.due_ns] * (self.state in (BUSY, RECONNECTING))
        return [*under_way, *self._queued]

    def fail_if_new(self) -> None:
        """Give up if it has had no reply at all."""
        if self.is_new:
            connecting = self.state == CONNECTING and self._opened_ns
            self._fail("connect_timeout" if connecting else "never_opened")

    def retire(self) -> None:
        """Close it, and take it out of all counts."""
        shard, state, new = self._shard, self.state, self.is_new
        self.state = CLOSED
        self._close()
        if new:
            shard.end_opening()
        elif state in (CONNECTING, PROBING):
            shard.end_reopening()
        elif state in (CLOSED, BROKEN, IN_LINE):
            shard.failed -= 1
        else:
            shard.ready -= 1
            shard.busy -= state in (BUSY, RECONNECTING)

    def sweep(self, now_ns: int, connect_timeout_ns: int, timeout_ns: int) -> None:
        """Fail if connecting or the message under way has taken too long; if it is broken, be
        opened again when it is time."""
        if self.state in (CONNECTING, RECONNECTING):
            if now_ns - self._opened_ns > connect_timeout_ns:
                self._fail("connect_timeout")
        elif self.state in (PROBING, BUSY):
            if now_ns - self._sent_ns > timeout_ns:
                self._fail("timeout")
        elif (
            self.state == BROKEN and self._shard.reconnects and now_ns - self._opened_ns >= RETRY_NS
        ):
            self._stand_in_line()

    # Failing

    def _fail(self, cause: str) -> None:
        """Count why the connection ended, and close it.

        The message under way is lost, unless it still waited to be sent and the connection is
        opened again: then it stays first in the queue.
        """
        shard, now_ns = self._shard, time.monotonic_ns()
        again = shard.reconnects and not self.is_new
        waits = self.state == RECONNECTING
        shard.tally.errors[cause] += 1
        if self.state == BUSY:
            self._lose(cause, now_ns)
        elif waits and not again:
            self._record_loss(now_ns - self.due_ns)
        self.retire()
        shard.failed += 1
        if not again:
            return
        if waits:
            self._queued.appendleft(self.due_ns)
        elif not shard.is_open_loop:
            self._queue_next(now_ns)
        self.state = BROKEN
        if self._replies:
            self._stand_in_line()

    def _lose(self, cause: str, now_ns: int) -> None:
        """Count the message under way as lost.

        Its reply would have taken at least as long as it was waited for, so that is recorded. A
        wrong reply says nothing of how long the right one would have taken.
        """
        if cause in WRONG_REPLY:
            self._shard.tally.lost += 1
            return
        self._record_loss(now_ns - self.due_ns)
        if not self._shard.sent_when_due:
            self._shard.tally.service.note(now_ns - self._sent_ns)

    def _record_loss(self, waited_ns: int) -> None:
        self._shard.tally.lost += 1
        self._shard.tally.response.note(waited_ns)

    def _queue_next(self, now_ns: int) -> None:
        """In a closed loop, let the next message of an active connection wait until it is open."""
        if self._shard.sends_at_once(self._number) and not self._queued:
            self._queued.append(now_ns)

    def _stand_in_line(self) -> None:
        self.state = IN_LINE
        self._shard.stand_in_line(self)

    # Connecting

    def _connect(self) -> None:
        self._unverified = True
        self._replies = 0
        self._opened_ns = time.monotonic_ns()
        try:
            self._socket = socket.socket(self._shard.address.family, socket.SOCK_STREAM)
        except OSError as error:
            self._fail(cause_of(error))
            return
        self._socket.setblocking(False)
        try:
            if self._shard.address.family != socket.AF_UNIX:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source := self._shard.source_of(self._number):  # on Linux alone
                self._socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
                self._socket.bind((source.host, 0))
            error_number = self._socket.connect_ex(self._shard.socket_address)
        except OSError as error:
            error_number = error.errno or errno.EIO
        if error_number in (0, errno.EINPROGRESS):
            self._shard.loop.add_writer(self._socket, self._connected)
        else:
            self._fail(connect_cause_of(error_number))

    def _connected(self) -> None:
        now_ns = time.monotonic_ns()
        connected, self._socket = self._socket, None
        assert connected is not None
        loop = self._shard.loop
        loop.remove_writer(connected)
        if error_number := connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            connected.close()
            self._fail(connect_cause_of(error_number))
            return
        self._connected_ns = now_ns
        if self._shard.tls is None:
            self._shard.tally.connect.note(now_ns - self._opened_ns)
        self._adopting = loop.create_task(self._adopt(connected))
        # Also where that is given up before it begins.
        self._adopting.add_done_callback(lambda task: _close_if_cancelled(task, connected))

    async def _adopt(self, connected: socket.socket) -> None:
        """Give a connected socket to a transport, which calls `connection_made`, over TLS after the
        handshake."""
        shard = self._shard
        try:
            await shard.loop.create_connection(
                lambda: self, sock=connected, ssl=shard.tls, server_hostname=shard.server_name
            )
        except OSError as error:
            connected.close()
            if self._adopts:
                self._fail(cause_of(error) if shard.tls is None else handshake_cause_of(error))

    @property
    def _adopts(self) -> bool:
        """Whether the socket that connected last is still waited for."""
        return self.state in (CONNECTING, RECONNECTING) and self._socket is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what it was opened for."""
        transport = cast("asyncio.Transport", transport)  # uvloop's has another class
        if not self._adopts:  # given up meanwhile
            transport.set_protocol(NOBODY)
            transport.abort()
            return
        self._transport = transport
        self._full = False
        self._exchange.open()
        now_ns = time.monotonic_ns()
        if self._shard.tls is not None:
            self._shard.tally.handshake.note(now_ns - self._connected_ns)
            self._shard.tally.connect.note(now_ns - self._opened_ns)
        if self.state == CONNECTING:
            self.state = PROBING
            self._begin(now_ns)
        else:
            self.state = BUSY
            self._send(self.due_ns, now_ns)

    def _close(self) -> None:
        if self._socket is not None:
            self._shard.loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        if self._adopting is not None:
            self._adopting.cancel()
            self._adopting = None
        if self._transport is not None:
            self._transport.set_protocol(NOBODY)
            if self._shard.tls is not None:
                self._transport.close()  # sends TLS's close_notify at once
            self._transport.abort()
            self._transport = None

    # Messages

    def _send(self, due_ns: int, now_ns: int) -> None:
        shard = self._shard
        shard.tally.sent += 1
        self.due_ns = due_ns
        if not shard.sent_when_due:
            shard.tally.send_lag.note(now_ns - due_ns)
        self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        self._message += 1
        self._exchange.begin(self._message)
        self._sent = 0
        self._sent_ns = now_ns
        self._send_on()

    def _send_on(self) -> None:
        transport, exchange = self._transport, self._exchange
        assert transport is not None
        while self._sent < exchange.size and not (self._full or transport.is_closing()):
            run = exchange.request(self._sent)
            self._sent += len(run)
            transport.write(run)

    def pause_writing(self) -> None:
        """The transport holds as much as it should."""
        self._full = True

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._full = False
        if self.state in (PROBING, BUSY):
            self._send_on()

    def data_received(self, data: bytes) -> None:
        """Check what has come."""
        if self.state == IDLE and not self._exchange.unasked:
            self._fail("excess")
            return
        assert self._transport is not None
        sent = self._sent - self._transport.get_write_buffer_size()
        try:
            complete = self._exchange.take(data, sent)
        except ReplyError as error:
            self._fail(error.cause)
            return
        self._send_on()  # of a request that has grown
        if complete:
            self._complete(lasting=self._exchange.lasting)

    def eof_received(self) -> None:
        """The end of a reply without a length; of any other connection, its failure.

        Over TLS asyncio calls it also where the session was cut off, without close_notify.
        """
        if self.state != IDLE and self._exchange.end_of_file():
            self._complete(lasting=False)
        else:
            self._fail("closed_by_server")

    def connection_lost(self, error: Exception | None) -> None:
        """It broke; one that was closed here has no transport any more."""
        if self._transport is None:
            return
        if isinstance(error, OSError):
            self._fail(cause_of(error))
        else:
            self._fail("closed_by_server" if error is None else "io_error")

    def _complete(self, *, lasting: bool) -> None:
        """Take a whole reply: PROBING or BUSY -> IDLE, then what comes next."""
        now_ns = time.monotonic_ns()
        shard = self._shard
        accepted = self._exchange.accepted
        if accepted and self._unverified:
            self._unverified = False
            shard.tally.first_echo.note(now_ns - self._opened_ns)
        if self.state == PROBING:
            if not accepted:
                self._fail("http_status")
                return
            new, self.state = self.is_new, IDLE
            shard.ready += 1
            if new:
                shard.end_opening()
            else:
                shard.end_reopening()
        else:
            self._count_reply(now_ns, accepted=accepted)
        if not lasting or self._replies == shard.workload.messages_per_connection:
            self.state = PARTED
            self._close()
        if self._queued:
            self.next(self._queued.popleft(), now_ns)
        elif shard.sends_at_once(self._number):
            self.next(now_ns, now_ns)

    def _count_reply(self, now_ns: int, *, accepted: bool) -> None:
        """Record a message's reply; one that is not accepted loses the message alone."""
        shard, tally = self._shard, self._shard.tally
        self.state = IDLE
        self._replies += 1
        shard.busy -= 1
        self.completed_in = shard.snapshots
        if accepted:
            shard.messages += 1
            tally.messages += 1
            tally.response.note(now_ns - self.due_ns)
            if not shard.sent_when_due:
                tally.service.note(now_ns - self._sent_ns)
        else:
            tally.errors["http_status"] += 1
            self._lose("http_status", now_ns)


def _close_if_cancelled(task: asyncio.Task[None], connected: socket.socket) -> None:
    if task.cancelled():
        connected.close()
