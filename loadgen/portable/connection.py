"""One connection of the portable fleet, through all its messages."""

import asyncio
import errno
import socket
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from c10k.loadgen.portable.exchange import exchange_of
from c10k.loadgen.portable.reply_error import ReplyError

if TYPE_CHECKING:
    from c10k.loadgen.portable.driver import Driver

# States.
UNOPENED: Final = 0
FAILED: Final = 1  # given up
CONNECTING: Final = 2
PROBING: Final = 3  # connected; its first message has not come back yet
IDLE: Final = 4
BUSY: Final = 5
AWAY: Final = 6  # closed after its messages, and opened again when the next one is due
REOPENING: Final = 7  # connecting again, for a message that is due
BROKEN: Final = 8  # failed; to be opened again RETRY_NS after it was opened last
IN_LINE: Final = 9  # failed; to be opened again as soon as there is room for it

RETRY_NS: Final = 100_000_000  # at least, between two attempts to connect that brought no reply

# Replies that came, but not as they should: their time says nothing of the right ones.
WRONG: Final = ("corrupt", "excess", "malformed", "http_status")

CAUSES: Final = {
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNREFUSED: "connect_refused",
    errno.ETIMEDOUT: "timeout",
    errno.EADDRNOTAVAIL: "no_port",
    errno.EMFILE: "no_descriptor",
    errno.ENFILE: "no_descriptor",
}
# Of bind(), where a port is chosen at once, none being free is an address in use.
CONNECT_CAUSES: Final = CAUSES | {
    errno.ETIMEDOUT: "connect_timeout",
    errno.EADDRINUSE: "no_port",
}
UNDER_WAY: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

# Chooses the port when it connects, so that connections to different targets may share one:
# IP_BIND_ADDRESS_NO_PORT of ip(7), which Python does not name.
BIND_ADDRESS_NO_PORT: Final = 24 if sys.platform == "linux" else None

# Takes over what a transport still has to say once its connection is done with it.
NOBODY: Final = asyncio.Protocol()


