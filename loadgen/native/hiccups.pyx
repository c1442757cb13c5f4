# cython: language_level=3, freethreading_compatible=True, boundscheck=False, wraparound=False, cdivision=True
"""Hiccups of the host: how late a thread wakes that does nothing but wake.

If this thread was 20 ms late when a response took 20 ms, the host delayed the response, not the
server. After Gil Tene's jHiccup.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t

from c10k.loadgen.native.atomics cimport load, store
from c10k.loadgen.native.histogram cimport HDR_COUNTS, hdr_record
from c10k.loadgen.native.linux cimport *

cdef enum:
    SECOND = 1_000_000_000


cdef struct Meter:
    int64_t interval_ns
    int64_t tick_ns  # when to wake next, on the monotonic clock
    int64_t stopping  # a flag that Python sets and the thread reads
    int64_t counts[HDR_COUNTS]  # since the start; the thread writes them, Python reads them


cdef void *measure(void *argument) noexcept nogil:
    """The thread: wake at each tick and count how late that was, until told to stop."""
    cdef Meter *meter = <Meter *> argument
    cdef int64_t now
    cdef timespec tick
    name_and_pin_thread("c10k-hiccups", -1)
    while True:
        tick.tv_sec = meter.tick_ns // SECOND
        tick.tv_nsec = meter.tick_ns % SECOND
        # Until a fixed time: relative sleeps would add their lateness up.
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &tick, NULL)
        now = clock_ns(CLOCK_MONOTONIC)
        # A thread that had asked to wake at a tick slept through would have waited as long.
        while meter.tick_ns <= now:
            hdr_record(meter.counts, now - meter.tick_ns)
            meter.tick_ns += meter.interval_ns
        if load(&meter.stopping):
            return NULL


cdef class HiccupMeter:
    """A native thread that wakes every `interval_ns` on `cpus` (None: any) and counts its lateness.

    Every tick since the start is counted exactly once, the ones slept through too, so that a pause
    of 300 ms at an interval of 1 ms counts as 300, 299, 298 ... ms. The thread takes neither the
    GIL nor a lock nor memory. At 1 ms it costs 1.5 % of a busy core and 4 % of an idle one, at
    10 ms 0.3 % of a busy one (measured on a virtual machine, where waking from idle costs most).

    Beside threads that keep a CPU busy, its lateness includes its wait for them: 6.8 ms at the p99
    beside a saturated echo server. With `realtime` (SCHED_FIFO, the lowest priority; sched(7)) it
    runs before any thread of normal priority, and 0.09 ms remained: the host's.
    """

    cdef Meter meter
    cdef int64_t taken[HDR_COUNTS]
    cdef object cpus
    cdef bint realtime
    cdef pthread_t thread
    cdef bint running

    def __init__(self, cpus=None, int64_t interval_ns=1_000_000, *, bint realtime=False):
        if interval_ns <= 0:
            raise ValueError(f"an interval must be positive, not {interval_ns} ns")
        self.cpus = cpus
        self.realtime = realtime
        self.meter.interval_ns = interval_ns

    def start(self):
        """Start the thread.

        OSError where it cannot be started or may not run on `cpus`, and PermissionError where it
        may not have real-time priority.
        """
        cdef pthread_attr_t attributes
        cdef sched_param lowest
        cdef cpu_set_t allowed
        cdef sigset_t every, before
        cdef int error = 0
        if self.running:
            raise RuntimeError("the hiccup meter is running already")
        self.meter.stopping = False
        self.meter.tick_ns = clock_ns(CLOCK_MONOTONIC) + self.meter.interval_ns
        pthread_attr_init(&attributes)
        try:
            if self.cpus is not None:
                CPU_ZERO(&allowed)
                for cpu in self.cpus:
                    CPU_SET(cpu, &allowed)
                error = pthread_attr_setaffinity_np(&attributes, sizeof(cpu_set_t), &allowed)
            if self.realtime:
                lowest.sched_priority = sched_get_priority_min(SCHED_FIFO)
                pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED)
                pthread_attr_setschedpolicy(&attributes, SCHED_FIFO)
                pthread_attr_setschedparam(&attributes, &lowest)
            if not error:
                # A signal that this thread handles would end its sleep.
                sigfillset(&every)
                pthread_sigmask(SIG_SETMASK, &every, &before)
                error = pthread_create(&self.thread, &attributes, measure, &self.meter)
                pthread_sigmask(SIG_SETMASK, &before, NULL)
        finally:
            pthread_attr_destroy(&attributes)
        if error:
            raise OSError(error, f"cannot start the hiccup meter on CPUs {self.cpus}: "
                                 f"{strerror(error).decode()}")
        self.running = True

    def swap(self):
        """The lateness in ns of every tick since the last swap, as the bytes of HDR counts.

        24,576 native int64 in the layout of `histogram.pxd`. A pause is counted when it ends.
        """
        cdef bytes since = PyBytes_FromStringAndSize(NULL, HDR_COUNTS * sizeof(int64_t))
        cdef int64_t *counts = <int64_t *> PyBytes_AS_STRING(since)
        cdef int64_t count
        cdef int index
        # The thread only ever adds, so a difference loses nothing and needs no lock: what is
        # counted during this loop falls into this swap or into the next.
        for index in range(HDR_COUNTS):
            count = load(&self.meter.counts[index])
            counts[index] = count - self.taken[index]
            self.taken[index] = count
        return since

    def stop(self):
        """End the thread within an interval; what it counted can still be swapped out."""
        if self.running:
            store(&self.meter.stopping, True)
            with nogil:
                pthread_join(self.thread, NULL)
            self.running = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def __dealloc__(self):
        # The thread writes into this object. A destructor may not raise, nor call a method.
        if self.running:
            store(&self.meter.stopping, True)
            pthread_join(self.thread, NULL)
