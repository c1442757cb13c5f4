"""How what arrives is checked, by protocol."""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcmp, memcpy

from c10k.loadgen.native.causes cimport (
    CLOSED_BY_SERVER, CORRUPT, EXCESS, HTTP_STATUS, MALFORMED, PROTOCOL_ERROR, cause_of,
)
from c10k.loadgen.native.connection cimport BUSY, Connection, IDLE, PROBING
from c10k.loadgen.native.failing cimport fail
from c10k.loadgen.native.http cimport (
    AGREES, MALFORMED_REPLY, Reply, UNTIL_CLOSE, WHOLE, reply_feed,
)
from c10k.loadgen.native.linux cimport EPOLLERR, EPOLLHUP, EPOLLRDHUP
from c10k.loadgen.native.messages cimport complete_message, send_on
from c10k.loadgen.native.payload cimport RUN, message_at, pattern_at
from c10k.loadgen.native.shard cimport DOWNLOAD, ECHO, HTTP, ShardState, WEBSOCKET, index_of
from c10k.loadgen.native.transport cimport receive_bytes
from c10k.loadgen.native.websocket cimport (
    CLOSE, MASK_KEY, PING, Socket, begin_frame, end_frame, handshake_feed, header_feed, is_control,
    is_unmasked, ping_of,
)


cdef inline void receive(
    ShardState *shard, Connection *connection, uint32_t events
) noexcept nogil:
    """Read until the socket is drained, or the connection has ended or been opened again.

    A short read means that it is drained, which saves the recv() that would say EAGAIN. Only where
    the end of the connection has been reported must that be read, too; and over TLS, where a read
    ends with a record.
    """
    cdef ssize_t count
    cdef int64_t opened_ns = connection.opened_ns
    cdef bint to_the_end = (
        events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) != 0 or shard.tls != NULL
    )
    while connection.fd >= 0 and connection.opened_ns == opened_ns:
        count = receive_bytes(shard, connection)
        if count > 0:
            take(shard, connection, <uint32_t>count)
            if count < RUN and not to_the_end:
                return
        elif count == 0:
            take_end(shard, connection)
            return
        elif errno == EAGAIN:
            return
        elif errno != EINTR:
            fail(shard, connection, cause_of(errno))


cdef inline void take(ShardState *shard, Connection *connection, uint32_t count) noexcept nogil:
    """Check `count` bytes that are in the buffer."""
    if connection.state == IDLE and shard.settings.protocol != WEBSOCKET:
        fail(shard, connection, EXCESS)
    elif shard.settings.protocol == ECHO:
        take_echo(shard, connection, count)
    elif shard.settings.protocol == WEBSOCKET:
        take_websocket(shard, connection, count)
    elif connection.sent < shard.settings.size: # a reply to what is not asked yet
        fail(shard, connection, EXCESS)
    elif shard.settings.protocol == HTTP:
        take_http(shard, connection, count)
    else:
        take_sized(shard, connection, count)


cdef inline void take_echo(
    ShardState *shard, Connection *connection, uint32_t count
) noexcept nogil:
    """Take bytes that must be those that were sent; they may come before all of them are."""
    if connection.received + count > connection.sent:
        fail(shard, connection, EXCESS)
    elif memcmp(
        shard.buffer, message_at(shard.pool, connection.start, connection.received), count
    ) != 0:
        fail(shard, connection, CORRUPT)
    else:
        advance(shard, connection, count)


cdef inline void take_sized(
    ShardState *shard, Connection *connection, uint32_t count
) noexcept nogil:
    """Take bytes of a reply of known length, of any content (raw) or a fixed one (download)."""
    if connection.received + count > shard.settings.reply_size:
        fail(shard, connection, EXCESS)
    elif shard.settings.protocol == DOWNLOAD and memcmp(
        shard.buffer, pattern_at(shard.pattern, connection.received), count
    ) != 0:
        fail(shard, connection, CORRUPT)
    else:
        advance(shard, connection, count)


cdef inline void advance(ShardState *shard, Connection *connection, uint32_t count) noexcept nogil:
    """Count bytes of the reply that are right; with the last one the message is complete."""
    connection.received += count
    if connection.received == shard.settings.reply_size:
        complete_message(shard, connection, True, False)


