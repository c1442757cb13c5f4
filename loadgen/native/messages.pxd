"""How a message is sent, and what its reply brings about."""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from c10k.loadgen.native.atomics cimport add
from c10k.loadgen.native.causes cimport (
    HTTP_STATUS, IO_ERROR, TLS_CERTIFICATE, TLS_HANDSHAKE, cause_of, connect_cause_of,
)
from c10k.loadgen.native.connection cimport (
    BUSY, CONNECTING, Connection, IDLE, PARTED, PROBING, is_new,
)
from c10k.loadgen.native.failing cimport end_reopening, fail, note_opening
from c10k.loadgen.native.http cimport ACCEPT, reply_begin
from c10k.loadgen.native.linux cimport *
from c10k.loadgen.native.opening cimport reopen
from c10k.loadgen.native.payload cimport RUN, message_at, message_start
from c10k.loadgen.native.schedule cimport gap_after, in_fleet, passed
from c10k.loadgen.native.shard cimport (
    ECHO, HTTP, Session, ShardState, WEBSOCKET, index_of, is_open_loop, session_of,
)
from c10k.loadgen.native.tally cimport (
    CONNECT, FIRST_ECHO, HANDSHAKE, SEND_LAG, record, record_lost, record_reply,
)
from c10k.loadgen.native.tls cimport tls_begin, tls_distrusts, tls_shake_hands
from c10k.loadgen.native.transport cimport close_connection, send_bytes
from c10k.loadgen.native.websocket cimport (
    KEYS, LARGEST_HEADER, Socket, make_pong, pong_of, socket_begin,
)

cdef enum:
    FIRST_RUN = 4096 # of a message that needs a header before it


cdef inline void connected(ShardState *shard, Connection *connection) noexcept nogil:
    """Take up a connection that connect() is done with; over TLS, go on with its handshake."""
    cdef int error = 0
    cdef socklen_t length = sizeof(error)
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    if shard.tls == NULL or session_of(shard, connection).ssl == NULL:
        getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &length) # how connect() ended
        if error:
            fail(shard, connection, connect_cause_of(error))
            return
    if shard.tls == NULL:
        use(shard, connection, now)
    else:
        shake_hands(shard, connection, now)


cdef inline void shake_hands(
    ShardState *shard, Connection *connection, int64_t now
) noexcept nogil:
    """Begin the handshake or go on with it; the connection is used when it is done."""
    cdef Session *session = session_of(shard, connection)
    if session.ssl == NULL and not tls_begin(shard.tls, session, connection.fd, now):
        fail(shard, connection, IO_ERROR)
    elif tls_shake_hands(shard.tls, session) == 1:
        now = clock_ns(CLOCK_MONOTONIC)
        record(shard.tally, HANDSHAKE, now - session.connected_ns)
        use(shard, connection, now)
    elif errno != EAGAIN:
        fail(
            shard, connection,
            TLS_CERTIFICATE if tls_distrusts(shard.tls, session) else TLS_HANDSHAKE,
        )


cdef inline void use(ShardState *shard, Connection *connection, int64_t now) noexcept nogil:
    """Send what the connection was opened for.

    CONNECTING -> PROBING, with a first message that is no sample; RECONNECTING -> BUSY.
    """
    record(shard.tally, CONNECT, now - connection.opened_ns)
    if shard.settings.protocol == WEBSOCKET:
        begin_handshake(shard, connection)
    if connection.state == CONNECTING:
        connection.state = PROBING
        begin_message(shard, connection, now, now)
    else:
        add(&shard.status.busy, -1) # begin_message() counts it again
        connection.state = IDLE
        begin_message(shard, connection, connection.due_ns, now)


cdef inline void begin_handshake(ShardState *shard, Connection *connection) noexcept nogil:
    """Have the handshake sent before the first message."""
    cdef uint32_t i = index_of(shard, connection)
    cdef uint8_t key = <uint8_t>((i + connection.number) % KEYS)
    socket_begin(&shard.sockets[i], key, shard.accepts + key * ACCEPT)


