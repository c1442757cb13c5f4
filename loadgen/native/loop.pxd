"""The thread of a shard: wait for replies or for the next due message, and serve them."""

from libc.stdint cimport int64_t, uint32_t

from c10k.loadgen.native.causes cimport CONNECT_TIMEOUT, TIMEOUT
from c10k.loadgen.native.commands cimport handle_command
from c10k.loadgen.native.connection cimport (
    BROKEN, BUSY, CLOSED, CONNECTING, Connection, IDLE, PARTED, PROBING, RECONNECTING, is_new,
)
from c10k.loadgen.native.failing cimport fail, stand_in_line
from c10k.loadgen.native.linux cimport *
from c10k.loadgen.native.messages cimport connected, deliver, send_on
from c10k.loadgen.native.opening cimport may_open, open_one
from c10k.loadgen.native.receiving cimport receive
from c10k.loadgen.native.schedule cimport schedule_advance
from c10k.loadgen.native.shard cimport ShardState, WEBSOCKET, is_open_loop
from c10k.loadgen.native.transport cimport close_connection

cdef enum:
    EVENTS = 512 # taken from epoll at once
    RELEASES = 64 # due messages sent before replies are read again
    WAKE = 0xFFFFFFFF # marks the eventfd among the connections' indices
    LATE_NS = 1_000_000 # a due message picked up later than this is the loader's own lateness
    SPIN_NS = 300_000 # before a due time, if asked to: what an idle virtual CPU takes to wake up
    RETRY_NS = 100_000_000 # at least, between two attempts to connect that brought no reply


cdef inline void *drive(void *argument) noexcept nogil:
    """Run until commanded to quit; no allocation but for a resize, no lock, no Python."""
    cdef ShardState *shard = <ShardState *>argument
    cdef epoll_event events[EVENTS]
    cdef int ready, i
    cdef bint woken
    cdef int64_t now
    name_and_pin_thread("c10k-fleet", shard.settings.cpu)
    if shard.tls != NULL:
        block_sigpipe() # OpenSSL writes without MSG_NOSIGNAL
    shard.tally.began_ns = clock_ns(CLOCK_MONOTONIC)
    shard.tally.cpu_began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)
    while not shard.quitting:
        if may_open(shard):
            open_one(shard)
        if is_sending_on_schedule(shard):
            release_due(shard)
        ready = epoll_wait_ns(shard.epoll, events, EVENTS, wait_ns(shard))
        woken = False
        for i in range(ready):
            if events[i].data.u32 == WAKE:
                woken = True
            else:
                handle_events(shard, &shard.connections[events[i].data.u32], events[i].events)
        if woken: # after the batch: a command may move the connections
            handle_command(shard)
        now = clock_ns(CLOCK_MONOTONIC)
        if now >= shard.next_sweep_ns:
            sweep(shard, now)
    close_all(shard)
    return NULL


cdef inline void block_sigpipe() noexcept nogil:
    cdef sigset_t signals
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, NULL)


cdef inline bint is_sending_on_schedule(const ShardState *shard) noexcept nogil:
    return shard.loading and is_open_loop(shard) and shard.active > 0


cdef inline int64_t wait_ns(const ShardState *shard) noexcept nogil:
    """How long to wait for events: until a message is due or timeouts are to be looked for."""
    cdef int64_t until_due_ns
    if may_open(shard):
        return 0
    if not is_sending_on_schedule(shard):
        return shard.settings.sweep_ns
    until_due_ns = shard.schedule.next_due_ns - clock_ns(CLOCK_MONOTONIC)
    if shard.settings.spin:
        until_due_ns -= SPIN_NS
    return max(<int64_t>0, min(until_due_ns, shard.settings.sweep_ns))


cdef inline void handle_events(
    ShardState *shard, Connection *connection, uint32_t events
) noexcept nogil:
    """Take what epoll reports of a connection: that it is connected, takes bytes, or has some."""
    if connection.state == CONNECTING or connection.state == RECONNECTING:
        connected(shard, connection)
        if connection.state == CONNECTING or connection.state == RECONNECTING:
            return # over TLS: the handshake goes on
    elif (
        (connection.sent < shard.settings.size or shard.settings.protocol == WEBSOCKET)
        and connection.state != CLOSED and events & EPOLLOUT
    ):
        send_on(shard, connection)
    # TLS may have waited for room to answer before it reads on.
    if connection.state != CLOSED and (
        events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) or shard.tls != NULL
    ):
        receive(shard, connection, events)


cdef inline void release_due(ShardState *shard) noexcept nogil:
    """Send what is due, or queue it where the connection is not free; a bounded number at once."""
    cdef Connection *connection
    cdef int64_t now, due
    cdef int released = 0
    while released < RELEASES:
        now = clock_ns(CLOCK_MONOTONIC)
        due = shard.schedule.next_due_ns
        if now < due:
            return
        released += 1
        connection = &shard.connections[shard.schedule.next]
        if shard.schedule.next < shard.status.opened and not is_new(connection):
            shard.tally.due += 1
            shard.tally.late += now - due > LATE_NS
            if connection.state == IDLE or connection.state == PARTED:
                deliver(shard, connection, due, now)
            else: # a failed connection too: its client would be waiting
                if connection.queued == 0:
                    connection.queue_due_ns = due
                connection.queued += 1
        schedule_advance(&shard.schedule)


cdef inline void sweep(ShardState *shard, int64_t now) noexcept nogil:
    """Fail the connections whose connect or whose message has taken too long; BROKEN -> IN_LINE
    for those whose pause is over."""
    cdef Connection *connection
    cdef int64_t i
    for i in range(shard.status.opened):
        connection = &shard.connections[i]
        if connection.state == CONNECTING or connection.state == RECONNECTING:
            if now - connection.opened_ns > shard.settings.connect_timeout_ns:
                fail(shard, connection, CONNECT_TIMEOUT)
        elif connection.state == PROBING or connection.state == BUSY:
            if now - connection.sent_ns > shard.settings.timeout_ns:
                fail(shard, connection, TIMEOUT)
        elif connection.state == BROKEN and shard.loading:
            if now - connection.opened_ns >= RETRY_NS:
                stand_in_line(shard, connection)
    shard.next_sweep_ns = now + shard.settings.sweep_ns


cdef inline void close_all(ShardState *shard) noexcept nogil:
    """Close what is open: the thread's end, so nothing is counted any more."""
    cdef int64_t i
    for i in range(shard.status.opened):
        if shard.connections[i].fd >= 0 and shard.connections[i].state != CLOSED:
            close_connection(shard, &shard.connections[i])
