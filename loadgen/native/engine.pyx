# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The fleet's native engine: one shard is one thread, one epoll and its share of the connections.

A shard's thread never takes the GIL, allocates nothing and locks nothing while it drives load.
Python commands it through an eventfd and waits on a semaphore until it has obeyed. What it
records goes into one of two tallies; a snapshot swaps them, so that Python reads one at leisure
while the thread goes on with the other.
"""

from libc.errno cimport (
    EADDRNOTAVAIL, EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR, EMFILE, ENFILE, EPIPE,
    ETIMEDOUT, errno,
)
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from c10k.loadgen.address import CONNECTIONS_PER_SOURCE
from c10k.loadgen.shard import ShardStatus

from c10k.loadgen.native.histogram cimport HDR_COUNTS, hdr_record
from c10k.loadgen.native.http cimport Reply, UNTIL_CLOSE, WHOLE, reply_begin, reply_feed
from c10k.loadgen.native.linux cimport *
from c10k.loadgen.native.payload cimport (
    PATTERN, RUN, message_at, message_start, pattern_at, pattern_create, pool_create
)
from c10k.loadgen.native.schedule cimport (
    Schedule, gap_after, in_fleet, passed, schedule_advance, schedule_begin, schedule_free,
    schedule_reserve,
)

cdef enum:
    EVENTS = 512 # taken from epoll at once
    RELEASES = 64 # due messages sent before the echoes get their turn again
    WAKE = 0xFFFFFFFF # marks the eventfd among the connections' indices
    SWEEP_NS = 100_000_000 # how often timeouts are looked for
    LATE_NS = 1_000_000 # a due message picked up later than this is the loader's own lateness
    SPIN_NS = 300_000 # before a due time, if asked to: what an idle virtual CPU takes to wake up
    RETRY_NS = 100_000_000 # at least, between two attempts to connect that brought no reply

cdef enum: # states of a connection
    CLOSED # given up
    CONNECTING
    PROBING # connected; the reply to its first message has not come yet
    IDLE
    BUSY
    PARTED # closed after its share of messages, until its next one is due
    RECONNECTING # with a message that waits for it
    BROKEN # failed; to be opened again RETRY_NS after it was opened last
    IN_LINE # failed; to be opened again as soon as there is room for it

cdef enum: # causes, in the order of CAUSE_NAMES
    CONNECT_REFUSED
    CONNECT_TIMEOUT
    CONNECT_FAILED
    NO_PORT
    NO_DESCRIPTOR
    NEVER_OPENED
    CLOSED_BY_SERVER
    RESET
    TIMEOUT
    CORRUPT
    EXCESS
    HTTP_STATUS
    MALFORMED
    IO_ERROR
    CAUSES

CAUSE_NAMES = (
    "connect_refused", "connect_timeout", "connect_failed", "no_port", "no_descriptor",
    "never_opened", "closed_by_server", "reset", "timeout", "corrupt", "excess", "http_status",
    "malformed", "io_error",
)

cdef enum: # protocols, in the order of PROTOCOL_NAMES
    ECHO
    HTTP
    RAW
    DOWNLOAD

PROTOCOL_NAMES = ("echo", "http", "raw", "download")

cdef enum: # commands
    RESIZE
    LOAD
    STOP
    SNAPSHOT
    QUIT


cdef struct Connection: # one cache line
    int fd
    uint8_t state
    uint8_t unproven # no verified reply since it was opened
    uint16_t completed_in # the snapshot in which the last message was completed, of 2^16
    uint32_t number # of the message under way
    uint32_t start # where in the pool it begins
    uint32_t sent # bytes of it
    uint32_t received # bytes of its reply
    uint32_t replies # since it was opened, but for the probe's
    uint32_t queued # messages that are due but wait their turn; in a closed loop 0 or 1
    int64_t due_ns
    int64_t sent_ns
    int64_t queue_due_ns # when the first of the queued messages was due
    int64_t opened_ns # when connect() was called


cdef struct Tally: # all that happened between two snapshots
    int64_t began_ns, ended_ns, cpu_began_ns, cpu_ended_ns
    int64_t sent, messages, lost, due, late, starved
    int64_t pending # when it ended: due and neither replied to nor lost
    int64_t response_sum_ns, service_sum_ns, send_lag_sum_ns, connect_sum_ns, first_echo_sum_ns
    int64_t waiting_sum_ns
    int64_t errors[CAUSES]
    int64_t response[HDR_COUNTS]
    int64_t service[HDR_COUNTS]
    int64_t send_lag[HDR_COUNTS]
    int64_t connect[HDR_COUNTS]
    int64_t first_echo[HDR_COUNTS]
    int64_t waiting[HDR_COUNTS]


cdef struct Engine:
    # what Python sets before the thread starts
    sockaddr_storage address
    socklen_t address_length
    sockaddr_storage *sources # to connect from: none for the first so many connections, then one
    uint32_t source_count, connections_per_source #  after the other for as many each
    int protocol
    uint32_t size # of what is sent
    uint32_t reply_size
    uint32_t replies_per_connection # 0: as many as there are
    bint sent_when_due # so that sending needs no record of its own
    bint reconnect # open connections again that failed under load
    int64_t connect_timeout_ns, timeout_ns
    uint32_t in_flight_limit
    int cpu
    bint spin
    # the thread's own
    pthread_t thread
    int epoll, wake
    unsigned char *pool # what is sent: runs of random bytes, or the request that is always the same
    unsigned char *pattern # what a download must bring
    unsigned char *buffer
    Connection *connections
    Reply *replies # as far as read, one a connection, if HTTP
    uint32_t room, target, active, opened, in_flight, ready, busy, failed
    uint32_t mending # being opened again, without a reply yet; they count as failed
    uint32_t *line # a ring of `room` places: the connections that are IN_LINE, in order
    uint32_t line_first, line_length
    uint16_t snapshot
    int64_t messages_before # the snapshot
    bint loading, quitting
    int64_t opening_began_ns, opening_ended_ns, next_sweep_ns
    Schedule schedule
    Tally *tally
    Tally *spare
    # a command and its answer
    int command
    uint32_t command_target, command_active, command_fleet_active
    int64_t command_epoch_ns
    sem_t handled
    bint refused


cdef void fail(Engine *engine, Connection *connection, int cause) noexcept nogil:
    """Count why the connection ended, and close it.

    The message under way is lost. While the load goes on, a connection that was open once is opened
    again, if that is asked for; meanwhile what is due on it waits, as it does behind a busy one.
    """
    cdef bint again = engine.reconnect and engine.loading and not is_new(connection)
    cdef bint waits = connection.state == RECONNECTING
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    engine.tally.errors[cause] += 1
    if connection.state == BUSY:
        lose(engine, connection, now, cause)
    elif waits and not again:
        record_loss(engine.tally, now - connection.due_ns)
    retire(engine, connection)
    engine.failed += 1
    if not again:
        return
    if waits: # before what is queued already
        connection.queue_due_ns = connection.due_ns
        connection.queued += 1
    elif engine.schedule.period_ns == 0:
        want_next(engine, connection, now)
    # One that opens, but carries no message, is not tried without a pause.
    connection.state = BROKEN
    if connection.replies > 0:
        stand_in_line(engine, connection)


cdef inline bint is_new(const Connection *connection) noexcept nogil:
    """Whether it is being opened for the first time: nothing is due on it yet."""
    if connection.state == CONNECTING:
        return connection.number == 0
    return connection.state == PROBING and connection.number == 1


cdef inline void lose(
    Engine *engine, Connection *connection, int64_t now, int cause
) noexcept nogil:
    """Count the message under way as lost. Its reply takes at least as long as it was waited for;
    a wrong one says nothing of how long the right one would have taken."""
    if cause == CORRUPT or cause == EXCESS or cause == MALFORMED or cause == HTTP_STATUS:
        engine.tally.lost += 1
        return
    record_loss(engine.tally, now - connection.due_ns)
    if not engine.sent_when_due:
        engine.tally.service_sum_ns += now - connection.sent_ns
        hdr_record(engine.tally.service, now - connection.sent_ns)


cdef inline void record_loss(Tally *tally, int64_t waited_ns) noexcept nogil:
    tally.lost += 1
    tally.response_sum_ns += waited_ns
    hdr_record(tally.response, waited_ns)


cdef inline void want_next(Engine *engine, Connection *connection, int64_t now) noexcept nogil:
    """In a closed loop, let the next message of an active connection wait until it is open."""
    if connection - engine.connections < engine.active and connection.queued == 0:
        connection.queue_due_ns = now
        connection.queued = 1


cdef inline void stand_in_line(Engine *engine, Connection *connection) noexcept nogil:
    connection.state = IN_LINE
    engine.line[(engine.line_first + engine.line_length) % engine.room] = <uint32_t>(
        connection - engine.connections
    )
    engine.line_length += 1


cdef void retire(Engine *engine, Connection *connection) noexcept nogil:
    """Close it, and take it out of all counts."""
    if is_new(connection):
        engine.in_flight -= 1
    elif connection.state == CONNECTING or connection.state == PROBING:
        engine.mending -= 1
        engine.failed -= 1
    elif connection.state == CLOSED or connection.state == BROKEN or connection.state == IN_LINE:
        engine.failed -= 1
    else:
        engine.ready -= 1
        engine.busy -= connection.state == BUSY or connection.state == RECONNECTING
    if connection.fd >= 0:
        close(connection.fd)
    connection.fd = -1
    connection.state = CLOSED
    note_opening(engine)


cdef inline void note_opening(Engine *engine) noexcept nogil:
    if engine.opened == engine.target and engine.in_flight == 0 and engine.opening_ended_ns == 0:
        engine.opening_ended_ns = clock_ns(CLOCK_MONOTONIC)


cdef int cause_of(int error) noexcept nogil:
    if error == ECONNRESET or error == EPIPE:
        return RESET
    if error == ECONNREFUSED:
        return CONNECT_REFUSED
    if error == EADDRNOTAVAIL:
        return NO_PORT
    if error == EMFILE or error == ENFILE:
        return NO_DESCRIPTOR
    if error == ETIMEDOUT: # what was sent is not acknowledged
        return TIMEOUT
    return IO_ERROR


cdef int connect_cause_of(int error) noexcept nogil:
    cdef int cause = cause_of(error)
    if cause == TIMEOUT:
        return CONNECT_TIMEOUT
    return CONNECT_FAILED if cause == IO_ERROR else cause


cdef inline bint may_open(const Engine *engine) noexcept nogil:
    """Whether to open one more: fewer than the limit lack their first echo."""
    return engine.in_flight + engine.mending < engine.in_flight_limit and (
        engine.opened < engine.target or (engine.loading and engine.line_length > 0)
    )


cdef void open_one(Engine *engine) noexcept nogil:
    """Begin to connect. One at a time, between looks at epoll: in a batch, the first would be
    found connected only after the last connect(), and seem slow."""
    cdef Connection *connection
    if engine.opened < engine.target:
        connection = &engine.connections[engine.opened]
        memset(connection, 0, sizeof(Connection))
        engine.opened += 1
        engine.in_flight += 1
    else:
        connection = &engine.connections[engine.line[engine.line_first]]
        engine.line_first = (engine.line_first + 1) % engine.room
        engine.line_length -= 1
        engine.mending += 1
    connection.state = CONNECTING
    begin_connecting(engine, connection)


cdef inline void reopen(Engine *engine, Connection *connection, int64_t due_ns) noexcept nogil:
    """Begin to connect anew for a message that is due."""
    connection.state = RECONNECTING
    connection.due_ns = due_ns
    engine.busy += 1
    begin_connecting(engine, connection)


cdef void begin_connecting(Engine *engine, Connection *connection) noexcept nogil:
    cdef uint32_t i = <uint32_t>(connection - engine.connections)
    cdef epoll_event event
    cdef int one = 1
    connection.unproven = True
    connection.replies = 0
    connection.opened_ns = clock_ns(CLOCK_MONOTONIC)
    # Edge-triggered and registered once for both directions: no second epoll_ctl, and the
    # kernel does not queue a drained socket again at every wait.
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
    event.data.u32 = i
    connection.fd = socket(
        engine.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0
    )
    if connection.fd < 0:
        fail(engine, connection, cause_of(errno))
        return
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
    if bind_source(engine, connection.fd, in_fleet(&engine.schedule, i)) < 0 or (
        connect(connection.fd, <sockaddr *>&engine.address, engine.address_length) < 0
        and errno != EINPROGRESS
    ):
        fail(engine, connection, connect_cause_of(errno))
    elif epoll_ctl(engine.epoll, EPOLL_CTL_ADD, connection.fd, &event) < 0:
        fail(engine, connection, IO_ERROR)


cdef inline int bind_source(Engine *engine, int fd, uint32_t number) noexcept nogil:
    """Choose the address that connection `number` of the fleet comes from, if it matters."""
    cdef uint32_t source = number // engine.connections_per_source % (engine.source_count + 1)
    cdef int one = 1
    if source == 0:
        return 0
    # The port is chosen by connect(), which knows the target: else it would have to be one that
    # no connection to anywhere has (ip(7)).
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one))
    return bind(fd, <sockaddr *>&engine.sources[source - 1], engine.address_length)


cdef inline void send_on(Engine *engine, Connection *connection) noexcept nogil:
    """Send what is left of the message, as far as the socket takes it."""
    cdef uint32_t left
    cdef ssize_t count
    while connection.sent < engine.size:
        left = engine.size - connection.sent
        count = send(
            connection.fd,
            message_at(engine.pool, connection.start, connection.sent),
            left if left < RUN else RUN,
            MSG_NOSIGNAL,
        )
        if count < 0:
            if errno == EAGAIN or errno == EINTR:
                return # an edge tells when there is room again
            fail(engine, connection, cause_of(errno))
            return
        connection.sent += <uint32_t>count


cdef inline void begin_message(
    Engine *engine, Connection *connection, int64_t due_ns, int64_t now_ns
) noexcept nogil:
    connection.number += 1
    connection.start = 0
    if engine.protocol == ECHO:
        connection.start = message_start(
            in_fleet(&engine.schedule, <uint32_t>(connection - engine.connections)),
            connection.number,
        )
    connection.sent = 0
    connection.received = 0
    if engine.protocol == HTTP:
        reply_begin(&engine.replies[connection - engine.connections])
    connection.due_ns = due_ns
    connection.sent_ns = now_ns
    if connection.state == IDLE:
        connection.state = BUSY
        engine.busy += 1
        engine.tally.sent += 1
        if not engine.sent_when_due:
            engine.tally.send_lag_sum_ns += now_ns - due_ns
            hdr_record(engine.tally.send_lag, now_ns - due_ns)
    send_on(engine, connection)


cdef inline void complete_message(
    Engine *engine, Connection *connection, bint good, bint closing
) noexcept nogil:
    """Take a whole reply, good or not; the server may be closing the connection after it."""
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    cdef Tally *tally = engine.tally
    if connection.unproven and good:
        connection.unproven = False
        tally.first_echo_sum_ns += now - connection.opened_ns
        hdr_record(tally.first_echo, now - connection.opened_ns)
    if connection.state == PROBING:
        if not good:
            fail(engine, connection, HTTP_STATUS)
            return
        if is_new(connection):
            engine.in_flight -= 1
        else:
            engine.mending -= 1
            engine.failed -= 1
        connection.state = IDLE
        engine.ready += 1
        note_opening(engine)
    else:
        connection.replies += 1
        if good:
            tally.messages += 1
            tally.response_sum_ns += now - connection.due_ns
            hdr_record(tally.response, now - connection.due_ns)
            if not engine.sent_when_due:
                tally.service_sum_ns += now - connection.sent_ns
                hdr_record(tally.service, now - connection.sent_ns)
        else:
            tally.errors[HTTP_STATUS] += 1
            lose(engine, connection, now, HTTP_STATUS)
        connection.completed_in = <uint16_t>engine.snapshot
        connection.state = IDLE
        engine.busy -= 1
    if closing or (
        engine.replies_per_connection and connection.replies >= engine.replies_per_connection
    ):
        part(engine, connection)
    go_on(engine, connection, now)


cdef void part(Engine *engine, Connection *connection) noexcept nogil:
    """Close a connection that has carried its share. Plainly: the server reads an end of file."""
    close(connection.fd)
    connection.fd = -1
    connection.state = PARTED


cdef inline void go_on(Engine *engine, Connection *connection, int64_t now) noexcept nogil:
    """Send the next message, if there is one already."""
    cdef uint32_t i = <uint32_t>(connection - engine.connections)
    cdef int64_t due = now
    if connection.queued:
        due = connection.queue_due_ns
        if engine.schedule.period_ns > 0:
            connection.queue_due_ns += gap_after(
                &engine.schedule, i, passed(&engine.schedule, i) - connection.queued
            )
        connection.queued -= 1
    elif engine.schedule.period_ns > 0 or not engine.loading or i >= engine.active:
        return
    deliver(engine, connection, due, now)


cdef int64_t record_queue(
    Engine *engine, Connection *connection, int64_t now, int64_t *counts
) noexcept nogil:
    """Record how long each queued message has waited; the sum."""
    cdef uint32_t i = <uint32_t>(connection - engine.connections)
    cdef int64_t number = passed(&engine.schedule, i) - connection.queued
    cdef int64_t due = connection.queue_due_ns
    cdef int64_t total = 0
    cdef uint32_t k
    for k in range(connection.queued):
        total += now - due
        hdr_record(counts, now - due)
        if engine.schedule.period_ns > 0:
            due += gap_after(&engine.schedule, i, number + k)
    return total


cdef inline void deliver(
    Engine *engine, Connection *connection, int64_t due, int64_t now
) noexcept nogil:
    """Send a message that is due on a connection that is free for it, or first open that."""
    if connection.state == PARTED:
        reopen(engine, connection, due)
    else:
        begin_message(engine, connection, due, now)


cdef inline void receive(Engine *engine, Connection *connection, uint32_t events) noexcept nogil:
    """Take what has arrived and check it; a short read means that the socket is drained."""
    cdef ssize_t count
    cdef int64_t opened_ns = connection.opened_ns
    while connection.fd >= 0 and connection.opened_ns == opened_ns: # neither ended nor reopened
        count = recv(connection.fd, engine.buffer, RUN, 0)
        if count > 0:
            if connection.state == IDLE:
                fail(engine, connection, EXCESS)
            elif engine.protocol == ECHO:
                take_echo(engine, connection, <uint32_t>count)
            else:
                take_reply(engine, connection, <uint32_t>count)
            if count < RUN and not events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR):
                return
        elif count == 0:
            take_end(engine, connection)
            return
        elif errno == EAGAIN:
            return
        elif errno != EINTR:
            fail(engine, connection, cause_of(errno))


cdef inline void take_echo(Engine *engine, Connection *connection, uint32_t count) noexcept nogil:
    if connection.received + count > connection.sent:
        fail(engine, connection, EXCESS)
        return
    if memcmp(
        engine.buffer, message_at(engine.pool, connection.start, connection.received), count
    ) != 0:
        fail(engine, connection, CORRUPT)
        return
    connection.received += count
    if connection.received == engine.size:
        complete_message(engine, connection, True, False)


cdef inline void take_reply(Engine *engine, Connection *connection, uint32_t count) noexcept nogil:
    """Take bytes of a reply that is no echo, to a request that must be out."""
    cdef Reply *reply
    if connection.sent < engine.size:
        fail(engine, connection, EXCESS)
    elif engine.protocol == HTTP:
        reply = &engine.replies[connection - engine.connections]
        if not reply_feed(reply, <const char *>engine.buffer, count):
            fail(engine, connection, EXCESS if reply.state == WHOLE else MALFORMED)
        elif reply.state == WHOLE:
            complete_message(engine, connection, 200 <= reply.status < 300, reply.closing)
    elif connection.received + count > engine.reply_size:
        fail(engine, connection, EXCESS)
    elif engine.protocol == DOWNLOAD and memcmp(
        engine.buffer, pattern_at(engine.pattern, connection.received), count
    ) != 0:
        fail(engine, connection, CORRUPT)
    else:
        connection.received += count
        if connection.received == engine.reply_size:
            complete_message(engine, connection, True, False)


cdef inline void take_end(Engine *engine, Connection *connection) noexcept nogil:
    """Take the end of what the server sends, which is how some replies of HTTP end."""
    cdef Reply *reply
    if engine.protocol == HTTP and connection.state != IDLE:
        reply = &engine.replies[connection - engine.connections]
        if reply.state == UNTIL_CLOSE:
            complete_message(engine, connection, 200 <= reply.status < 300, True)
            return
    fail(engine, connection, CLOSED_BY_SERVER)


cdef void connected(Engine *engine, Connection *connection) noexcept nogil:
    cdef int error = 0
    cdef socklen_t length = sizeof(error)
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &length)
    if error:
        fail(engine, connection, connect_cause_of(error))
        return
    engine.tally.connect_sum_ns += now - connection.opened_ns
    hdr_record(engine.tally.connect, now - connection.opened_ns)
    if connection.state == CONNECTING:
        connection.state = PROBING
        begin_message(engine, connection, now, now)
    else:
        engine.busy -= 1 # until it is again, at once
        connection.state = IDLE
        begin_message(engine, connection, connection.due_ns, now)


cdef inline void handle(Engine *engine, Connection *connection, uint32_t events) noexcept nogil:
    if connection.state == CONNECTING or connection.state == RECONNECTING:
        connected(engine, connection)
    elif connection.sent < engine.size and connection.state != CLOSED and events & EPOLLOUT:
        send_on(engine, connection)
    if connection.state != CLOSED and events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR):
        receive(engine, connection, events)


cdef inline void release_due(Engine *engine) noexcept nogil:
    """Send what is due, or queue it where the connection is not free; a bounded number at once."""
    cdef Connection *connection
    cdef int64_t now, due
    cdef int released = 0
    while released < RELEASES:
        now = clock_ns(CLOCK_MONOTONIC)
        due = engine.schedule.next_due_ns
        if now < due:
            return
        released += 1
        connection = &engine.connections[engine.schedule.next]
        if engine.schedule.next < engine.opened and not is_new(connection):
            engine.tally.due += 1
            engine.tally.late += now - due > LATE_NS
            if connection.state == IDLE or connection.state == PARTED:
                deliver(engine, connection, due, now)
            else: # also where it failed: who would send it waits
                if connection.queued == 0:
                    connection.queue_due_ns = due
                connection.queued += 1
        schedule_advance(&engine.schedule)


cdef void sweep(Engine *engine, int64_t now) noexcept nogil:
    """End the connections whose connect or whose message has taken too long, and have those that
    are broken opened again when it is time."""
    cdef uint32_t i
    cdef Connection *connection
    for i in range(engine.opened):
        connection = &engine.connections[i]
        if connection.state == CONNECTING or connection.state == RECONNECTING:
            if now - connection.opened_ns > engine.connect_timeout_ns:
                fail(engine, connection, CONNECT_TIMEOUT)
        elif connection.state == PROBING or connection.state == BUSY:
            if now - connection.sent_ns > engine.timeout_ns:
                fail(engine, connection, TIMEOUT)
        elif connection.state == BROKEN and engine.loading:
            if now - connection.opened_ns >= RETRY_NS:
                stand_in_line(engine, connection)
    engine.next_sweep_ns = now + SWEEP_NS


cdef bint reserve(Engine *engine, uint32_t room) noexcept nogil:
    """Make room for so many connections; whether there is memory for it."""
    cdef Connection *connections
    cdef Reply *replies
    cdef uint32_t *line
    connections = <Connection *>realloc(engine.connections, room * sizeof(Connection))
    if connections == NULL:
        return False
    engine.connections = connections
    line = <uint32_t *>realloc(engine.line, room * sizeof(uint32_t))
    if line == NULL:
        return False
    engine.line = line
    if engine.protocol == HTTP:
        replies = <Reply *>realloc(engine.replies, room * sizeof(Reply))
        if replies == NULL:
            return False
        engine.replies = replies
    return schedule_reserve(&engine.schedule, room)


cdef void resize(Engine *engine) noexcept nogil:
    cdef uint32_t target = engine.command_target
    cdef uint32_t i
    engine.refused = target > engine.room and not reserve(engine, target)
    if engine.refused:
        return
    engine.room = max(engine.room, target)
    for i in range(target, engine.opened):
        retire(engine, &engine.connections[i])
    if target < engine.opened:
        engine.opened = target
    elif target > engine.opened:
        # Closed until they are opened: the schedule may come to them before.
        memset(
            &engine.connections[engine.opened], 0, (target - engine.opened) * sizeof(Connection)
        )
        engine.opening_began_ns = clock_ns(CLOCK_MONOTONIC)
        engine.opening_ended_ns = 0
    engine.target = target
    engine.active = engine.command_active
    engine.line_first = engine.line_length = 0
    for i in range(engine.opened):
        if engine.connections[i].state == IN_LINE:
            stand_in_line(engine, &engine.connections[i])
    if engine.loading:
        begin_load(engine)


cdef void load(Engine *engine) noexcept nogil:
    """Give up on connections without a first reply and let the others begin."""
    cdef uint32_t i
    cdef Connection *connection
    for i in range(engine.opened, engine.target):
        engine.connections[i].state = CLOSED
        engine.connections[i].fd = -1
        engine.tally.errors[NEVER_OPENED] += 1
        engine.failed += 1
    engine.opened = engine.target
    for i in range(engine.target):
        connection = &engine.connections[i]
        if is_new(connection):
            fail(engine, connection, NEVER_OPENED)
    note_opening(engine)
    engine.loading = True
    begin_load(engine)


cdef void begin_load(Engine *engine) noexcept nogil:
    """Begin the schedule anew; in a closed loop, let begin whoever is active and waits for it."""
    cdef uint32_t i
    cdef Connection *connection
    cdef int64_t now
    if engine.schedule.period_ns > 0:
        schedule_begin(
            &engine.schedule, engine.active, engine.command_fleet_active, engine.command_epoch_ns
        )
        return
    for i in range(min(engine.active, engine.opened)):
        connection = &engine.connections[i]
        now = clock_ns(CLOCK_MONOTONIC)
        if connection.state == IDLE or connection.state == PARTED:
            deliver(engine, connection, now, now)
        elif connection.state == BROKEN or connection.state == IN_LINE:
            want_next(engine, connection, now)


cdef void stop(Engine *engine) noexcept nogil:
    """Send nothing new; replies to what is under way may arrive. What waits to be sent is lost."""
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    cdef Connection *connection
    cdef uint32_t i
    engine.loading = False
    for i in range(engine.opened):
        connection = &engine.connections[i]
        if connection.queued:
            engine.tally.lost += connection.queued
            engine.tally.response_sum_ns += record_queue(
                engine, connection, now, engine.tally.response
            )
            connection.queued = 0


cdef void snapshot(Engine *engine) noexcept nogil:
    """End this tally and begin the other, which Python has left zeroed."""
    cdef Tally *tally = engine.tally
    cdef Connection *connection
    cdef bint under_way, starved
    cdef int64_t oldest_ns
    cdef uint32_t i
    tally.ended_ns = clock_ns(CLOCK_MONOTONIC)
    tally.cpu_ended_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)
    for i in range(engine.opened):
        connection = &engine.connections[i]
        under_way = connection.state == BUSY or connection.state == RECONNECTING
        if not (under_way or connection.queued):
            continue
        tally.pending += under_way + connection.queued
        oldest_ns = connection.due_ns if under_way else connection.queue_due_ns
        starved = connection.completed_in != engine.snapshot and oldest_ns < tally.began_ns
        tally.starved += starved
        # In an open loop all that is due is a sample, of its wait so far if need be. In a closed
        # one every connection waits at any time: only a starved one's wait says more than replies.
        if under_way and (starved or engine.schedule.period_ns > 0):
            tally.waiting_sum_ns += tally.ended_ns - connection.due_ns
            hdr_record(tally.waiting, tally.ended_ns - connection.due_ns)
        if starved or engine.schedule.period_ns > 0:
            tally.waiting_sum_ns += record_queue(
                engine, connection, tally.ended_ns, tally.waiting
            )
    engine.messages_before += tally.messages
    engine.tally = engine.spare
    engine.spare = tally
    engine.snapshot += 1
    engine.tally.began_ns = tally.ended_ns
    engine.tally.cpu_began_ns = tally.cpu_ended_ns


cdef void handle_command(Engine *engine) noexcept nogil:
    cdef uint64_t count
    read(engine.wake, &count, sizeof(count))
    if engine.command == RESIZE:
        resize(engine)
    elif engine.command == LOAD:
        load(engine)
    elif engine.command == STOP:
        stop(engine)
    elif engine.command == SNAPSHOT:
        snapshot(engine)
    elif engine.command == QUIT:
        engine.quitting = True
    sem_post(&engine.handled)


cdef void *drive(void *argument) noexcept nogil:
    """The thread: wait for echoes or for the next due message, and serve them."""
    cdef Engine *engine = <Engine *>argument
    cdef epoll_event events[EVENTS]
    cdef int ready, i
    cdef bint woken
    cdef int64_t now, wait_ns
    own_thread("c10k-fleet", engine.cpu)
    now = clock_ns(CLOCK_MONOTONIC)
    engine.tally.began_ns = now
    engine.tally.cpu_began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)
    while not engine.quitting:
        wait_ns = SWEEP_NS
        if may_open(engine):
            open_one(engine)
        if engine.loading and engine.schedule.period_ns > 0 and engine.active > 0:
            release_due(engine)
            wait_ns = engine.schedule.next_due_ns - clock_ns(CLOCK_MONOTONIC)
            if engine.spin:
                wait_ns -= SPIN_NS
            wait_ns = 0 if wait_ns < 0 else min(wait_ns, SWEEP_NS)
        if may_open(engine):
            wait_ns = 0
        ready = epoll_wait_ns(engine.epoll, events, EVENTS, wait_ns)
        woken = False
        for i in range(ready):
            if events[i].data.u32 == WAKE:
                woken = True
            else:
                handle(engine, &engine.connections[events[i].data.u32], events[i].events)
        if woken: # after the batch: a command may move the connections
            handle_command(engine)
        now = clock_ns(CLOCK_MONOTONIC)
        if now >= engine.next_sweep_ns:
            sweep(engine, now)
    for i in range(<int>engine.opened):
        if engine.connections[i].fd >= 0 and engine.connections[i].state != CLOSED:
            close(engine.connections[i].fd)
    return NULL


def due_times(
    int arrivals, *, uint32_t connections, uint32_t fleet, uint32_t index, uint32_t shards,
    double period_ns, bint poisson, uint64_t seed, int64_t epoch_ns,
):
    """The first arrivals of a shard's schedule, as (connection of the fleet, number, due_ns)."""
    cdef Schedule schedule
    cdef int64_t number
    memset(&schedule, 0, sizeof(Schedule))
    schedule.index, schedule.shards = index, shards
    schedule.period_ns, schedule.poisson, schedule.seed = period_ns, poisson, seed
    planned = []
    try:
        if not schedule_reserve(&schedule, connections):
            raise MemoryError
        schedule_begin(&schedule, connections, fleet, epoch_ns)
        for _ in range(arrivals):
            number = passed(&schedule, schedule.next)
            planned.append((in_fleet(&schedule, schedule.next), number, schedule.next_due_ns))
            schedule_advance(&schedule)
    finally:
        schedule_free(&schedule)
    return planned