class Connection(asyncio.Protocol):
    """A place in the fleet, by its number there, and the connection that fills it at the moment."""

    def __init__(self, driver: "Driver", number: int) -> None:
        self.state = UNOPENED
        self.due_ns = 0
        self.completed_in = 0  # the snapshot in which the last message was completed
        self._driver = driver
        self._number = number
        self._exchange = exchange_of(driver.workload, driver.target, number)
        self._queued: deque[int] = deque()  # when each was due that waits its turn
        self._message = 0  # the number of the one under way
        self._sent = 0  # bytes of it
        self._sent_ns = 0
        self._opened_ns = 0
        self._unproven = True  # no verified reply since it was opened
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
        if self.state == PROBING:
            return self._message == 1
        return self.state in (UNOPENED, CONNECTING) and self._message == 0

    def next(self, due_ns: int, now_ns: int) -> None:
        """Send the next message, or let it wait until the connection is free for it."""
        if self.state == IDLE:
            self.state = BUSY
            self._driver.busy += 1
            self._send(due_ns, now_ns)
        elif self.state == AWAY:
            self.state = REOPENING
            self._driver.busy += 1
            self.due_ns = due_ns
            self._connect()
        else:
            self._queued.append(due_ns)

    def begin_at_once(self) -> None:
        """Send the first message of a closed loop, if nothing is under way."""
        now_ns = time.monotonic_ns()
        if self.state in (IDLE, AWAY):
            self.next(now_ns, now_ns)
        elif self.state in (BROKEN, IN_LINE):
            self._want_next(now_ns)

    def lose_queued(self, now_ns: int) -> None:
        """Send none of the messages that wait."""
        for due_ns in self._queued:
            self._record_loss(now_ns - due_ns)
        self._queued.clear()

    def pending_ns(self) -> list[int]:
        """When each message was due that has neither been replied to nor is lost, in order."""
        under_way = [self.due_ns] * (self.state in (BUSY, REOPENING))
        return [*under_way, *self._queued]

    def fail(self, cause: str) -> None:
        """Count why the connection ended, and close it.

        The message under way is lost. While the load goes on, a connection that was open once is
        opened again, if that is asked for; meanwhile what is due on it waits.
        """
        driver, now_ns = self._driver, time.monotonic_ns()
        again = driver.reopens and not self.is_new
        waits = self.state == REOPENING
        driver.tally.errors[cause] += 1
        if self.state == BUSY:
            self._lose(cause, now_ns)
        elif waits and not again:
            self._record_loss(now_ns - self.due_ns)
        self.retire()
        driver.failed += 1
        if not again:
            return
        if waits:  # before what is queued already
            self._queued.appendleft(self.due_ns)
        elif driver.workload.rate_per_connection is None:
            self._want_next(now_ns)
        # One that opens, but carries no message, is not tried without a pause.
        self.state = BROKEN
        if self._replies:
            self._stand_in_line()

    def fail_unopened(self) -> None:
        """Give up if it has had no reply at all."""
        if self.is_new:
            self.fail("never_opened")

    def retire(self) -> None:
        """Close it, and take it out of all counts."""
        driver, state, new = self._driver, self.state, self.is_new
        self.state = FAILED
        self._close()
        if new:
            driver.ended_opening(counted=state != UNOPENED)
        elif state in (CONNECTING, PROBING):
            driver.mending -= 1
            driver.failed -= 1
            driver.open_soon()
        elif state in (FAILED, BROKEN, IN_LINE):
            driver.failed -= 1
        else:
            driver.ready -= 1
            driver.busy -= state in (BUSY, REOPENING)

    def _lose(self, cause: str, now_ns: int) -> None:
        """Count the message under way as lost. Its reply takes at least as long as it was waited
        for; a wrong one says nothing of how long the right one would have taken."""
        tally = self._driver.tally
        if cause in WRONG:
            tally.lost += 1
            return
        self._record_loss(now_ns - self.due_ns)
        if not self._driver.sent_when_due:
            tally.service.note(now_ns - self._sent_ns)

    def _record_loss(self, waited_ns: int) -> None:
        self._driver.tally.lost += 1
        self._driver.tally.response.note(waited_ns)

    def _want_next(self, now_ns: int) -> None:
        """In a closed loop, let the next message of an active connection wait until it is open."""
        if self._driver.sends_at_once(self._number) and not self._queued:
            self._queued.append(now_ns)

    def _stand_in_line(self) -> None:
        self.state = IN_LINE
        self._driver.stand_in_line(self)

    def sweep(self, now_ns: int, connect_timeout_ns: int, timeout_ns: int) -> None:
        """Fail if connecting or the message under way has taken too long; if it is broken, be
        opened again when it is time."""
        if self.state in (CONNECTING, REOPENING):
            if now_ns - self._opened_ns > connect_timeout_ns:
                self.fail("connect_timeout")
        elif self.state in (PROBING, BUSY):
            if now_ns - self._sent_ns > timeout_ns:
                self.fail("timeout")
        elif self.state == BROKEN and self._driver.reopens and now_ns - self._opened_ns >= RETRY_NS:
            self._stand_in_line()

    # Connecting

    def _connect(self) -> None:
        self._unproven = True
        self._replies = 0
        self._opened_ns = time.monotonic_ns()
        target = self._driver.target
        try:
            self._socket = socket.socket(target.family, socket.SOCK_STREAM)
        except OSError as error:
            self.fail(CAUSES.get(error.errno or 0, "io_error"))
            return
        self._socket.setblocking(False)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._bind(self._socket)
            error_number = self._socket.connect_ex(self._driver.socket_address)
        except OSError as error:
            error_number = error.errno or errno.EIO
        if error_number in UNDER_WAY:
            self._driver.loop.add_writer(self._socket, self._connected)
        else:
            self.fail(CONNECT_CAUSES.get(error_number, "connect_failed"))

    def _bind(self, connecting: socket.socket) -> None:
        if source := self._driver.source_of(self._number):
            if BIND_ADDRESS_NO_PORT is not None:
                connecting.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            connecting.bind((source.host, 0))

    def _connected(self) -> None:
        now_ns = time.monotonic_ns()
        connected, self._socket = self._socket, None
        assert connected is not None
        loop = self._driver.loop
        loop.remove_writer(connected)
        if error_number := connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            connected.close()
            self.fail(CONNECT_CAUSES.get(error_number, "connect_failed"))
            return
        self._driver.tally.connect.note(now_ns - self._opened_ns)
        self._adopting = loop.create_task(self._adopt(connected))

    async def _adopt(self, connected: socket.socket) -> None:
        """Give a connected socket to a transport, which calls `connection_made`."""
        try:
            await self._driver.loop.create_connection(lambda: self, sock=connected)
        except OSError as error:
            connected.close()
            if self._adopts:
                self.fail(CAUSES.get(error.errno or 0, "io_error"))

    @property
    def _adopts(self) -> bool:
        """Whether the socket that connected last is still waited for."""
        return self.state in (CONNECTING, REOPENING) and self._socket is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what it was opened for."""
        transport = cast("asyncio.Transport", transport)  # uvloop's has another class
        if not self._adopts:  # given up meanwhile
            transport.set_protocol(NOBODY)
            transport.abort()
            return
        self._transport = transport
        self._full = False
        now_ns = time.monotonic_ns()
        if self.state == CONNECTING:
            self.state = PROBING
            self._begin(now_ns)
        else:
            self.state = BUSY
            self._send(self.due_ns, now_ns)

    def _close(self) -> None:
        if self._socket is not None:
            self._driver.loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        if self._transport is not None:
            self._transport.set_protocol(NOBODY)
            self._transport.abort()
            self._transport = None

    # Messages

    def _send(self, due_ns: int, now_ns: int) -> None:
        driver = self._driver
        driver.tally.sent += 1
        self.due_ns = due_ns
        if not driver.sent_when_due:
            driver.tally.send_lag.note(now_ns - due_ns)
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
        if self.state == IDLE:
            self.fail("excess")
            return
        assert self._transport is not None
        try:
            complete = self._exchange.take(
                data, self._sent - self._transport.get_write_buffer_size()
            )
        except ReplyError as error:
            self.fail(error.cause)
            return
        if complete:
            self._complete(lasting=self._exchange.lasting)

    def eof_received(self) -> None:
        """The end of a reply without a length; of any other connection, its failure."""
        if self.state != IDLE and self._exchange.end_of_file():
            self._complete(lasting=False)
        else:
            self.fail("closed_by_server")

    def connection_lost(self, error: Exception | None) -> None:
        """It broke: what we close ourselves tells nobody any more."""
        if self._transport is None:
            return
        if isinstance(error, OSError):
            self.fail(CAUSES.get(error.errno or 0, "io_error"))
        else:
            self.fail("closed_by_server" if error is None else "io_error")

    def _complete(self, *, lasting: bool) -> None:
        now_ns = time.monotonic_ns()
        driver, tally = self._driver, self._driver.tally
        accepted = self._exchange.accepted
        if accepted and self._unproven:
            self._unproven = False
            tally.first_echo.note(now_ns - self._opened_ns)
        if self.state == PROBING:
            if not accepted:
                self.fail("http_status")
                return
            new, self.state = self.is_new, IDLE
            driver.ready += 1
            if new:
                driver.ended_opening()
            else:
                driver.mending -= 1
                driver.failed -= 1
                driver.open_soon()
        else:
            self.state = IDLE
            self._replies += 1
            driver.busy -= 1
            self.completed_in = driver.snapshots
            if accepted:
                driver.messages += 1
                tally.messages += 1
                tally.response.note(now_ns - self.due_ns)
                if not driver.sent_when_due:
                    tally.service.note(now_ns - self._sent_ns)
            else:
                tally.errors["http_status"] += 1
                self._lose("http_status", now_ns)
        if not lasting or self._replies == driver.workload.messages_per_connection:
            self.state = AWAY
            self._close()
        if self._queued:
            self.next(self._queued.popleft(), now_ns)
        elif driver.sends_at_once(self._number):
            self.next(now_ns, now_ns)
