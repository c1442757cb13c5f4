"""One connection of the portable fleet, through all its messages."""

import asyncio
import errno
import socket
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from loadgen.portable.exchange import exchange_of
from loadgen.portable.reply_error import ReplyError

if TYPE_CHECKING:
    from loadgen.portable.driver import Driver

# States.
FAILED: Final = 0  # closed for good; its place in the schedule stays empty
CONNECTING: Final = 1
PROBING: Final = 2  # connected; its first message has not come back yet
IDLE: Final = 3
BUSY: Final = 4
AWAY: Final = 5  # closed after its messages, and opened again when the next one is due
REOPENING: Final = 6  # connecting again, for a message that is due

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
        self.state = FAILED  # until it is opened
        self.due_ns = 0
        self.completed_in = 0  # the cut in which the last message was completed
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

    def next(self, due_ns: int, now_ns: int) -> None:
        """Send the next message, or let it wait behind the one that is under way."""
        if self.state == IDLE:
            self.state = BUSY
            self._driver.busy += 1
            self._send(due_ns, now_ns)
        elif self.state == AWAY:
            self.state = REOPENING
            self._driver.busy += 1
            self.due_ns = due_ns
            self._connect()
        elif self.state in (BUSY, REOPENING):
            self._queued.append(due_ns)

    def begin_at_once(self) -> None:
        """Send the first message of a closed loop, if nothing is under way."""
        if self.state in (IDLE, AWAY):
            now_ns = time.monotonic_ns()
            self.next(now_ns, now_ns)

    def forget_queued(self) -> None:
        """Send none of the messages that wait."""
        self._queued.clear()

    def fail(self, cause: str) -> None:
        """Count why the connection ended, and end it."""
        self._driver.tally.errors[cause] += 1
        self._driver.failed += 1
        self.end()

    def fail_unopened(self) -> None:
        """Give up if it has had no reply at all."""
        if self.state in (CONNECTING, PROBING):
            self.fail("never_opened")

    def end(self) -> None:
        """Close for good."""
        driver, state = self._driver, self.state
        self.state = FAILED
        self._queued.clear()
        self._close()
        if state in (CONNECTING, PROBING):
            driver.ended_opening(ready=False)
        elif state != FAILED:
            driver.ready -= 1
            driver.busy -= state in (BUSY, REOPENING)

    def give_up_late(self, now_ns: int, connect_timeout_ns: int, timeout_ns: int) -> None:
        """Fail if connecting or the message under way has taken too long."""
        if self.state in (CONNECTING, REOPENING):
            if now_ns - self._opened_ns > connect_timeout_ns:
                self.fail("connect_timeout")
        elif self.state in (PROBING, BUSY) and now_ns - self._sent_ns > timeout_ns:
            self.fail("timeout")

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
            if self.state != FAILED:
                self.fail(CAUSES.get(error.errno or 0, "io_error"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what it was opened for."""
        transport = cast("asyncio.Transport", transport)  # uvloop's has another class
        if self.state == FAILED:  # given up meanwhile
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
        if self.state == FAILED:
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
            self.state = IDLE
            driver.ended_opening(ready=True)
        else:
            self.state = IDLE
            self._replies += 1
            driver.busy -= 1
            self.completed_in = driver.cuts
            if accepted:
                driver.messages += 1
                tally.messages += 1
                tally.response.note(now_ns - self.due_ns)
                if not driver.sent_when_due:
                    tally.service.note(now_ns - self._sent_ns)
            else:
                tally.errors["http_status"] += 1
        if not lasting or self._replies == driver.workload.messages_per_connection:
            self.state = AWAY
            self._close()
        if self._queued:
            self.next(self._queued.popleft(), now_ns)
        elif driver.sends_at_once(self._number):
            self.next(now_ns, now_ns)
