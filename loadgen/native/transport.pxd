"""Bytes to and from a connection, plain or over TLS: no other file tells the two apart, but for the
handshake.
"""

from libc.stdint cimport uint32_t

from c10k.loadgen.native.connection cimport Connection
from c10k.loadgen.native.linux cimport MSG_NOSIGNAL, close, recv, send
from c10k.loadgen.native.payload cimport RUN
from c10k.loadgen.native.shard cimport ShardState, session_of
from c10k.loadgen.native.tls cimport tls_end, tls_receive, tls_send


cdef inline ssize_t receive_bytes(ShardState *shard, Connection *connection) noexcept nogil:
    """Read up to RUN bytes into the buffer, as recv() does."""
    if shard.tls == NULL:
        return recv(connection.fd, shard.buffer, RUN, 0)
    return tls_receive(shard.tls, session_of(shard, connection), shard.buffer, RUN)


cdef inline ssize_t send_bytes(
    ShardState *shard, Connection *connection, const void *bytes, uint32_t length
) noexcept nogil:
    """Send bytes, as send() does. A closed connection is an error, not a SIGPIPE that ends the
    process; over TLS the shard's thread blocks that."""
    if shard.tls == NULL:
        return send(connection.fd, bytes, length, MSG_NOSIGNAL)
    return tls_send(shard.tls, session_of(shard, connection), bytes, <int>length)


cdef inline void close_connection(ShardState *shard, Connection *connection) noexcept nogil:
    """Close it, which also takes it out of the epoll."""
    if shard.tls != NULL:
        tls_end(shard.tls, session_of(shard, connection))
    close(connection.fd)
    connection.fd = -1
