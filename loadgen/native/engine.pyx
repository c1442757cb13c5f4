# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The fleet's native engine: one shard is one thread, one epoll and its share of the connections.

A shard's thread never takes the GIL, allocates nothing and locks nothing while it drives load.
Python commands it through an eventfd and waits on a semaphore until it has obeyed. What it
records goes into one of two tallies; a cut swaps them, so that Python reads one at leisure
while the thread goes on with the other.
"""

from libc.errno cimport (
    EADDRNOTAVAIL, EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR, EMFILE, ENFILE, EPIPE,
    ETIMEDOUT, errno,
)
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from loadgen.native.histogram cimport HDR_COUNTS, hdr_record
from loadgen.native.linux cimport *
from loadgen.native.payload cimport RUN, message_at, message_start, pool_create
from loadgen.native.schedule cimport (
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

cdef enum: # states of a connection
    CLOSED
    CONNECTING
    PROBING # connected; its first message has not come back yet
    IDLE
    BUSY

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
    IO_ERROR
    CAUSES

CAUSE_NAMES = (
    "connect_refused", "connect_timeout", "connect_failed", "no_port", "no_descriptor",
    "never_opened", "closed_by_server", "reset", "timeout", "corrupt", "excess", "io_error",
)

cdef enum: # commands
    RESIZE
    LOAD
    REST
    CUT
    QUIT


cdef struct Connection: # one cache line
    int fd
    uint8_t state
    uint32_t number # of the message under way
    uint32_t start # where in the pool it begins
    uint32_t sent # bytes of it
    uint32_t echoed # bytes of it
    uint32_t queued # messages that are due but wait their turn
    uint32_t completed_in # the cut in which the last message was completed
    int64_t due_ns
    int64_t sent_ns # while CONNECTING: when connect() was called
    int64_t queue_due_ns # when the first of the queued messages was due


cdef struct Tally: # all that happened between two cuts
    int64_t began_ns, ended_ns, cpu_began_ns, cpu_ended_ns
    int64_t sent, messages, due, late, starved
    int64_t response_sum_ns, service_sum_ns, send_lag_sum_ns, connect_sum_ns, waiting_sum_ns
    int64_t errors[CAUSES]
    int64_t response[HDR_COUNTS]
    int64_t service[HDR_COUNTS]
    int64_t send_lag[HDR_COUNTS]
    int64_t connect[HDR_COUNTS]
    int64_t waiting[HDR_COUNTS]


cdef struct Engine:
    # what Python sets before the thread starts
    sockaddr_storage address
    socklen_t address_length
    uint32_t size
    int64_t connect_timeout_ns, timeout_ns
    uint32_t in_flight_limit
    int cpu
    bint spin
    # the thread's own
    pthread_t thread
    int epoll, wake
    const unsigned char *pool
    unsigned char *buffer
    Connection *connections
    uint32_t room, target, total, opened, in_flight, ready, busy, failed
    uint32_t cut
    int64_t messages_before # the cut
    bint loading, quitting
    int64_t opening_began_ns, opening_ended_ns, next_sweep_ns
    Schedule schedule
    Tally *tally
    Tally *spare
    # a command and its answer
    int command
    uint32_t command_target, command_total
    int64_t command_epoch_ns
    sem_t obeyed
    bint refused


cdef void fail(Engine *engine, Connection *connection, int cause) noexcept nogil:
    """Count why the connection ended and close it; its place in the schedule stays empty."""
    engine.tally.errors[cause] += 1
    engine.failed += 1
    retire(engine, connection)


cdef void retire(Engine *engine, Connection *connection) noexcept nogil:
    if connection.state == CONNECTING or connection.state == PROBING:
        engine.in_flight -= 1
    else:
        engine.ready -= 1
        engine.busy -= connection.state == BUSY
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
    if error == ETIMEDOUT:
        return CONNECT_TIMEOUT
    return IO_ERROR


cdef int connect_cause_of(int error) noexcept nogil:
    cdef int cause = cause_of(error)
    return CONNECT_FAILED if cause == IO_ERROR else cause


cdef inline bint may_open(const Engine *engine) noexcept nogil:
    """Whether to open one more: fewer than the limit lack their first echo."""
    return engine.opened < engine.target and engine.in_flight < engine.in_flight_limit


cdef void open_one(Engine *engine) noexcept nogil:
    """Begin to connect. One at a time, between looks at epoll: in a batch, the first would be
    found connected only after the last connect(), and seem slow."""
    cdef Connection *connection = &engine.connections[engine.opened]
    cdef epoll_event event
    cdef int one = 1
    memset(connection, 0, sizeof(Connection))
    connection.state = CONNECTING
    connection.sent_ns = clock_ns(CLOCK_MONOTONIC)
    # Edge-triggered and registered once for both directions: no second epoll_ctl, and the
    # kernel does not queue a drained socket again at every wait.
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
    event.data.u32 = engine.opened
    engine.opened += 1
    engine.in_flight += 1
    connection.fd = socket(
        engine.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0
    )
    if connection.fd < 0:
        fail(engine, connection, cause_of(errno))
        return
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
    if (
        connect(connection.fd, <sockaddr *>&engine.address, engine.address_length) < 0
        and errno != EINPROGRESS
    ):
        fail(engine, connection, connect_cause_of(errno))
    elif epoll_ctl(engine.epoll, EPOLL_CTL_ADD, connection.fd, &event) < 0:
        fail(engine, connection, IO_ERROR)


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
    connection.start = message_start(
        in_fleet(&engine.schedule, <uint32_t>(connection - engine.connections)), connection.number
    )
    connection.sent = 0
    connection.echoed = 0
    connection.due_ns = due_ns
    connection.sent_ns = now_ns
    if connection.state == IDLE:
        connection.state = BUSY
        engine.busy += 1
        engine.tally.sent += 1
        if engine.schedule.period_ns > 0: # in a closed loop a message is due when it is sent
            engine.tally.send_lag_sum_ns += now_ns - due_ns
            hdr_record(engine.tally.send_lag, now_ns - due_ns)
    send_on(engine, connection)


cdef inline void complete_message(Engine *engine, Connection *connection) noexcept nogil:
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    cdef int64_t due
    cdef uint32_t i
    cdef Tally *tally = engine.tally
    if connection.state == PROBING:
        connection.state = IDLE
        engine.in_flight -= 1
        engine.ready += 1
        note_opening(engine)
        if engine.loading and engine.schedule.period_ns == 0:
            begin_message(engine, connection, now, now)
        return
    tally.messages += 1
    tally.response_sum_ns += now - connection.due_ns
    hdr_record(tally.response, now - connection.due_ns)
    connection.completed_in = engine.cut
    connection.state = IDLE
    engine.busy -= 1
    if engine.schedule.period_ns == 0:
        if engine.loading:
            begin_message(engine, connection, now, now)
        return
    tally.service_sum_ns += now - connection.sent_ns
    hdr_record(tally.service, now - connection.sent_ns)
    if connection.queued:
        i = <uint32_t>(connection - engine.connections)
        due = connection.queue_due_ns
        connection.queue_due_ns += gap_after(
            &engine.schedule, i, passed(&engine.schedule, i) - connection.queued
        )
        connection.queued -= 1
        begin_message(engine, connection, due, now)


cdef inline void receive(Engine *engine, Connection *connection, uint32_t events) noexcept nogil:
    """Take what has arrived and compare it; a short read means that the socket is drained."""
    cdef ssize_t count
    while connection.state != CLOSED:
        count = recv(connection.fd, engine.buffer, RUN, 0)
        if count > 0:
            if (
                connection.state == IDLE
                or connection.echoed + <uint32_t>count > connection.sent
            ):
                fail(engine, connection, EXCESS)
                return
            if memcmp(
                engine.buffer,
                message_at(engine.pool, connection.start, connection.echoed),
                <size_t>count,
            ) != 0:
                fail(engine, connection, CORRUPT)
                return
            connection.echoed += <uint32_t>count
            if connection.echoed == engine.size:
                complete_message(engine, connection)
            if count < RUN and not events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR):
                return
        elif count == 0:
            fail(engine, connection, CLOSED_BY_SERVER)
        elif errno == EAGAIN:
            return
        elif errno != EINTR:
            fail(engine, connection, cause_of(errno))


cdef void connected(Engine *engine, Connection *connection) noexcept nogil:
    cdef int error = 0
    cdef socklen_t length = sizeof(error)
    cdef int64_t now = clock_ns(CLOCK_MONOTONIC)
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &length)
    if error:
        fail(engine, connection, connect_cause_of(error))
        return
    engine.tally.connect_sum_ns += now - connection.sent_ns
    hdr_record(engine.tally.connect, now - connection.sent_ns)
    connection.state = PROBING
    begin_message(engine, connection, now, now)


cdef inline void handle(Engine *engine, Connection *connection, uint32_t events) noexcept nogil:
    if connection.state == CONNECTING:
        connected(engine, connection)
    elif connection.sent < engine.size and connection.state > CONNECTING and events & EPOLLOUT:
        send_on(engine, connection)
    if connection.state > CONNECTING and events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR):
        receive(engine, connection, events)


cdef inline void release_due(Engine *engine) noexcept nogil:
    """Send, or queue behind a busy connection, what is due; a bounded number at once."""
    cdef Connection *connection
    cdef int64_t now, due
    cdef int released = 0
    while released < RELEASES:
        now = clock_ns(CLOCK_MONOTONIC)
        due = engine.schedule.next_due_ns
        if now < due:
            return
        released += 1
        engine.tally.due += 1
        engine.tally.late += now - due > LATE_NS
        connection = &engine.connections[engine.schedule.next]
        if connection.state == IDLE:
            begin_message(engine, connection, due, now)
        elif connection.state == BUSY:
            if connection.queued == 0:
                connection.queue_due_ns = due
            connection.queued += 1
        schedule_advance(&engine.schedule)


cdef void sweep(Engine *engine, int64_t now) noexcept nogil:
    """End the connections whose connect or whose message has taken too long."""
    cdef uint32_t i
    cdef Connection *connection
    for i in range(engine.opened):
        connection = &engine.connections[i]
        if connection.state == CONNECTING:
            if now - connection.sent_ns > engine.connect_timeout_ns:
                fail(engine, connection, CONNECT_TIMEOUT)
        elif connection.state == PROBING or connection.state == BUSY:
            if now - connection.sent_ns > engine.timeout_ns:
                fail(engine, connection, TIMEOUT)
    engine.next_sweep_ns = now + SWEEP_NS


cdef void resize(Engine *engine) noexcept nogil:
    cdef uint32_t target = engine.command_target
    cdef Connection *larger
    cdef uint32_t i
    engine.refused = False
    if target > engine.room:
        larger = <Connection *>realloc(engine.connections, target * sizeof(Connection))
        if larger != NULL:
            engine.connections = larger
        if larger == NULL or not schedule_reserve(&engine.schedule, target):
            engine.refused = True
            return
        engine.room = target
    for i in range(target, engine.opened):
        if engine.connections[i].state != CLOSED:
            retire(engine, &engine.connections[i])
        else:
            engine.failed -= 1
    if target < engine.opened:
        engine.opened = target
    elif target > engine.opened:
        engine.opening_began_ns = clock_ns(CLOCK_MONOTONIC)
        engine.opening_ended_ns = 0
    engine.target = target
    engine.total = engine.command_total
    if engine.loading and engine.schedule.period_ns > 0:
        schedule_begin(&engine.schedule, target, engine.total, engine.command_epoch_ns)


cdef void load(Engine *engine) noexcept nogil:
    """Give up on connections without a first echo and let the others begin."""
    cdef uint32_t i
    cdef Connection *connection
    cdef int64_t now
    for i in range(engine.opened, engine.target):
        engine.connections[i].state = CLOSED
        engine.connections[i].fd = -1
        engine.tally.errors[NEVER_OPENED] += 1
        engine.failed += 1
    engine.opened = engine.target
    for i in range(engine.target):
        connection = &engine.connections[i]
        if connection.state == CONNECTING or connection.state == PROBING:
            fail(engine, connection, NEVER_OPENED)
    note_opening(engine)
    engine.loading = True
    if engine.schedule.period_ns > 0:
        schedule_begin(&engine.schedule, engine.target, engine.total, engine.command_epoch_ns)
        return
    for i in range(engine.target):
        connection = &engine.connections[i]
        if connection.state == IDLE:
            now = clock_ns(CLOCK_MONOTONIC)
            begin_message(engine, connection, now, now)


cdef void rest(Engine *engine) noexcept nogil:
    """Send nothing new; what is under way may come home."""
    cdef uint32_t i
    engine.loading = False
    for i in range(engine.opened):
        engine.connections[i].queued = 0


cdef void cut(Engine *engine) noexcept nogil:
    """End this tally and begin the other, which Python has left zeroed."""
    cdef Tally *tally = engine.tally
    cdef Connection *connection
    cdef uint32_t i
    tally.ended_ns = clock_ns(CLOCK_MONOTONIC)
    tally.cpu_ended_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)
    for i in range(engine.opened):
        connection = &engine.connections[i]
        if (
            connection.state == BUSY
            and connection.completed_in != engine.cut
            and connection.due_ns < tally.began_ns
        ):
            tally.starved += 1
            tally.waiting_sum_ns += tally.ended_ns - connection.due_ns
            hdr_record(tally.waiting, tally.ended_ns - connection.due_ns)
    engine.messages_before += tally.messages
    engine.tally = engine.spare
    engine.spare = tally
    engine.cut += 1
    engine.tally.began_ns = tally.ended_ns
    engine.tally.cpu_began_ns = tally.cpu_ended_ns


cdef void obey(Engine *engine) noexcept nogil:
    cdef uint64_t count
    read(engine.wake, &count, sizeof(count))
    if engine.command == RESIZE:
        resize(engine)
    elif engine.command == LOAD:
        load(engine)
    elif engine.command == REST:
        rest(engine)
    elif engine.command == CUT:
        cut(engine)
    elif engine.command == QUIT:
        engine.quitting = True
    sem_post(&engine.obeyed)


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
        if engine.loading and engine.schedule.period_ns > 0 and engine.target > 0:
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
            obey(engine)
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


cdef bytes counts_of(const int64_t *counts):
    return (<const char *>counts)[:HDR_COUNTS * sizeof(int64_t)]


cdef class Shard:
    """One thread of the fleet; see loadgen/fleet.py for what the calls mean.

    Raises MemoryError or OSError where the machine refuses memory, an epoll or a thread.
    """

    cdef Engine *engine
    cdef bint running

    def __cinit__(
        self, bytes address, *, uint32_t index, uint32_t shards, uint32_t size, double period_ns,
        bint poisson, uint64_t seed, int64_t connect_timeout_ns, int64_t timeout_ns,
        uint32_t in_flight_limit, int cpu, bint spin,
    ):
        cdef epoll_event event
        cdef Engine *engine = <Engine *>calloc(1, sizeof(Engine))
        if engine == NULL:
            raise MemoryError
        self.engine = engine
        engine.epoll = engine.wake = -1
        if len(address) > <Py_ssize_t>sizeof(sockaddr_storage):
            raise ValueError("address is longer than a socket address")
        memcpy(&engine.address, <const char *>address, len(address))
        engine.address_length = <socklen_t>len(address)
        engine.size = size
        engine.schedule.index, engine.schedule.shards = index, shards
        engine.schedule.period_ns, engine.schedule.poisson = period_ns, poisson
        engine.schedule.seed = seed
        engine.connect_timeout_ns, engine.timeout_ns = connect_timeout_ns, timeout_ns
        engine.in_flight_limit, engine.cpu, engine.spin = in_flight_limit, cpu, spin
        engine.cut = 1
        engine.tally = <Tally *>calloc(1, sizeof(Tally))
        engine.spare = <Tally *>calloc(1, sizeof(Tally))
        engine.buffer = <unsigned char *>malloc(RUN)
        engine.pool = pool_create()
        if not (engine.tally and engine.spare and engine.buffer and engine.pool):
            raise MemoryError
        sem_init(&engine.obeyed, 0, 0)
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

    def __dealloc__(self):
        if self.engine == NULL:
            return
        self.quit()
        if self.engine.epoll >= 0:
            close(self.engine.epoll)
        if self.engine.wake >= 0:
            close(self.engine.wake)
        sem_destroy(&self.engine.obeyed)
        schedule_free(&self.engine.schedule)
        free(self.engine.connections)
        free(self.engine.tally)
        free(self.engine.spare)
        free(self.engine.buffer)
        free(<void *>self.engine.pool)
        free(self.engine)

    cdef void command(self, int command) noexcept:
        cdef uint64_t one = 1
        cdef Engine *engine = self.engine
        engine.command = command
        with nogil:
            write(engine.wake, &one, sizeof(one))
            while sem_wait(&engine.obeyed) < 0: # a signal: Python's handler runs after this
                pass

    def resize(self, uint32_t target, uint32_t total, int64_t epoch_ns):
        self.engine.command_target, self.engine.command_total = target, total
        self.engine.command_epoch_ns = epoch_ns
        self.command(RESIZE)
        if self.engine.refused:
            raise MemoryError(f"no memory for {target} connections")

    def load(self, int64_t epoch_ns):
        self.engine.command_epoch_ns = epoch_ns
        self.command(LOAD)

    def rest(self):
        self.command(REST)

    def quit(self):
        if self.running:
            self.running = False
            self.command(QUIT)
            with nogil:
                pthread_join(self.engine.thread, NULL)

    def cut(self):
        cdef Tally *tally
        self.command(CUT)
        tally = self.engine.spare
        taken = {
            "began_ns": tally.began_ns,
            "ended_ns": tally.ended_ns,
            "cpu_ns": tally.cpu_ended_ns - tally.cpu_began_ns,
            "sent": tally.sent,
            "messages": tally.messages,
            "due": tally.due,
            "late": tally.late,
            "starved": tally.starved,
            "errors": [tally.errors[cause] for cause in range(CAUSES)],
            "sums_ns": {
                "response": tally.response_sum_ns,
                "service": tally.service_sum_ns,
                "send_lag": tally.send_lag_sum_ns,
                "connect": tally.connect_sum_ns,
                "waiting": tally.waiting_sum_ns,
            },
            "counts": {
                "response": counts_of(tally.response),
                "service": counts_of(tally.service),
                "send_lag": counts_of(tally.send_lag),
                "connect": counts_of(tally.connect),
                "waiting": counts_of(tally.waiting),
            },
        }
        memset(tally, 0, sizeof(Tally))
        return taken

    def peek(self):
        """What may be read while the thread runs on: a figure may be a few messages old."""
        cdef Engine *engine = self.engine
        return (
            engine.ready, engine.failed, engine.busy, engine.in_flight,
            engine.target - engine.opened, engine.messages_before + engine.tally.messages,
            engine.opening_began_ns, engine.opening_ended_ns,
        )

    def response_counts(self):
        """The response times since the last cut, as far as recorded."""
        return counts_of(self.engine.tally.response)