cdef inline void deliver(
    ShardState *shard, Connection *connection, int64_t due, int64_t now
) noexcept nogil:
    """Send a message on a connection that is IDLE, or open the one that is PARTED for it."""
    if connection.state == PARTED:
        reopen(shard, connection, due)
    else:
        begin_message(shard, connection, due, now)


cdef inline void begin_message(
    ShardState *shard, Connection *connection, int64_t due_ns, int64_t now_ns
) noexcept nogil:
    """Begin to send the next message: IDLE -> BUSY; in PROBING it is the probe, and no sample."""
    cdef uint32_t i = index_of(shard, connection)
    connection.number += 1
    connection.start = 0
    if shard.settings.protocol == ECHO or shard.settings.protocol == WEBSOCKET:
        connection.start = message_start(in_fleet(&shard.schedule, i), connection.number)
    connection.sent = 0
    connection.received = 0
    if shard.settings.protocol == HTTP:
        reply_begin(&shard.replies[i])
    elif shard.settings.protocol == WEBSOCKET:
        shard.sockets[i].offered = False
    connection.due_ns = due_ns
    connection.sent_ns = now_ns
    if connection.state == IDLE:
        connection.state = BUSY
        add(&shard.status.busy, 1)
        shard.tally.sent += 1
        if not shard.settings.sent_when_due:
            record(shard.tally, SEND_LAG, now_ns - due_ns)
    send_on(shard, connection)


cdef inline void send_on(ShardState *shard, Connection *connection) noexcept nogil:
    """Send what is left of the message, as far as the socket takes it."""
    cdef uint32_t left, count
    if shard.settings.protocol == WEBSOCKET:
        send_frames(shard, connection)
        return
    while connection.sent < shard.settings.size:
        left = shard.settings.size - connection.sent
        count = put(
            shard, connection, message_at(shard.pool, connection.start, connection.sent),
            left if left < RUN else RUN,
        )
        if count == 0:
            return
        connection.sent += count


cdef inline uint32_t put(
    ShardState *shard, Connection *connection, const void *data, uint32_t size
) noexcept nogil:
    """Send as much as the socket takes; how much that was. 0 where an edge will tell when there is
    room again, or where the connection has failed."""
    cdef ssize_t count = send_bytes(shard, connection, data, size)
    if count >= 0:
        return <uint32_t>count
    if errno != EAGAIN and errno != EINTR:
        fail(shard, connection, cause_of(errno))
    return 0


cdef inline void send_frames(ShardState *shard, Connection *connection) noexcept nogil:
    """Send what is left of the handshake and, once that is answered, of the message; a pong goes
    where a frame ends."""
    cdef Socket *socket = &shard.sockets[index_of(shard, connection)]
    cdef uint32_t size = shard.settings.handshake_size
    cdef uint32_t count
    while True:
        if not socket.upgraded:
            if socket.handshake_sent == size:
                return
            count = put(
                shard, connection, shard.handshakes + socket.key * size + socket.handshake_sent,
                size - socket.handshake_sent,
            )
            socket.handshake_sent += count
        elif has_pong(shard, connection, socket):
            count = put(
                shard, connection, pong_of(socket) + socket.pong_sent,
                socket.pong_size - socket.pong_sent,
            )
            socket.pong_sent += <uint8_t>count
        elif connection.sent < shard.settings.size:
            socket.offered = True
            count = put_frame(shard, connection)
            connection.sent += count
        else:
            return
        if count == 0:
            return


cdef inline bint has_pong(
    const ShardState *shard, const Connection *connection, Socket *socket
) noexcept nogil:
    """Whether a pong, or the rest of one, is to be sent now: no frame may be cut in two, and TLS
    takes nothing else after what it had no room for."""
    if socket.offered and connection.sent < shard.settings.size:
        return False
    if socket.pinged and socket.pong_sent == socket.pong_size:
        make_pong(socket, message_at(shard.pool, connection.start, 0))
    return socket.pong_sent < socket.pong_size


