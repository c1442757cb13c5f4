# cython: language_level=3, freethreading_compatible=True, boundscheck=False, wraparound=False, cdivision=True
"""The native engine: a shard is one thread, one epoll and its share of the connections.

The thread never takes the GIL, allocates nothing and locks nothing while it drives load, but for
what OpenSSL does over TLS. Python commands it through an eventfd and waits on a semaphore until the
command is handled. What the thread records goes into one of two tallies; a snapshot swaps them, so
that Python reads one at leisure while the thread goes on with the other.

This file is Python's side. The thread's side, from the bottom up:

    linux, atomics, tls      system calls; fields that two threads read; OpenSSL
    histogram, payload,      counting times; what is sent; when messages are due;
    schedule, http,          reading replies of HTTP, and frames of WebSocket
    websocket
    causes, tally            why things fail; what is recorded
    connection, shard        the states of a connection; all that the thread works on
    transport, failing,      what happens to a connection
    opening, messages,
    receiving
    commands, loop           what Python commands; the thread's main loop

They are headers of inline functions, so that the compiler sees one program. `cdivision` in some of
them is division as C's: Python's would check for zero, and take the GIL to raise.
"""

from libc.errno cimport errno
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, malloc
from libc.string cimport memcpy, memset, strdup

from c10k.loadgen.address import CONNECTIONS_PER_SOURCE
from c10k.loadgen.handshake import handshake
from c10k.loadgen.shard import KINDS, ShardStatus
from c10k.loadgen.tls import is_ip_address, server_name
from c10k.loadgen.workload import PROTOCOLS

from c10k.loadgen.native.atomics cimport load, load_pointer
from c10k.loadgen.native.causes cimport CAUSES, cause_names
from c10k.loadgen.native.commands cimport LOAD, QUIT, RESIZE, SNAPSHOT, STOP
from c10k.loadgen.native.http cimport ACCEPT
from c10k.loadgen.native.histogram cimport HDR_COUNTS, counts_of
from c10k.loadgen.native.linux cimport *
from c10k.loadgen.native.loop cimport WAKE, drive
from c10k.loadgen.native.payload cimport RUN, pattern_create, pool_create
from c10k.loadgen.native.shard cimport (
    ECHO, Settings, ShardState, WEBSOCKET, free_memory,
)
from c10k.loadgen.native.tally cimport RESPONSE, Tally
from c10k.loadgen.native.tls cimport Tls, tls_configure, tls_load, tls_trust
from c10k.loadgen.native.websocket cimport KEYS, MASK_KEY, frame_header


