# cython: language_level=3, freethreading_compatible=True, boundscheck=False, wraparound=False
"""A bare echo server on one epoll, on which the loader ceiling is measured.

The loop takes no GIL and no lock. It allocates only to grow its table of connections, and to keep
what a peer does not read yet; it reads no more from that peer until that is sent.
"""

from libc.errno cimport EAGAIN, ECONNABORTED, EINTR, errno
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from c10k.loadgen.native.linux cimport *

cdef enum:
    EVENTS = 1024  # taken from epoll at once
    BUFFER = 65536  # of all connections: one that is echoed at once leaves nothing in it
    ROOM = 1024  # descriptors by which the table grows
    RETRY_MS = 10  # until the next accept, after descriptors or memory ran out


cdef struct Connection:
    bint open
    uint32_t begin, end  # of what is left to be sent
    char *rest  # NULL unless something is


cdef struct Server:
    int epoll, listener, stop
    Connection *connections  # by descriptor
    int room
    char *buffer


cdef int watch(Server *server, int operation, int fd, uint32_t events) noexcept nogil:
    """Have epoll report these events of a descriptor."""
    cdef epoll_event event
    event.events = events
    event.data.u32 = fd
    return epoll_ctl(server.epoll, operation, fd, &event)


cdef void drop(Server *server, int fd) noexcept nogil:
    """Close a connection and forget what it had not read."""
    cdef Connection *connection = &server.connections[fd]
    close(fd)
    free(connection.rest)
    memset(connection, 0, sizeof(Connection))


cdef bint admit(Server *server, int fd) noexcept nogil:
    """Add a connection to the table and the epoll; false where memory is short."""
    cdef Connection *grown
    cdef int room, yes = 1
    if fd >= server.room:
        room = fd + ROOM
        grown = <Connection *>realloc(server.connections, room * sizeof(Connection))
        if grown == NULL:
            return False
        memset(grown + server.room, 0, (room - server.room) * sizeof(Connection))
        server.connections, server.room = grown, room
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes))
    server.connections[fd].open = watch(server, EPOLL_CTL_ADD, fd, EPOLLIN) == 0
    return server.connections[fd].open


cdef bint accept_all(Server *server) noexcept nogil:
    """Accept all that wait; false where descriptors or memory ran out before."""
    cdef int fd
    while True:
        fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)
        if fd >= 0:
            if not admit(server, fd):
                close(fd)
        elif errno != EINTR and errno != ECONNABORTED:
            return errno == EAGAIN


cdef ssize_t send_on(int fd, const char *data, size_t length) noexcept nogil:
    """Send as much as the socket takes: how much that was, -1 where the connection is broken."""
    cdef size_t sent = 0
    cdef ssize_t now
    while sent < length:
        now = send(fd, data + sent, length - sent, MSG_NOSIGNAL)
        if now < 0:
            return <ssize_t>sent if errno == EAGAIN else -1
        sent += now
    return sent


cdef void go_on(Server *server, int fd) noexcept nogil:
    """Send more of what a slow peer has not read yet; when all is sent, read from it again."""
    cdef Connection *connection = &server.connections[fd]
    cdef ssize_t sent = send_on(
        fd, connection.rest + connection.begin, connection.end - connection.begin
    )
    if sent < 0:
        drop(server, fd)
        return
    connection.begin += <uint32_t>sent
    if connection.begin == connection.end:
        free(connection.rest)
        connection.rest = NULL
        watch(server, EPOLL_CTL_MOD, fd, EPOLLIN)


cdef void echo_once(Server *server, int fd) noexcept nogil:
    """Send back what has come. The epoll is level-triggered, so it reports what comes meanwhile."""
    cdef Connection *connection = &server.connections[fd]
    cdef ssize_t sent, came = recv(fd, server.buffer, BUFFER, 0)
    if came < 0 and errno == EAGAIN:
        return
    sent = send_on(fd, server.buffer, came) if came > 0 else -1
    if sent < 0:
        drop(server, fd)
    elif sent < came:
        connection.rest = <char *>malloc(came - sent)
        if connection.rest == NULL:
            drop(server, fd)
            return
        memcpy(connection.rest, server.buffer + sent, came - sent)
        connection.begin, connection.end = 0, <uint32_t>(came - sent)
        watch(server, EPOLL_CTL_MOD, fd, EPOLLOUT)


cdef int serve(Server *server) noexcept nogil:
    """Serve until `stop` is readable; an errno where the epoll itself fails."""
    cdef epoll_event events[EVENTS]
    cdef bint short_of = False, waiting
    cdef int fd, i, ready
    while True:
        ready = epoll_wait(server.epoll, events, EVENTS, RETRY_MS if short_of else -1)
        if ready < 0 and errno != EINTR:
            return errno
        waiting = short_of
        for i in range(ready):
            fd = <int>events[i].data.u32
            if fd == server.stop:
                return 0
            if fd == server.listener:
                waiting = True
            elif server.connections[fd].rest != NULL:
                go_on(server, fd)
            else:
                echo_once(server, fd)
        # Accept last: a new connection may get a descriptor that was closed above. While accept()
        # fails the listener is not watched, or epoll would report it again at once.
        if waiting and short_of != (not accept_all(server)):
            short_of = not short_of
            watch(server, EPOLL_CTL_MOD, server.listener, 0 if short_of else EPOLLIN)


def echo(int listener, int stop):
    """Echo whatever connects to the non-blocking listening socket, until `stop` is readable.

    Both are descriptors and stay open; every connection is closed on return. Raises OSError and
    MemoryError where the machine refuses an epoll or memory at the start.
    """
    cdef Server server
    cdef int fd, error = 0
    memset(&server, 0, sizeof(server))
    server.listener, server.stop = listener, stop
    server.epoll = epoll_create1(EPOLL_CLOEXEC)
    if server.epoll < 0:
        raise OSError(errno, "no descriptor for the echo server's epoll")
    server.buffer = <char *>malloc(BUFFER)
    try:
        if server.buffer == NULL:
            raise MemoryError
        for fd in (listener, stop):
            if watch(&server, EPOLL_CTL_ADD, fd, EPOLLIN):
                raise OSError(errno, f"descriptor {fd} cannot be watched")
        with nogil:
            error = serve(&server)
        if error:
            raise OSError(error, "the echo server's epoll failed")
    finally:
        for fd in range(server.room):
            if server.connections[fd].open:
                drop(&server, fd)
        free(server.connections)
        free(server.buffer)
        close(server.epoll)
