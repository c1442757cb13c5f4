# cython: cdivision=True
"""How a connection ends: counted by its cause, closed, and queued to be opened again."""

from libc.stdint cimport int64_t, uint32_t

from c10k.loadgen.native.atomics cimport add, store
from c10k.loadgen.native.connection cimport (
    BROKEN, BUSY, CLOSED, CONNECTING, Connection, IN_LINE, PROBING, RECONNECTING, has_message,
    is_new,
)
from c10k.loadgen.native.linux cimport CLOCK_MONOTONIC, clock_ns
from c10k.loadgen.native.shard cimport ShardState, index_of, is_open_loop
from c10k.loadgen.native.tally cimport record_lost, record_unsent
from c10k.loadgen.native.transport cimport close_connection


cdef inline void fail(ShardState *shard, Connection *connection, int cause) noexcept nogil:
    """Count why the connection ended, and close it: any state -> CLOSED, BROKEN or IN_LINE.

    The message under way is lost, unless it still waited to be sent and the connection is opened
    again: then it stays first in the queue.
    """
    cdef bint again = (
        shard.settings.reconnect and shard.loading and not is_new(connection)
    )
    cdef bint waits = connection.state == RECONNECTING
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    shard.tally.errors[cause] += 1
    if connection.state == BUSY:
        record_lost(
            shard.tally, cause, connection.due_ns, connection.sent_ns, now,
            shard.settings.sent_when_due,
        )
    elif waits and not again:
        record_unsent(shard.tally, connection.due_ns, now)
    retire(shard, connection)
    add(&shard.status.failed, 1)
    if not again:
        return
    if waits:
        connection.queue_due_ns = connection.due_ns
        connection.queued += 1
    elif not is_open_loop(shard):
        queue_next(shard, connection, now)
    connection.state = BROKEN
    if connection.replies > 0:
        stand_in_line(shard, connection)


cdef inline void retire(ShardState *shard, Connection *connection) noexcept nogil:
    """Close the connection and take it out of all counts: any state -> CLOSED."""
    if is_new(connection):
        add(&shard.status.in_flight, -1)
    elif connection.state == CONNECTING or connection.state == PROBING:
        end_reopening(shard)
    elif connection.state == CLOSED or connection.state == BROKEN or connection.state == IN_LINE:
        add(&shard.status.failed, -1)
    else:
        add(&shard.status.ready, -1)
        if has_message(connection):
            add(&shard.status.busy, -1)
    if connection.fd >= 0:
        close_connection(shard, connection)
    connection.state = CLOSED
    note_opening(shard)


cdef inline void end_reopening(ShardState *shard) noexcept nogil:
    """Take a connection out of the counts of those that are opened again."""
    shard.reopening -= 1
    add(&shard.status.failed, -1)


cdef inline void note_opening(ShardState *shard) noexcept nogil:
    """Note when the last of the connections has had its first reply or has failed."""
    if (
        shard.status.opened == shard.status.target and shard.status.in_flight == 0
        and shard.status.opening_ended_ns == 0
    ):
        store(&shard.status.opening_ended_ns, clock_ns(CLOCK_MONOTONIC))


cdef inline void queue_next(
    ShardState *shard, Connection *connection, int64_t now
) noexcept nogil:
    """In a closed loop, let the next message of an active connection wait until it is open."""
    if index_of(shard, connection) < shard.active and connection.queued == 0:
        connection.queue_due_ns = now
        connection.queued = 1


cdef inline void stand_in_line(ShardState *shard, Connection *connection) noexcept nogil:
    """Have the connection opened again after those before it: BROKEN -> IN_LINE."""
    cdef uint32_t place = (shard.line_first + shard.line_length) % shard.capacity
    connection.state = IN_LINE
    shard.line[place] = index_of(shard, connection)
    shard.line_length += 1