cdef class Shard:
    """A shard (loadgen/shard.py) that is one native thread.

    With `spin` it polls for the last 0.3 ms before a message is due. Raises MemoryError or OSError
    where the machine refuses memory, an epoll or a thread, or has no OpenSSL for TLS, and ValueError
    for certificates that are none.
    """

    cdef ShardState *state
    cdef bint running

    def __cinit__(self, settings):
        target, workload = settings.target, settings.workload
        cdef ShardState *state = <ShardState *>calloc(1, sizeof(ShardState))
        if state == NULL:
            raise MemoryError
        self.state = state
        state.epoll = state.wake = -1
        state.snapshot = 1
        state.schedule.index, state.schedule.shards = settings.index, settings.shards
        state.settings.in_flight_limit, state.settings.spin = settings.in_flight, settings.spin
        state.settings.cpu = -1 if settings.cpu is None else settings.cpu
        self.configure_sources(target, churning=workload.messages_per_connection is not None)
        self.configure_messages(target, workload)
        if settings.tls is not None:
            self.configure_tls(settings.tls, server_name(target))
        self.configure_times(workload)
        state.tally = <Tally *>calloc(1, sizeof(Tally))
        state.spare = <Tally *>calloc(1, sizeof(Tally))
        state.buffer = <unsigned char *>malloc(RUN)
        state.pattern = pattern_create()
        if not (state.tally and state.spare and state.buffer and state.pattern):
            raise MemoryError
        self.start()

    cdef void configure_sources(self, target, churning) except *:
        """Take over where connections go to and come from."""
        cdef Settings *settings = &self.state.settings
        cdef bytes packed = target.packed
        cdef size_t i
        memcpy(&settings.address, <const char *>packed, len(packed))
        settings.address_length = <socklen_t>len(packed)
        settings.connections_per_source = 1 if churning else CONNECTIONS_PER_SOURCE
        settings.source_count = len(target.sources)
        settings.sources = <sockaddr_storage *>calloc(
            settings.source_count + 1, sizeof(sockaddr_storage)
        )
        if settings.sources == NULL:
            raise MemoryError
        for i, source in enumerate(target.sources):
            packed = source.packed
            memcpy(&settings.sources[i], <const char *>packed, len(packed))

    cdef void configure_messages(self, target, workload) except *:
        """Take over what is sent and what must come back."""
        cdef Settings *settings = &self.state.settings
        cdef bytes request = None
        settings.protocol = PROTOCOLS.index(workload.protocol)
        settings.replies_per_connection = workload.messages_per_connection or 0
        settings.sent_when_due = workload.sent_when_due
        settings.reconnect = workload.reconnect
        if settings.protocol == ECHO:
            self.state.pool = pool_create()
            settings.size = settings.reply_size = workload.size_bytes
        elif settings.protocol == WEBSOCKET:
            self.state.pool = pool_create()
            settings.reply_size = workload.size_bytes
            settings.frame = frame_header(settings.reply_size)
            settings.size = settings.frame.size + MASK_KEY + settings.reply_size
            self.configure_handshakes(workload.path, target.authority)
        else:
            request = workload.request(target.authority)
            self.state.pool = <unsigned char *>malloc(len(request))
            settings.size, settings.reply_size = len(request), workload.expect_bytes
        if self.state.pool == NULL:
            raise MemoryError
        if request is not None:
            memcpy(self.state.pool, <const char *>request, len(request))

    cdef void configure_tls(self, tls, str name) except *:
        """Take over which certificates the server, of this name, may have."""
        cdef Tls *own = <Tls *>calloc(1, sizeof(Tls))
        cdef bytes known = name.encode("idna" if not name.isascii() else "ascii")
        cdef bytes trusted = tls.authorities.encode()
        self.state.tls = own
        if own == NULL:
            raise MemoryError
        if not tls_load(own):
            raise OSError(
                "TLS needs OpenSSL's libssl.so.3 or libssl.so.1.1: install it (Debian or Ubuntu: "
                "sudo apt install libssl3), or take the portable engine"
            )
        if not tls_configure(own):
            raise MemoryError
        if not is_ip_address(name):
            own.name = strdup(known)
            if own.name == NULL:
                raise MemoryError
        if not tls.verify:
            return
        found = tls_trust(own, trusted, <int>len(trusted), known)
        if found < 0:
            raise ValueError(f"no certificate can be checked for {name}")
        if found == 0 and trusted:
            raise ValueError("there are no certificates in PEM")

    cdef void configure_handshakes(self, path, authority) except *:
        """Make the handshakes that the connections take in turn."""
        cdef ShardState *state = self.state
        cdef bytes request, accept
        cdef size_t i
        made = [handshake(path, authority) for _ in range(KEYS)]
        state.settings.handshake_size = len(made[0].request)
        state.handshakes = <char *>malloc(KEYS * state.settings.handshake_size)
        state.accepts = <char *>malloc(KEYS * ACCEPT)
        if not (state.handshakes and state.accepts):
            raise MemoryError
        for i, (request, accept) in enumerate(made):
            memcpy(
                state.handshakes + i * state.settings.handshake_size, <const char *>request,
                state.settings.handshake_size,
            )
            memcpy(state.accepts + i * ACCEPT, <const char *>accept, ACCEPT)

    cdef void configure_times(self, workload) except *:
        """Take over when messages are due and how long replies may take."""
        cdef Settings *settings = &self.state.settings
        self.state.schedule.poisson = workload.arrivals == "poisson"
        self.state.schedule.seed = workload.seed
        if workload.rate_per_connection is not None:
            self.state.schedule.period_ns = 1e9 / workload.rate_per_connection
        settings.connect_timeout_ns = <int64_t>(workload.connect_timeout_s * 1e9)
        settings.timeout_ns = <int64_t>(workload.timeout_s * 1e9)
        settings.sweep_ns = <int64_t>(workload.sweep_s * 1e9)

    cdef void start(self) except *:
        """Create what the thread waits for, and the thread."""
        cdef ShardState *state = self.state
        cdef epoll_event event
        sem_init(&state.handled, 0, 0)
        state.epoll = epoll_create1(EPOLL_CLOEXEC)
        # Its counter wakes the thread from epoll_wait(), where a semaphore could not.
        state.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if state.epoll < 0 or state.wake < 0:
            raise OSError(errno, "no descriptor for the fleet's epoll")
        event.events = EPOLLIN
        event.data.u32 = WAKE
        epoll_ctl(state.epoll, EPOLL_CTL_ADD, state.wake, &event)
        if pthread_create(&state.thread, NULL, drive, state) != 0:
            raise OSError("the fleet's thread cannot be started: too many processes or no memory")
        self.running = True

    def __dealloc__(self):
        if self.state == NULL:
            return
        self.quit()
        if self.state.epoll >= 0:
            close(self.state.epoll)
        if self.state.wake >= 0:
            close(self.state.wake)
        sem_destroy(&self.state.handled)
        free_memory(self.state)

    cdef void command(self, int kind) noexcept:
        """Wake the thread, and wait without the GIL until it has handled the command."""
        cdef uint64_t one = 1
        cdef ShardState *state = self.state
        state.command.kind = kind
        with nogil:
            write(state.wake, &one, sizeof(one))
            while sem_wait(&state.handled) < 0: # a signal: Python's handler runs after this
                pass

    def resize(
        self, uint32_t target, uint32_t active, uint32_t fleet_active, int64_t epoch_ns
    ):
        self.state.command.target, self.state.command.active = target, active
        self.state.command.fleet_active = fleet_active
        self.state.command.epoch_ns = epoch_ns
        self.command(RESIZE)
        if self.state.command.refused:
            raise MemoryError(f"no memory for {target} connections")

    def load(self, int64_t epoch_ns):
        self.state.command.epoch_ns = epoch_ns
        self.command(LOAD)

    def stop(self):
        self.command(STOP)

    def quit(self):
        if self.running:
            self.running = False
            self.command(QUIT)
            with nogil:
                pthread_join(self.state.thread, NULL)

    def snapshot(self):
        cdef Tally *tally
        self.command(SNAPSHOT)
        tally = self.state.spare
        names = cause_names()
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
                names[cause]: tally.errors[cause] for cause in range(CAUSES) if tally.errors[cause]
            },
            "sums_ns": {KINDS[kind]: tally.times[kind].sum_ns for kind in range(len(KINDS))},
            "counts": {
                KINDS[kind]: counts_of(tally.times[kind].counts) for kind in range(len(KINDS))
            },
        }
        memset(tally, 0, sizeof(Tally))
        return taken

    def peek(self):
        status = &self.state.status
        return ShardStatus(
            ready=load(&status.ready),
            failed=load(&status.failed),
            busy=load(&status.busy),
            opening=load(&status.in_flight) + load(&status.target) - load(&status.opened),
            messages=load(&status.messages),
            opening_began_ns=load(&status.opening_began_ns),
            opening_ended_ns=load(&status.opening_ended_ns),
        )

    def response_counts(self):
        tally = <Tally *>load_pointer(<void **>&self.state.tally)
        return counts_of(tally.times[RESPONSE].counts)