def read_reply(parts):
    """Feed the parts of a reply of HTTP: (status, what it came to, whether it asks to close).

    What it came to: whole, malformed, excess (bytes behind its end), until_close or cut.
    """
    cdef Reply reply
    cdef bytes part
    reply_begin(&reply)
    for part in parts:
        if not reply_feed(&reply, <const char *>part, len(part)):
            return reply.status, "excess" if reply.state == WHOLE else "malformed", reply.closing
    outcomes = {WHOLE: "whole", UNTIL_CLOSE: "until_close"}
    return reply.status, outcomes.get(reply.state, "cut"), reply.closing


cdef bytes counts_of(const int64_t *counts):
    return (<const char *>counts)[:HDR_COUNTS * sizeof(int64_t)]


cdef class Shard:
    """A shard (loadgen/shard.py) that is one native thread, pinned to `cpu` if there is one.

    With `spin` it polls for the last 0.3 ms before a message is due. Raises MemoryError or OSError
    where the machine refuses memory, an epoll or a thread.
    """

    cdef Engine *engine
    cdef bint running

    def __cinit__(
        self, target, workload, *, uint32_t index, uint32_t shards, uint32_t in_flight, cpu,
        bint spin,
    ):
        cdef epoll_event event
        cdef Engine *engine = <Engine *>calloc(1, sizeof(Engine))
        if engine == NULL:
            raise MemoryError
        self.engine = engine
        engine.epoll = engine.wake = -1
        self.configure(target, workload)
        engine.schedule.index, engine.schedule.shards = index, shards
        engine.in_flight_limit, engine.spin = in_flight, spin
        engine.cpu = -1 if cpu is None else cpu
        engine.snapshot = 1
        engine.tally = <Tally *>calloc(1, sizeof(Tally))
        engine.spare = <Tally *>calloc(1, sizeof(Tally))
        engine.buffer = <unsigned char *>malloc(RUN)
        engine.pattern = pattern_create()
        if not (engine.tally and engine.spare and engine.buffer and engine.pattern):
            raise MemoryError
        sem_init(&engine.handled, 0, 0)
        engine.epoll = epoll_create1(EPOLL_CLOEXEC)
        engine.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if engine.epoll < 0 or engine.wake < 0:
            raise OSError(errno, "no descriptor for the fleet's epoll")
        event.events = EPOLLIN
        event.data.u32 = WAKE
        epoll_ctl(engine.epoll, EPOLL_CTL_ADD, engine.wake, &event)
        if pthread_create(&engine.thread, NULL, drive, engine) != 0:
            raise OSError("the fleet's thread cannot be started: too many processes or no memory")
        self.running = True

    cdef void configure(self, target, workload) except *:
        """Take over what is to be done."""
        cdef Engine *engine = self.engine
        cdef bytes packed = target.packed
        cdef bytes request
        cdef size_t i
        memcpy(&engine.address, <const char *>packed, len(packed))
        engine.address_length = <socklen_t>len(packed)
        churning = workload.messages_per_connection is not None
        engine.replies_per_connection = workload.messages_per_connection if churning else 0
        engine.connections_per_source = 1 if churning else CONNECTIONS_PER_SOURCE
        engine.source_count = len(target.sources)
        engine.sources = <sockaddr_storage *>calloc(
            engine.source_count + 1, sizeof(sockaddr_storage)
        )
        if engine.sources == NULL:
            raise MemoryError
        for i, source in enumerate(target.sources):
            packed = source.packed
            memcpy(&engine.sources[i], <const char *>packed, len(packed))
        engine.protocol = PROTOCOL_NAMES.index(workload.protocol)
        if engine.protocol == ECHO:
            engine.pool = pool_create()
            engine.size = engine.reply_size = workload.size_bytes
        else:
            request = workload.request(target.authority)
            engine.pool = <unsigned char *>malloc(len(request))
            engine.size, engine.reply_size = len(request), workload.expect_bytes
        if engine.pool == NULL:
            raise MemoryError
        if engine.protocol != ECHO:
            memcpy(engine.pool, <const char *>request, len(request))
        engine.sent_when_due = workload.sent_when_due
        engine.reconnect = workload.reconnect
        engine.schedule.poisson = workload.arrivals == "poisson"
        engine.schedule.seed = workload.seed
        if workload.rate_per_connection is not None:
            engine.schedule.period_ns = 1e9 / workload.rate_per_connection
        engine.connect_timeout_ns = <int64_t>(workload.connect_timeout_s * 1e9)
        engine.timeout_ns = <int64_t>(workload.timeout_s * 1e9)

    def __dealloc__(self):
        if self.engine == NULL:
            return
        self.quit()
        if self.engine.epoll >= 0:
            close(self.engine.epoll)
        if self.engine.wake >= 0:
            close(self.engine.wake)
        sem_destroy(&self.engine.handled)
        schedule_free(&self.engine.schedule)
        free(self.engine.connections)
        free(self.engine.line)
        free(self.engine.replies)
        free(self.engine.sources)
        free(self.engine.tally)
        free(self.engine.spare)
        free(self.engine.buffer)
        free(self.engine.pattern)
        free(self.engine.pool)
        free(self.engine)

    cdef void command(self, int command) noexcept:
        cdef uint64_t one = 1
        cdef Engine *engine = self.engine
        engine.command = command
        with nogil:
            write(engine.wake, &one, sizeof(one))
            while sem_wait(&engine.handled) < 0: # a signal: Python's handler runs after this
                pass

    def resize(
        self, uint32_t target, uint32_t active, uint32_t fleet_active, int64_t epoch_ns
    ):
        self.engine.command_target, self.engine.command_active = target, active
        self.engine.command_fleet_active = fleet_active
        self.engine.command_epoch_ns = epoch_ns
        self.command(RESIZE)
        if self.engine.refused:
            raise MemoryError(f"no memory for {target} connections")

    def load(self, int64_t epoch_ns):
        self.engine.command_epoch_ns = epoch_ns
        self.command(LOAD)

    def stop(self):
        self.command(STOP)

    def quit(self):
        if self.running:
            self.running = False
            self.command(QUIT)
            with nogil:
                pthread_join(self.engine.thread, NULL)

    def snapshot(self):
        cdef Tally *tally
        self.command(SNAPSHOT)
        tally = self.engine.spare
        taken = {
            "began_ns": tally.began_ns,
            "ended_ns": tally.ended_ns,
            "cpu_ns": tally.cpu_ended_ns - tally.cpu_began_ns,
            "sent": tally.sent,
            "messages": tally.messages,
            "lost": tally.lost,
            "pending": tally.pending,
            "due": tally.due,
            "late": tally.late,
            "starved": tally.starved,
            "errors": {
                CAUSE_NAMES[cause]: tally.errors[cause]
                for cause in range(CAUSES)
                if tally.errors[cause]
            },
            "sums_ns": {
                "response": tally.response_sum_ns,
                "service": tally.service_sum_ns,
                "send_lag": tally.send_lag_sum_ns,
                "connect": tally.connect_sum_ns,
                "first_echo": tally.first_echo_sum_ns,
                "waiting": tally.waiting_sum_ns,
            },
            "counts": {
                "response": counts_of(tally.response),
                "service": counts_of(tally.service),
                "send_lag": counts_of(tally.send_lag),
                "connect": counts_of(tally.connect),
                "first_echo": counts_of(tally.first_echo),
                "waiting": counts_of(tally.waiting),
            },
        }
        memset(tally, 0, sizeof(Tally))
        return taken

    def peek(self):
        cdef Engine *engine = self.engine
        return ShardStatus(
            engine.ready, engine.failed, engine.busy,
            engine.in_flight + engine.target - engine.opened,
            engine.messages_before + engine.tally.messages,
            engine.opening_began_ns, engine.opening_ended_ns,
        )

    def response_counts(self):
        return counts_of(self.engine.tally.response)