cdef inline uint32_t put_frame(ShardState *shard, Connection *connection) noexcept nogil:
    """Send of the message's frame what is left, at most RUN bytes; how many were sent."""
    cdef unsigned char first[LARGEST_HEADER + FIRST_RUN]
    cdef uint32_t header_left = 0
    cdef uint32_t left = shard.settings.size - connection.sent
    cdef uint32_t run, offset = 0
    if connection.sent < shard.settings.frame.size:
        header_left = shard.settings.frame.size - connection.sent
    else:
        offset = connection.sent - shard.settings.frame.size
    run = left - header_left
    if header_left == 0:
        return put(
            shard, connection, message_at(shard.pool, connection.start, offset),
            run if run < RUN else RUN,
        )
    run = run if run < FIRST_RUN else FIRST_RUN
    memcpy(first, shard.settings.frame.bytes + connection.sent, header_left)
    memcpy(first + header_left, message_at(shard.pool, connection.start, 0), run)
    return put(shard, connection, first, header_left + run)


cdef inline void complete_message(
    ShardState *shard, Connection *connection, bint good, bint closing
) noexcept nogil:
    """Take a whole reply, good or not: PROBING or BUSY -> IDLE, then what comes next.

    `closing` says that the server ends the connection after it.
    """
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    if connection.unverified and good:
        connection.unverified = False
        record(shard.tally, FIRST_ECHO, now - connection.opened_ns)
    if connection.state == PROBING:
        if not good:
            fail(shard, connection, HTTP_STATUS)
            return
        end_probing(shard, connection)
    else:
        count_reply(shard, connection, good, now)
    if closing or (
        shard.settings.replies_per_connection
        and connection.replies >= shard.settings.replies_per_connection
    ):
        part(shard, connection)
    send_next(shard, connection, now)


cdef inline void end_probing(ShardState *shard, Connection *connection) noexcept nogil:
    """Count a connection as ready that has proved itself: PROBING -> IDLE."""
    if is_new(connection):
        add(&shard.status.in_flight, -1)
    else:
        end_reopening(shard)
    connection.state = IDLE
    add(&shard.status.ready, 1)
    note_opening(shard)


cdef inline void count_reply(
    ShardState *shard, Connection *connection, bint good, int64_t now
) noexcept nogil:
    """Record a message's reply: BUSY -> IDLE. One that is not good loses the message alone."""
    cdef bint sent_when_due = shard.settings.sent_when_due
    connection.replies += 1
    if good:
        add(&shard.status.messages, 1)
        record_reply(shard.tally, connection.due_ns, connection.sent_ns, now, sent_when_due)
    else:
        shard.tally.errors[HTTP_STATUS] += 1
        record_lost(
            shard.tally, HTTP_STATUS, connection.due_ns, connection.sent_ns, now, sent_when_due
        )
    connection.completed_in = shard.snapshot
    connection.state = IDLE
    add(&shard.status.busy, -1)


cdef inline void part(ShardState *shard, Connection *connection) noexcept nogil:
    """Close a connection that has carried its share of messages: IDLE -> PARTED.

    By close() alone, with all replies read: the server reads an end of file, not a reset.
    """
    close_connection(shard, connection)
    connection.state = PARTED


cdef inline void send_next(ShardState *shard, Connection *connection, int64_t now) noexcept nogil:
    """Send the next message, if one is due already: IDLE -> BUSY, PARTED -> RECONNECTING."""
    cdef uint32_t i = index_of(shard, connection)
    cdef int64_t due = now
    if connection.queued:
        due = connection.queue_due_ns
        if is_open_loop(shard):
            connection.queue_due_ns += gap_after(
                &shard.schedule, i, passed(&shard.schedule, i) - connection.queued
            )
        connection.queued -= 1
    elif is_open_loop(shard) or not shard.loading or i >= shard.active:
        return
    deliver(shard, connection, due, now)
