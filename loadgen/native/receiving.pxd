"""How what arrives is checked, by protocol."""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcmp

from c10k.loadgen.native.causes cimport CLOSED_BY_SERVER, CORRUPT, EXCESS, MALFORMED, cause_of
from c10k.loadgen.native.connection cimport Connection, IDLE
from c10k.loadgen.native.failing cimport fail
from c10k.loadgen.native.http cimport Reply, UNTIL_CLOSE, WHOLE, reply_feed
from c10k.loadgen.native.linux cimport EPOLLERR, EPOLLHUP, EPOLLRDHUP
from c10k.loadgen.native.messages cimport complete_message
from c10k.loadgen.native.payload cimport RUN, message_at, pattern_at
from c10k.loadgen.native.shard cimport DOWNLOAD, ECHO, HTTP, ShardState, index_of
from c10k.loadgen.native.transport cimport receive_bytes


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
    if connection.state == IDLE:
        fail(shard, connection, EXCESS)
    elif shard.settings.protocol == ECHO:
        take_echo(shard, connection, count)
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


cdef inline void take_end(ShardState *shard, Connection *connection) noexcept nogil:
    """Take the end of what the server sends: of some replies of HTTP, else a failure."""
    cdef Reply *reply
    if shard.settings.protocol == HTTP and connection.state != IDLE:
        reply = &shard.replies[index_of(shard, connection)]
        if reply.state == UNTIL_CLOSE:
            complete_message(shard, connection, 200 <= reply.status < 300, True)
            return
    fail(shard, connection, CLOSED_BY_SERVER)