cdef inline void take_http(
    ShardState *shard, Connection *connection, uint32_t count
) noexcept nogil:
    """Read the reply on; a status other than 2xx is a whole reply, but not a good one."""
    cdef Reply *reply = &shard.replies[index_of(shard, connection)]
    if not reply_feed(reply, <const char *>shard.buffer, count):
        fail(shard, connection, EXCESS if reply.state == WHOLE else MALFORMED)
    elif reply.state == WHOLE:
        complete_message(shard, connection, 200 <= reply.status < 300, reply.closing)


cdef inline void take_websocket(
    ShardState *shard, Connection *connection, uint32_t count
) noexcept nogil:
    """Read on in the reply to the handshake, or in frames; then send what these call for."""
    cdef Socket *socket = &shard.sockets[index_of(shard, connection)]
    cdef const unsigned char *data = shard.buffer
    cdef uint32_t taken
    cdef bint whole = False # the message has come back
    cdef int wrong
    if not socket.upgraded:
        taken = handshake_feed(socket, data, count)
        if socket.reply.state == MALFORMED_REPLY:
            fail(shard, connection, MALFORMED)
        elif socket.reply.state != WHOLE:
            return
        elif socket.reply.status != 101:
            fail(shard, connection, HTTP_STATUS)
        elif socket.reply.upgrade != AGREES:
            fail(shard, connection, PROTOCOL_ERROR)
        if connection.fd < 0:
            return
        socket.upgraded = True
        data += taken
        count -= taken
    while True:
        taken = header_feed(socket, data, count)
        if not socket.in_payload:
            break
        data += taken
        count -= taken
        if taken:
            wrong = wrong_frame(shard, connection, socket, whole)
            if wrong >= 0:
                fail(shard, connection, wrong)
                return
        taken = count if count < socket.left else <uint32_t>socket.left
        if is_control(socket):
            if socket.opcode == PING:
                memcpy(ping_of(socket) + socket.ping_size, data, taken)
                socket.ping_size += <uint8_t>taken
        else:
            wrong = wrong_payload(shard, connection, data, taken)
            if wrong >= 0:
                fail(shard, connection, wrong)
                return
            connection.received += taken
        data += taken
        count -= taken
        socket.left -= taken
        if socket.left > 0:
            break
        if socket.opcode == PING:
            socket.pinged = True
        elif not is_control(socket) and socket.final:
            if connection.received < shard.settings.reply_size:
                fail(shard, connection, CORRUPT) # cut short
                return
            whole = True
        end_frame(socket)
    send_on(shard, connection) # the message after the handshake, or a pong
    if whole and connection.fd >= 0:
        complete_message(shard, connection, True, False)


cdef inline int wrong_frame(
    ShardState *shard, Connection *connection, Socket *socket, bint whole
) noexcept nogil:
    """Begin a frame whose header has come: the cause for which it ends the connection, or -1.

    `whole` says that the message has come back already.
    """
    if not begin_frame(socket):
        return PROTOCOL_ERROR
    if socket.opcode == CLOSE:
        return CLOSED_BY_SERVER
    if socket.opcode == PING:
        socket.ping_size = 0
        socket.pinged = False # of several pings, the last one is answered (RFC 6455, 5.5.3)
    elif not is_control(socket) and (
        whole or (connection.state != PROBING and connection.state != BUSY)
        or socket.left > shard.settings.reply_size - connection.received
    ):
        return EXCESS
    return -1


cdef inline int wrong_payload(
    ShardState *shard, Connection *connection, const unsigned char *data, uint32_t count
) noexcept nogil:
    """The cause for which these bytes of the reply end the connection, or -1."""
    cdef const unsigned char *key = message_at(shard.pool, connection.start, 0)
    cdef uint32_t before = shard.settings.frame.size + MASK_KEY # the payload
    if count and before + connection.received + count > connection.sent:
        return EXCESS
    if not is_unmasked(
        data, message_at(shard.pool, connection.start, MASK_KEY + connection.received),
        key, connection.received, count,
    ):
        return CORRUPT
    return -1


cdef inline void take_end(ShardState *shard, Connection *connection) noexcept nogil:
    """Take the end of what the server sends: of some replies of HTTP, else a failure."""
    cdef Reply *reply
    if shard.settings.protocol == HTTP and connection.state != IDLE:
        reply = &shard.replies[index_of(shard, connection)]
        if reply.state == UNTIL_CLOSE:
            complete_message(shard, connection, 200 <= reply.status < 300, True)
            return
    fail(shard, connection, CLOSED_BY_SERVER)
