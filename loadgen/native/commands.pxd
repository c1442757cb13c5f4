"""What a shard's thread does when Python commands it; loadgen/shard.py says what is meant."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from c10k.loadgen.native.atomics cimport add, store, store_pointer
from c10k.loadgen.native.causes cimport CONNECT_TIMEOUT, NEVER_OPENED
from c10k.loadgen.native.connection cimport (
    BROKEN, CLOSED, CONNECTING, Connection, IDLE, IN_LINE, PARTED, has_message, is_new,
)
from c10k.loadgen.native.failing cimport fail, note_opening, queue_next, retire, stand_in_line
from c10k.loadgen.native.linux cimport (
    CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, clock_ns, read, sem_post,
)
from c10k.loadgen.native.messages cimport deliver
from c10k.loadgen.native.schedule cimport gap_after, passed, schedule_begin
from c10k.loadgen.native.shard cimport ShardState, index_of, is_open_loop, reserve
from c10k.loadgen.native.tally cimport RESPONSE, Tally, WAITING, record

cdef enum:
    RESIZE
    LOAD
    STOP
    SNAPSHOT
    QUIT


cdef inline void handle_command(ShardState *shard) noexcept nogil:
    """Do what Python asks, and wake it from its sem_wait().

    Reading the eventfd resets it; otherwise epoll would report it for ever.
    """
    cdef uint64_t count
    read(shard.wake, &count, sizeof(count))
    if shard.command.kind == RESIZE:
        resize(shard)
    elif shard.command.kind == LOAD:
        begin_load(shard)
    elif shard.command.kind == STOP:
        stop(shard)
    elif shard.command.kind == SNAPSHOT:
        snapshot(shard)
    elif shard.command.kind == QUIT:
        shard.quitting = True
    sem_post(&shard.handled)


cdef inline void resize(ShardState *shard) noexcept nogil:
    """Close the connections beyond the target, or have the lacking ones opened, one at a time.

    The connections may move in memory, so no pointer to one is kept across commands. The line is
    built anew: some that stood in it may be gone, and its ring may have become larger.
    """
    cdef uint32_t target = shard.command.target
    cdef int64_t i
    shard.command.refused = target > shard.capacity and not reserve(shard, target)
    if shard.command.refused:
        return
    for i in range(target, shard.status.opened):
        retire(shard, &shard.connections[i])
    if target < shard.status.opened:
        store(&shard.status.opened, target)
    elif target > shard.status.opened:
        # CLOSED until they are opened: the schedule may come to them before.
        memset(
            &shard.connections[shard.status.opened], 0,
            (target - shard.status.opened) * sizeof(Connection),
        )
        store(&shard.status.opening_began_ns, clock_ns(CLOCK_MONOTONIC))
        store(&shard.status.opening_ended_ns, 0)
    store(&shard.status.target, target)
    shard.active = shard.command.active
    shard.line_first = shard.line_length = 0
    for i in range(shard.status.opened):
        if shard.connections[i].state == IN_LINE:
            stand_in_line(shard, &shard.connections[i])
    if shard.loading:
        begin_sending(shard)


cdef inline void begin_load(ShardState *shard) noexcept nogil:
    """Give up on connections without a first reply and let the others begin."""
    cdef int64_t i
    cdef Connection *connection
    for i in range(shard.status.opened, shard.status.target):
        shard.connections[i].state = CLOSED
        shard.connections[i].fd = -1
        shard.tally.errors[NEVER_OPENED] += 1
        add(&shard.status.failed, 1)
    store(&shard.status.opened, shard.status.target)
    for i in range(shard.status.target):
        connection = &shard.connections[i]
        if is_new(connection):
            fail(
                shard, connection,
                CONNECT_TIMEOUT if connection.state == CONNECTING else NEVER_OPENED,
            )
    note_opening(shard)
    shard.loading = True
    begin_sending(shard)


cdef inline void begin_sending(ShardState *shard) noexcept nogil:
    """Begin the schedule anew; in a closed loop, let every active connection that waits begin."""
    cdef int64_t i, now
    cdef Connection *connection
    if is_open_loop(shard):
        schedule_begin(
            &shard.schedule, shard.active, shard.command.fleet_active, shard.command.epoch_ns
        )
        return
    for i in range(min(<int64_t>shard.active, shard.status.opened)):
        connection = &shard.connections[i]
        now = clock_ns(CLOCK_MONOTONIC)
        if connection.state == IDLE or connection.state == PARTED:
            deliver(shard, connection, now, now)
        elif connection.state == BROKEN or connection.state == IN_LINE:
            queue_next(shard, connection, now)


cdef inline void stop(ShardState *shard) noexcept nogil:
    """Send nothing new; replies to what is under way may arrive. What waits to be sent is lost."""
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    cdef Connection *connection
    cdef int64_t i
    shard.loading = False
    for i in range(shard.status.opened):
        connection = &shard.connections[i]
        shard.tally.lost += connection.queued
        record_queue(shard, connection, now, RESPONSE)
        connection.queued = 0


cdef inline void snapshot(ShardState *shard) noexcept nogil:
    """End this tally and begin the other, which Python has left cleared."""
    cdef Tally *tally = shard.tally
    cdef int64_t i
    tally.ended_ns = clock_ns(CLOCK_MONOTONIC)
    tally.cpu_ended_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)
    for i in range(shard.status.opened):
        count_pending(shard, &shard.connections[i])
    tally.messages = shard.status.messages - shard.messages_before
    shard.messages_before = shard.status.messages
    store_pointer(<void **>&shard.tally, shard.spare)
    shard.spare = tally
    shard.snapshot += 1
    shard.tally.began_ns = tally.ended_ns
    shard.tally.cpu_began_ns = tally.cpu_ended_ns


cdef inline void count_pending(ShardState *shard, Connection *connection) noexcept nogil:
    """Record a connection's messages that have no reply when the tally ends.

    In an open loop each is a sample of its wait so far. In a closed one every connection waits at
    any time, so only the wait of a starved one says more than the replies do.
    """
    cdef Tally *tally = shard.tally
    cdef bint under_way = has_message(connection)
    cdef bint starved
    cdef int64_t oldest_ns
    if not (under_way or connection.queued):
        return
    tally.pending += under_way + connection.queued
    oldest_ns = connection.due_ns if under_way else connection.queue_due_ns
    starved = connection.completed_in != shard.snapshot and oldest_ns < tally.began_ns
    tally.starved += starved
    if starved or is_open_loop(shard):
        if under_way:
            record(tally, WAITING, tally.ended_ns - connection.due_ns)
        record_queue(shard, connection, tally.ended_ns, WAITING)


cdef inline void record_queue(
    ShardState *shard, Connection *connection, int64_t now, int kind
) noexcept nogil:
    """Record how long each queued message has waited; the schedule tells when it was due."""
    cdef uint32_t i = index_of(shard, connection)
    cdef int64_t number = passed(&shard.schedule, i) - connection.queued
    cdef int64_t due = connection.queue_due_ns
    cdef uint32_t k
    for k in range(connection.queued):
        record(shard.tally, kind, now - due)
        if is_open_loop(shard):
            due += gap_after(&shard.schedule, i, number + k)
