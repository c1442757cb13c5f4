"""All that a shard's thread works on, and who may touch what.

Python writes the settings before the thread starts. `status`, the pointer `tally` and the counts
in the tally are the thread's to write and anyone's to read (atomics.pxd). `command` passes to and
fro: Python writes it, wakes the thread through the eventfd, and reads the answer after the thread
has posted the semaphore. `spare` is Python's while no snapshot is being taken. All else is the
thread's own.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from c10k.loadgen.native.connection cimport CACHE_LINE, Connection
from c10k.loadgen.native.http cimport Reply
from c10k.loadgen.native.linux cimport (
    REQUIRE_STATICALLY, aligned_alloc, pthread_t, sem_t, sockaddr_storage, socklen_t,
)
from c10k.loadgen.native.schedule cimport Schedule, schedule_free, schedule_reserve
from c10k.loadgen.native.tally cimport Tally
from c10k.loadgen.native.tls cimport Session, Tls, tls_free
from c10k.loadgen.native.websocket cimport FrameHeader, Socket

cdef enum: # protocols, in the order of PROTOCOLS in loadgen/workload.py
    ECHO
    HTTP
    RAW
    DOWNLOAD
    WEBSOCKET


cdef struct Settings:
    sockaddr_storage address
    socklen_t address_length
    sockaddr_storage *sources # to connect from: none for the first connections, then each in turn
    uint32_t source_count, connections_per_source
    int protocol
    uint32_t size # of what is sent, with WebSocket its header and mask key
    FrameHeader frame # of each message, with WebSocket
    uint32_t handshake_size
    uint32_t reply_size
    uint32_t replies_per_connection # 0: any number
    bint sent_when_due # no message waits to be sent, so that sending needs no record of its own
    bint reconnect # open connections again that failed under load
    int64_t connect_timeout_ns, timeout_ns
    int64_t sweep_ns # how often timeouts are looked for
    uint32_t in_flight_limit # connections that may lack their first reply at once
    int cpu # -1: any
    bint spin


cdef struct Status:
    int64_t target # connections asked for
    int64_t opened # of these, connect() was called at least once
    int64_t in_flight # of these, without a first reply, and not given up
    int64_t ready, busy, failed
    int64_t messages # completed since the shard began
    int64_t opening_began_ns, opening_ended_ns


cdef struct Command:
    int kind
    uint32_t target, active, fleet_active
    int64_t epoch_ns
    bint refused # the answer: no memory


cdef struct ShardState:
    Settings settings
    Status status
    Command command
    pthread_t thread
    int epoll, wake # the eventfd
    sem_t handled
    unsigned char *pool # what is sent: runs of random bytes, or the request that is always the same
    unsigned char *pattern # what a download must bring
    unsigned char *buffer
    Connection *connections
    Reply *replies # as far as read, one per connection, if HTTP
    Tls *tls # NULL: plain connections
    Session *sessions # one per connection, if TLS
    Socket *sockets # one per connection, if WebSocket
    char *handshakes # if WebSocket: KEYS requests, and the Sec-WebSocket-Accept that each demands
    char *accepts
    uint32_t capacity # connections that there is memory for
    uint32_t active # connections that send
    uint32_t reopening # without a reply yet; they count as failed
    uint32_t *line # a ring of `capacity` places: the connections that are IN_LINE, in order
    uint32_t line_first, line_length
    uint16_t snapshot # its number, of 2^16
    int64_t messages_before # the snapshot
    bint loading, quitting
    int64_t next_sweep_ns
    Schedule schedule
    Tally *tally
    Tally *spare


cdef inline uint32_t index_of(const ShardState *shard, const Connection *connection) noexcept nogil:
    return <uint32_t>(connection - shard.connections)


cdef inline Session *session_of(ShardState *shard, const Connection *connection) noexcept nogil:
    return &shard.sessions[index_of(shard, connection)]


cdef inline bint is_open_loop(const ShardState *shard) noexcept nogil:
    return shard.schedule.period_ns > 0


cdef inline bint reserve(ShardState *shard, uint32_t capacity) noexcept nogil:
    """Make room for more connections; whether there is memory for it.

    By a copy, because realloc() aligns to 16 bytes: a connection would lie in two cache lines.
    """
    cdef Connection *connections
    cdef Reply *replies
    cdef Session *sessions
    cdef Socket *sockets
    cdef uint32_t *line
    REQUIRE_STATICALLY(sizeof(Connection) == CACHE_LINE)
    connections = <Connection *>aligned_alloc(CACHE_LINE, capacity * sizeof(Connection))
    if connections == NULL:
        return False
    if shard.connections != NULL:
        memcpy(connections, shard.connections, shard.capacity * sizeof(Connection))
        free(shard.connections)
    shard.connections = connections
    line = <uint32_t *>realloc(shard.line, capacity * sizeof(uint32_t))
    if line == NULL:
        return False
    shard.line = line
    if shard.settings.protocol == HTTP:
        replies = <Reply *>realloc(shard.replies, capacity * sizeof(Reply))
        if replies == NULL:
            return False
        shard.replies = replies
    if shard.tls != NULL:
        sessions = <Session *>realloc(shard.sessions, capacity * sizeof(Session))
        if sessions == NULL:
            return False
        memset(&sessions[shard.capacity], 0, (capacity - shard.capacity) * sizeof(Session))
        shard.sessions = sessions
    if shard.settings.protocol == WEBSOCKET:
        sockets = <Socket *>realloc(shard.sockets, capacity * sizeof(Socket))
        if sockets == NULL:
            return False
        shard.sockets = sockets
    if not schedule_reserve(&shard.schedule, capacity):
        return False
    shard.capacity = capacity
    return True


cdef inline void free_memory(ShardState *shard) noexcept nogil:
    """Free what the shard holds, and the shard."""
    schedule_free(&shard.schedule)
    if shard.tls != NULL:
        tls_free(shard.tls)
    free(shard.sessions)
    free(shard.connections)
    free(shard.line)
    free(shard.replies)
    free(shard.sockets)
    free(shard.handshakes)
    free(shard.accepts)
    free(shard.settings.sources)
    free(shard.tally)
    free(shard.spare)
    free(shard.buffer)
    free(shard.pattern)
    free(shard.pool)
    free(shard)
