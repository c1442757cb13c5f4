"""What the connections of one shard share: settings, counts, and the order in which they open."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from c10k.loadgen.address import CONNECTIONS_PER_SOURCE, Address
from c10k.loadgen.portable.tally import Tally
from c10k.loadgen.shard import ShardSettings, ShardStatus
from c10k.loadgen.tls import server_name

if TYPE_CHECKING:
    from c10k.loadgen.portable.connection import Connection


class ShardState:
    """The state of a shard; only the event loop's thread changes it.

    `open_new` adds a connection and begins to open it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: ShardSettings,
        open_new: Callable[[], None],
    ) -> None:
        target, workload = settings.target, settings.workload
        self.loop = loop
        self.address = target
        self.socket_address = target.socket_address
        self.tls = settings.tls.context() if settings.tls else None
        self.server_name = server_name(target) if settings.tls else None
        self.workload = workload
        self.sent_when_due = workload.sent_when_due
        self.is_open_loop = workload.rate_per_connection is not None
        self.index = settings.index
        self.shards = settings.shards
        self.active = 0  # connections that send
        self.loading = False
        self.snapshots = 1
        self.tally = Tally()
        self.target = 0  # connections asked for
        self.opened = 0  # of these, the ones that were begun
        self.in_flight = 0  # of these, without a first reply, and not given up
        self.reopening = 0  # being opened again, without a reply yet; they count as failed
        self.ready = self.busy = self.failed = self.messages = 0
        self.line: deque[Connection] = deque()  # to be opened again, in order
        self._in_flight_limit = settings.in_flight
        self._open_new = open_new
        self._opener: asyncio.Handle | None = None
        self._opening_began_ns = self._opening_ended_ns = 0
        self._sources = (None, *target.sources)
        self._per_source = CONNECTIONS_PER_SOURCE if workload.messages_per_connection is None else 1

    def source_of(self, number: int) -> Address | None:
        """The address that a connection of the fleet comes from; None: the system's choice."""
        return self._sources[number // self._per_source % len(self._sources)]

    def sends_at_once(self, number: int) -> bool:
        """Whether a connection of the fleet that is free sends its next message at once."""
        return self.loading and not self.is_open_loop and number // self.shards < self.active

    @property
    def reconnects(self) -> bool:
        """Whether connections that fail are opened again."""
        return self.loading and self.workload.reconnect

    def status(self) -> ShardStatus:
        """The figures of the shard; any thread may ask."""
        return ShardStatus(
            ready=self.ready,
            failed=self.failed,
            busy=self.busy,
            opening=self.in_flight + self.target - self.opened,
            messages=self.messages,
            opening_began_ns=self._opening_began_ns,
            opening_ended_ns=self._opening_ended_ns,
        )

    def begin_opening(self) -> None:
        """Note when opening began, and open what lacks to the target."""
        if self.opened < self.target:
            self._opening_began_ns, self._opening_ended_ns = time.monotonic_ns(), 0
        self.note_opening()
        self.open_soon()

    def end_opening(self) -> None:
        """Count off a new connection that has had its first reply, or has failed before."""
        self.in_flight -= 1
        self.note_opening()
        self.open_soon()

    def end_reopening(self) -> None:
        """Count off a connection that was being opened again, likewise."""
        self.reopening -= 1
        self.failed -= 1
        self.open_soon()

    def note_opening(self) -> None:
        """Note when the last connection has had its first reply or has failed."""
        if self.opened == self.target and not self.in_flight and not self._opening_ended_ns:
            self._opening_ended_ns = time.monotonic_ns()

    def stand_in_line(self, connection: "Connection") -> None:
        """Have a connection opened again after those before it."""
        self.line.append(connection)
        self.open_soon()

    def open_soon(self) -> None:
        """Open one more in the loop's next turn, if fewer than the limit lack their first reply.

        One per turn: of a batch, the first would be found connected only after the last connect(),
        and seem slow.
        """
        waiting = self.opened < self.target or (self.loading and self.line)
        if waiting and self.in_flight + self.reopening < self._in_flight_limit:
            self._opener = self._opener or self.loop.call_soon(self._open_one)

    def _open_one(self) -> None:
        self._opener = None
        if self.opened < self.target:
            self.in_flight += 1
            self._open_new()
        elif self.loading and self.line:
            self.reopening += 1
            self.line.popleft().open()
        self.open_soon()
