"""Drives one shard's connections on an event loop: all of it runs in the loop's own thread."""

import asyncio
import time
from collections import deque
from typing import Final

from c10k.loadgen.address import CONNECTIONS_PER_SOURCE, Address
from c10k.loadgen.portable.connection import Connection
from c10k.loadgen.portable.schedule import Poisson, Schedule, Uniform
from c10k.loadgen.portable.tally import Tally
from c10k.loadgen.shard import ShardStatus
from c10k.loadgen.workload import Workload

RELEASES: Final = 64  # due messages sent before the replies get their turn again
SWEEP_S: Final = 0.1  # how often timeouts are looked for
LATE_NS: Final = 1_000_000  # a due message picked up later than this is the loader's own lateness


class Driver:
    """The connections of one shard; `c10k.loadgen.shard.Shard` says what the calls mean."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        target: Address,
        workload: Workload,
        *,
        index: int,
        shards: int,
        in_flight: int,
        early_ns: int,
    ) -> None:
        self.loop = loop
        self.target = target
        self.workload = workload
        self.socket_address: tuple[str, int] | tuple[str, int, int, int] = (
            (target.host, target.port, 0, target.scope)
            if ":" in target.host
            else (target.host, target.port)
        )
        self.sent_when_due = workload.sent_when_due
        self.ready = self.busy = self.failed = self.messages = 0
        self.mending = 0  # being opened again, without a reply yet; they count as failed
        self.snapshots = 1
        self.tally = Tally()
        self._index = index
        self._shards = shards
        self._in_flight = in_flight
        self._early_ns = early_ns  # so long before a due time, poll instead of sleeping
        self._connections: list[Connection] = []
        self._target = self._active = self._fleet_active = 0
        self._unopened = 0  # being opened, and without a first reply
        self._line: deque[Connection] = deque()  # to be opened again, in order
        self._opener: asyncio.Handle | None = None
        self._opening_began_ns = self._opening_ended_ns = 0
        self._loading = False
        self._schedule: Schedule | None = None
        self._release_at: asyncio.Handle | None = None
        self._sources = (None, *target.sources)
        self._per_source = CONNECTIONS_PER_SOURCE if workload.messages_per_connection is None else 1
        loop.call_later(SWEEP_S, self._sweep)

    # What a connection asks for

    def source_of(self, number: int) -> Address | None:
        """Where a connection of the fleet comes from; None: wherever the system likes."""
        return self._sources[number // self._per_source % len(self._sources)]

    def sends_at_once(self, number: int) -> bool:
        """Whether a connection of the fleet that has nothing under way sends its next message."""
        return (
            self._loading
            and self.workload.rate_per_connection is None
            and number // self._shards < self._active
        )

    @property
    def reopens(self) -> bool:
        """Whether connections that fail are opened again."""
        return self._loading and self.workload.reconnect

    def ended_opening(self, *, counted: bool = True) -> None:
        """A new connection has had its first reply, or has failed before."""
        self._unopened -= counted
        self._note_opening()
        self.open_soon()

    def stand_in_line(self, connection: Connection) -> None:
        """Open this one again as soon as there is room for it."""
        self._line.append(connection)
        self.open_soon()

    def open_soon(self) -> None:
        """One at a time, between looks at the sockets: in a batch, the first would be found
        connected only after the last connect(), and seem slow."""
        waiting = len(self._connections) < self._target or (self._loading and self._line)
        if waiting and self._unopened + self.mending < self._in_flight and self._opener is None:
            self._opener = self.loop.call_soon(self._open_one)

    # Commands

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink."""
        self._target, self._active, self._fleet_active = target, active, fleet_active
        while len(self._connections) > target:
            connection = self._connections.pop()
            connection.retire()
            if connection in self._line:
                self._line.remove(connection)
        if len(self._connections) < target:
            self._opening_began_ns, self._opening_ended_ns = time.monotonic_ns(), 0
        self._note_opening()
        self.open_soon()
        if self._loading:
            self._begin_sending(epoch_ns)

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""
        while len(self._connections) < self._target:
            self._add().fail("never_opened")
        for connection in self._connections:
            connection.fail_unopened()
        self._note_opening()
        self._loading = True
        self._begin_sending(epoch_ns)

    def stop(self) -> None:
        """Send nothing new; what waits to be sent is lost."""
        self._loading = False
        self._stop_schedule()
        now_ns = time.monotonic_ns()
        for connection in self._connections:
            connection.lose_queued(now_ns)

    def snapshot(self) -> Tally:
        """What was recorded since the last snapshot; begin anew."""
        ended, self.tally = self.tally, Tally()
        ended.ended_ns, ended.cpu_ended_ns = self.tally.began_ns, self.tally.cpu_began_ns
        closed = self.workload.rate_per_connection is None
        for connection in self._connections:
            if not (pending_ns := connection.pending_ns()):
                continue
            ended.pending += len(pending_ns)
            starved = connection.completed_in != self.snapshots and pending_ns[0] < ended.began_ns
            ended.starved += starved
            # In an open loop all that is due is a sample, of its wait so far if need be. In a
            # closed one every connection waits at any time: only a starved one's wait says more
            # than replies.
            if starved or not closed:
                for due_ns in pending_ns:
                    ended.waiting.note(ended.ended_ns - due_ns)
        self.snapshots += 1
        return ended

    def response_counts(self) -> bytes:
        """The response times since the last snapshot."""
        return self.tally.response.counts()

    def standing(self) -> ShardStatus:
        """Where the shard stands; may be called from any thread."""
        return ShardStatus(
            ready=self.ready,
            failed=self.failed,
            busy=self.busy,
            opening=self._unopened + self._target - len(self._connections),
            messages=self.messages,
            opening_began_ns=self._opening_began_ns,
            opening_ended_ns=self._opening_ended_ns,
        )

    def end(self) -> None:
        """Close every connection."""
        self.stop()
        self._target = 0
        while self._connections:
            self._connections.pop().retire()

    # Opening

    def _add(self) -> Connection:
        connection = Connection(self, len(self._connections) * self._shards + self._index)
        self._connections.append(connection)
        return connection

    def _open_one(self) -> None:
        self._opener = None
        if len(self._connections) < self._target:
            self._unopened += 1
            self._add().open()
        elif self._loading and self._line:
            self.mending += 1
            self._line.popleft().open()
        self.open_soon()

    def _note_opening(self) -> None:
        begun = len(self._connections) == self._target
        if begun and not self._unopened and not self._opening_ended_ns:
            self._opening_ended_ns = time.monotonic_ns()

    # Sending

    def _begin_sending(self, epoch_ns: int) -> None:
        if self.workload.rate_per_connection is not None:
            self._begin_schedule(1e9 / self.workload.rate_per_connection, epoch_ns)
            return
        for connection in self._connections[: self._active]:
            connection.begin_at_once()

    def _begin_schedule(self, period_ns: float, epoch_ns: int) -> None:
        self._stop_schedule()
        count, index, shards = self._active, self._index, self._shards
        if not count:
            return
        if self.workload.arrivals == "poisson":
            self._schedule = Poisson(count, index, shards, period_ns, self.workload.seed, epoch_ns)
        else:
            self._schedule = Uniform(count, self._fleet_active, index, shards, period_ns, epoch_ns)
        self._release_due()

    def _stop_schedule(self) -> None:
        self._schedule = None
        if self._release_at:
            self._release_at.cancel()
            self._release_at = None

    def _release_due(self) -> None:
        """Send what is due, or queue it where the connection is not free; so many at once."""
        schedule, tally = self._schedule, self.tally
        assert schedule is not None
        now_ns = time.monotonic_ns()
        for _ in range(RELEASES):
            due_ns = schedule.due_ns
            if now_ns < due_ns:
                break
            if schedule.connection < len(self._connections):
                connection = self._connections[schedule.connection]
                if not connection.is_new:
                    tally.due += 1
                    tally.late += now_ns - due_ns > LATE_NS
                    connection.next(due_ns, now_ns)
            schedule.advance()
            now_ns = time.monotonic_ns()
        wait_ns = schedule.due_ns - now_ns - self._early_ns
        if wait_ns > 0:
            self._release_at = self.loop.call_later(wait_ns / 1e9, self._release_due)
        else:
            self._release_at = self.loop.call_soon(self._release_due)

    # Timeouts

    def _sweep(self) -> None:
        now_ns = time.monotonic_ns()
        connect_timeout_ns = int(self.workload.connect_timeout_s * 1e9)
        timeout_ns = int(self.workload.timeout_s * 1e9)
        for connection in self._connections:
            connection.sweep(now_ns, connect_timeout_ns, timeout_ns)
        self.tally.bin_if_many()
        self.loop.call_later(SWEEP_S, self._sweep)
