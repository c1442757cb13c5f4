# cython: cdivision=True
"""How a connection is opened: for the first time, after it failed, or for a message that is due."""

from libc.errno cimport EINPROGRESS, errno
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from c10k.loadgen.native.atomics cimport add
from c10k.loadgen.native.causes cimport IO_ERROR, cause_of, connect_cause_of
from c10k.loadgen.native.connection cimport CONNECTING, Connection, RECONNECTING
from c10k.loadgen.native.failing cimport fail
from c10k.loadgen.native.linux cimport *
from c10k.loadgen.native.schedule cimport in_fleet
from c10k.loadgen.native.shard cimport ShardState, index_of


cdef inline bint may_open(const ShardState *shard) noexcept nogil:
    """Whether to open one more: fewer than the limit lack their first reply."""
    return shard.status.in_flight + shard.reopening < shard.settings.in_flight_limit and (
        shard.status.opened < shard.status.target or (shard.loading and shard.line_length > 0)
    )


cdef inline void open_one(ShardState *shard) noexcept nogil:
    """Begin to connect the next new connection, or the first in line: -> CONNECTING.

    One at a time, with an epoll_wait() after each: of a batch, the first would be found connected
    only after the last connect(), and seem slow.
    """
    cdef Connection *connection
    if shard.status.opened < shard.status.target:
        connection = &shard.connections[shard.status.opened]
        memset(connection, 0, sizeof(Connection))
        add(&shard.status.opened, 1)
        add(&shard.status.in_flight, 1)
    else:
        connection = &shard.connections[shard.line[shard.line_first]]
        shard.line_first = (shard.line_first + 1) % shard.capacity
        shard.line_length -= 1
        shard.reopening += 1
    connection.state = CONNECTING
    begin_connecting(shard, connection)


cdef inline void reopen(ShardState *shard, Connection *connection, int64_t due_ns) noexcept nogil:
    """Begin to connect anew for a message that is due: PARTED -> RECONNECTING."""
    connection.state = RECONNECTING
    connection.due_ns = due_ns
    add(&shard.status.busy, 1)
    begin_connecting(shard, connection)


cdef inline void begin_connecting(ShardState *shard, Connection *connection) noexcept nogil:
    """Call connect() and let epoll tell when it is done; what is refused at once fails."""
    cdef uint32_t i = index_of(shard, connection)
    cdef epoll_event event
    cdef int one = 1
    connection.unverified = True
    connection.replies = 0
    connection.opened_ns = clock_ns(CLOCK_MONOTONIC)
    # Edge-triggered and registered once for both directions: no second epoll_ctl(), and the
    # kernel does not report a drained socket again at every wait.
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
    event.data.u32 = i
    # Non-blocking, or one connection would hold up all. Close-on-exec, for programs that the
    # process starts meanwhile.
    connection.fd = socket(
        shard.settings.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0
    )
    if connection.fd < 0:
        fail(shard, connection, cause_of(errno))
        return
    # Without it, Nagle's algorithm holds back the end of a message until the rest is acknowledged.
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
    if bind_source(shard, connection.fd, in_fleet(&shard.schedule, i)) < 0 or (
        connect(
            connection.fd, <sockaddr *>&shard.settings.address, shard.settings.address_length
        ) < 0
        and errno != EINPROGRESS
    ):
        fail(shard, connection, connect_cause_of(errno))
    elif epoll_ctl(shard.epoll, EPOLL_CTL_ADD, connection.fd, &event) < 0:
        fail(shard, connection, IO_ERROR)


cdef inline int bind_source(ShardState *shard, int fd, uint32_t number) noexcept nogil:
    """Choose the address that connection `number` of the fleet comes from, if it matters."""
    cdef uint32_t turn = number // shard.settings.connections_per_source
    cdef uint32_t source = turn % (shard.settings.source_count + 1)
    cdef int one = 1
    if source == 0:
        return 0
    # Lets connect() choose the port, which knows the target: bind() would have to choose one that
    # no connection to anywhere has (ip(7)).
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one))
    return bind(
        fd, <sockaddr *>&shard.settings.sources[source - 1], shard.settings.address_length
    )
