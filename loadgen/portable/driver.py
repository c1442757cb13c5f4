"""Drives one shard's connections on an event loop: all of it runs in the loop's own thread."""

import asyncio
import time
from typing import Final

from c10k.loadgen.portable.connection import Connection
from c10k.loadgen.portable.schedule import Poisson, Uniform
from c10k.loadgen.portable.state import ShardState
from c10k.loadgen.portable.tally import Tally
from c10k.loadgen.shard import ShardSettings

RELEASES: Final = 64  # due messages sent before replies are read again
# Before a due time, if asked to: what an idle virtual CPU takes to wake up.
SPIN_NS: Final = 300_000
LATE_NS: Final = 1_000_000  # a due message picked up later than this is the loader's own lateness


class Driver:
    """The connections of one shard; `c10k.loadgen.shard.Shard` says what the calls mean.

    The loop may oversleep by `oversleep_ns`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: ShardSettings, oversleep_ns: int
    ) -> None:
        self.state = ShardState(loop, settings, open_new=lambda: self._add().open())
        # So long before a due time, poll instead of sleeping.
        self._early_ns = oversleep_ns + SPIN_NS * settings.spin
        self._connections: list[Connection] = []
        self._fleet_active = 0
        self._schedule: Uniform | Poisson | None = None
        self._release_at: asyncio.Handle | None = None
        loop.call_later(settings.workload.sweep_s, self._sweep)

    # Commands

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink."""
        state = self.state
        state.target, state.active, self._fleet_active = target, active, fleet_active
        while len(self._connections) > target:
            connection = self._connections.pop()
            state.opened -= 1
            connection.retire()
            if connection in state.line:
                state.line.remove(connection)
        state.begin_opening()
        if state.loading:
            self._begin_sending(epoch_ns)

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""
        state = self.state
        while state.opened < state.target:
            state.in_flight += 1
            self._add()
        for connection in self._connections:
            connection.fail_if_new()
        state.note_opening()
        state.loading = True
        self._begin_sending(epoch_ns)

    def stop(self) -> None:
        """Send nothing new; what waits to be sent is lost."""
        self.state.loading = False
        self._stop_schedule()
        now_ns = time.monotonic_ns()
        for connection in self._connections:
            connection.lose_queued(now_ns)

    def snapshot(self) -> Tally:
        """What was recorded since the last snapshot; begin anew."""
        state = self.state
        ended, state.tally = state.tally, Tally()
        ended.ended_ns, ended.cpu_ended_ns = state.tally.began_ns, state.tally.cpu_began_ns
        for connection in self._connections:
            if not (pending_ns := connection.pending_ns()):
                continue
            ended.pending += len(pending_ns)
            starved = connection.completed_in != state.snapshots and pending_ns[0] < ended.began_ns
            ended.starved += starved
            # In an open loop each is a sample of its wait so far. In a closed one every connection
            # waits at any time, so only the wait of a starved one says more than the replies do.
            if starved or state.is_open_loop:
                for due_ns in pending_ns:
                    ended.waiting.note(ended.ended_ns - due_ns)
        state.snapshots += 1
        return ended

    def end(self) -> None:
        """Close every connection."""
        self.stop()
        self.state.target = 0
        while self._connections:
            self.state.opened -= 1
            self._connections.pop().retire()

    def _add(self) -> Connection:
        state = self.state
        connection = Connection(state, state.opened * state.shards + state.index)
        self._connections.append(connection)
        state.opened += 1
        return connection

    # Sending

    def _begin_sending(self, epoch_ns: int) -> None:
        if self.state.is_open_loop:
            self._begin_schedule(epoch_ns)
            return
        for connection in self._connections[: self.state.active]:
            connection.begin_at_once()

    def _begin_schedule(self, epoch_ns: int) -> None:
        self._stop_schedule()
        state, workload = self.state, self.state.workload
        count, index, shards = state.active, state.index, state.shards
        if not count or not workload.rate_per_connection:
            return
        period_ns = 1e9 / workload.rate_per_connection
        if workload.arrivals == "poisson":
            self._schedule = Poisson(count, index, shards, period_ns, workload.seed, epoch_ns)
        else:
            self._schedule = Uniform(count, self._fleet_active, index, shards, period_ns, epoch_ns)
        self._release_due()

    def _stop_schedule(self) -> None:
        self._schedule = None
        if self._release_at:
            self._release_at.cancel()
            self._release_at = None

    def _release_due(self) -> None:
        """Send what is due, or queue it where the connection is not free; a bounded number at
        once."""
        schedule, tally, loop = self._schedule, self.state.tally, self.state.loop
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
            self._release_at = loop.call_later(wait_ns / 1e9, self._release_due)
        else:
            self._release_at = loop.call_soon(self._release_due)

    def _sweep(self) -> None:
        """Look for what has taken too long."""
        workload = self.state.workload
        now_ns = time.monotonic_ns()
        connect_timeout_ns = int(workload.connect_timeout_s * 1e9)
        timeout_ns = int(workload.timeout_s * 1e9)
        for connection in self._connections:
            connection.sweep(now_ns, connect_timeout_ns, timeout_ns)
        for times in self.state.tally.by_kind().values():
            times.bin_if_many()
        self.state.loop.call_later(workload.sweep_s, self._sweep)
