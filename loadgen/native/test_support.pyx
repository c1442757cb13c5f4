# cython: language_level=3, freethreading_compatible=True, boundscheck=False, wraparound=False, cdivision=True
"""What the tests call of the headers alone; the product imports nothing of it."""

import socket

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset
from posix.unistd cimport dup

from c10k.loadgen.workload import ECHOING, PROTOCOLS

from c10k.loadgen.native.causes cimport CAUSES, cause_names
from c10k.loadgen.native.connection cimport BUSY, CLOSED, Connection, IDLE, PARTED, PROBING
from c10k.loadgen.native.failing cimport retire
from c10k.loadgen.native.histogram cimport hdr_index
from c10k.loadgen.native.http cimport ACCEPT, Reply, UNTIL_CLOSE, WHOLE, reply_begin, reply_feed
from c10k.loadgen.native.linux cimport CLOCK_MONOTONIC, clock_ns
from c10k.loadgen.native.messages cimport begin_message
from c10k.loadgen.native.payload cimport RUN, message_at, message_start, pattern_create, pool_create
from c10k.loadgen.native.receiving cimport take, take_end
from c10k.loadgen.native.schedule cimport (
    Schedule, gap_after, in_fleet, passed, schedule_advance, schedule_begin, schedule_free, schedule_reserve,
)
from c10k.loadgen.native.shard cimport ECHO, ShardState, WEBSOCKET, free_memory, reserve
from c10k.loadgen.native.tally cimport Tally
from c10k.loadgen.native.websocket cimport MASK_KEY, frame_header, socket_begin


def counts_index(int64_t ns):
    """The place of `ns` in the counts of a histogram."""
    return hdr_index(ns)


def due_times(
    int arrivals, *, uint32_t connections, uint32_t fleet, uint32_t index, uint32_t shards,
    double period_ns, bint poisson, uint64_t seed, int64_t epoch_ns,
):
    """The first arrivals of a shard's schedule, as (connection of the fleet, number, due_ns,
    gap_ns until its next)."""
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
            planned.append((
                in_fleet(&schedule, schedule.next), number, schedule.next_due_ns,
                gap_after(&schedule, schedule.next, number),
            ))
            schedule_advance(&schedule)
    finally:
        schedule_free(&schedule)
    return planned


def read_reply(parts):
    """Feed the parts of a reply of HTTP: (status, outcome, whether it asks to close).

    The outcome: whole, malformed, excess (bytes behind its end), until_close or cut.
    """
    cdef Reply reply
    cdef bytes part
    reply_begin(&reply)
    for part in parts:
        if not reply_feed(&reply, <const char *>part, len(part)):
            return reply.status, "excess" if reply.state == WHOLE else "malformed", reply.closing
    outcomes = {WHOLE: "whole", UNTIL_CLOSE: "until_close"}
    return reply.status, outcomes.get(reply.state, "cut"), reply.closing


cdef class Receiver:
    """One connection of the engine, to which the test itself brings what recv() would.

    Its messages are sent on a socket of UDP that is connected to itself: it takes any number.

    With WebSocket the request is the Sec-WebSocket-Accept with which the server must agree.
    """

    cdef ShardState *shard
    cdef object sink

    def __cinit__(self, str protocol, bytes request, uint32_t reply_size):
        cdef ShardState *shard = <ShardState *>calloc(1, sizeof(ShardState))
        if shard == NULL:
            raise MemoryError
        self.shard = shard
        shard.schedule.shards = 1
        shard.status.target = shard.status.opened = 1
        shard.settings.protocol = PROTOCOLS.index(protocol)
        shard.settings.size, shard.settings.reply_size = len(request), reply_size
        shard.tally = <Tally *>calloc(1, sizeof(Tally))
        shard.pattern = pattern_create()
        if protocol == "websocket":
            shard.settings.frame = frame_header(reply_size)
            shard.settings.size = shard.settings.frame.size + MASK_KEY + reply_size
            shard.accepts = <char *>malloc(ACCEPT)
        random = protocol in ECHOING
        shard.pool = pool_create() if random else <unsigned char *>malloc(len(request))
        if not (shard.tally and shard.pattern and shard.pool and reserve(shard, 1)):
            raise MemoryError
        if shard.accepts != NULL:
            memcpy(shard.accepts, <const char *>request, ACCEPT)
        if not random:
            memcpy(shard.pool, <const char *>request, len(request))
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        self.sink.connect(self.sink.getsockname())

    def __dealloc__(self):
        if self.shard != NULL:
            free_memory(self.shard)

    def message(self, uint32_t number):
        """What is sent as the message of this number; the first is 1, and no sample. Of WebSocket,
        the mask key and the masked payload."""
        cdef uint32_t start = 0
        cdef uint32_t size = self.shard.settings.size - self.shard.settings.frame.size
        if self.shard.settings.protocol == ECHO or self.shard.settings.protocol == WEBSOCKET:
            start = message_start(0, number)
        return (<const char *>message_at(self.shard.pool, start, 0))[:size]

    def receive(self, reads, bint ended):
        """Open the connection and bring what is read, each up to RUN bytes, and perhaps its end.

        The next message is sent after each whole reply. Returns the state that it is then in, how
        many messages were completed, and the errors by cause.
        """
        cdef ShardState *shard = self.shard
        cdef Connection *connection = shard.connections
        cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
        cdef int64_t messages = shard.status.messages
        cdef bytes read
        memset(shard.tally.errors, 0, sizeof(shard.tally.errors))
        memset(connection, 0, sizeof(Connection))
        shard.status.ready = shard.status.busy = shard.status.failed = 0
        shard.status.in_flight = 1
        connection.fd = dup(self.sink.fileno())
        connection.state = PROBING
        if shard.settings.protocol == WEBSOCKET:
            socket_begin(shard.sockets, 0, shard.accepts)
        begin_message(shard, connection, now, now)
        for read in reads:
            if connection.state == PROBING or connection.state == BUSY:
                self.bring(read)
            if connection.state == IDLE:
                begin_message(shard, connection, now, now)
        if ended and (connection.state == PROBING or connection.state == BUSY):
            take_end(shard, connection)
        names = cause_names()
        errors = {
            names[i]: shard.tally.errors[i] for i in range(CAUSES) if shard.tally.errors[i]
        }
        states = {CLOSED: "closed", PROBING: "probing", BUSY: "busy", PARTED: "parted"}
        counted = shard.status.ready, shard.status.busy, shard.status.failed, shard.status.in_flight
        state = states[connection.state]
        assert counted == {
            "closed": (0, 0, 1, 0), "probing": (0, 0, 0, 1), "busy": (1, 1, 0, 0),
            "parted": (1, 0, 0, 0),
        }[state], (state, counted)
        if connection.state != CLOSED:
            retire(shard, connection)
        return state, shard.status.messages - messages, errors

    cdef void bring(self, bytes read) except *:
        """Let the connection take what was read, from a buffer that ends where it ends."""
        cdef size_t length = len(read)
        if not 0 < length <= RUN:
            raise ValueError("a read brings from 1 to 65,536 bytes")
        self.shard.buffer = <unsigned char *>malloc(length)
        if self.shard.buffer == NULL:
            raise MemoryError
        memcpy(self.shard.buffer, <const char *>read, length)
        take(self.shard, self.shard.connections, <uint32_t>length)
        free(self.shard.buffer)
        self.shard.buffer = NULL
