"""The system calls of the native modules, as far as Cython's own declarations lack them.

No other file declares any.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport strerror
from posix.signal cimport SIG_SETMASK, sigaddset, sigemptyset, sigfillset, sigset_t
from posix.time cimport (
    CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, TIMER_ABSTIME, clock_gettime, clock_nanosleep,
    clockid_t, timespec,
)
from posix.unistd cimport close, read, write

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    struct sockaddr:
        pass
    struct sockaddr_storage:
        unsigned short ss_family
    int SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC, SOL_SOCKET, SO_ERROR, MSG_NOSIGNAL
    int socket(int domain, int type, int protocol)
    int bind(int fd, const sockaddr *address, socklen_t length)
    int accept4(int listener, sockaddr *address, socklen_t *length, int flags)
    int connect(int fd, const sockaddr *address, socklen_t length)
    int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
    int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
    ssize_t recv(int fd, void *buffer, size_t length, int flags)
    ssize_t send(int fd, const void *buffer, size_t length, int flags)

cdef extern from "<netinet/in.h>" nogil:
    int IPPROTO_IP, IPPROTO_TCP, IP_BIND_ADDRESS_NO_PORT

cdef extern from "<netinet/tcp.h>" nogil:
    int TCP_NODELAY

cdef extern from "<sys/epoll.h>" nogil:
    ctypedef union epoll_data_t:
        uint32_t u32
    struct epoll_event:
        uint32_t events
        epoll_data_t data
    uint32_t EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLET
    int EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_MOD
    int epoll_create1(int flags)
    int epoll_ctl(int epoll, int operation, int fd, epoll_event *event)
    int epoll_wait(int epoll, epoll_event *events, int room, int timeout_ms)

cdef extern from "<sys/eventfd.h>" nogil:
    int EFD_NONBLOCK, EFD_CLOEXEC
    int eventfd(unsigned int initial, int flags)

cdef extern from "<dlfcn.h>" nogil:
    int RTLD_LOCAL, RTLD_NOW
    void *dlopen(const char *file, int flags)
    void *dlsym(void *library, const char *name)

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size) # a multiple of the alignment

cdef extern from "<signal.h>" nogil:
    int SIGPIPE, SIG_BLOCK
    int pthread_sigmask(int how, const sigset_t *signals, sigset_t *before)

cdef extern from "<sched.h>" nogil:
    ctypedef struct cpu_set_t:
        pass
    struct sched_param:
        int sched_priority
    int SCHED_FIFO
    int sched_get_priority_min(int policy)
    void CPU_ZERO(cpu_set_t *cpus)
    void CPU_SET(int cpu, cpu_set_t *cpus)

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_t:
        pass
    ctypedef struct pthread_attr_t:
        pass
    int PTHREAD_EXPLICIT_SCHED
    int pthread_attr_init(pthread_attr_t *attributes)
    int pthread_attr_destroy(pthread_attr_t *attributes)
    int pthread_attr_setaffinity_np(pthread_attr_t *attributes, size_t size, const cpu_set_t *cpus)
    int pthread_attr_setinheritsched(pthread_attr_t *attributes, int inherit)
    int pthread_attr_setschedpolicy(pthread_attr_t *attributes, int policy)
    int pthread_attr_setschedparam(pthread_attr_t *attributes, const sched_param *parameters)
    int pthread_create(
        pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument
    )
    int pthread_join(pthread_t thread, void **result)

cdef extern from "<semaphore.h>" nogil:
    ctypedef struct sem_t:
        pass
    int sem_init(sem_t *semaphore, int shared, unsigned int value)
    int sem_post(sem_t *semaphore)
    int sem_wait(sem_t *semaphore)
    int sem_destroy(sem_t *semaphore)

cdef extern from *:
    """
    #include <errno.h>
    #include <sched.h>
    #include <sys/epoll.h>
    #include <sys/prctl.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>

    /* The compiler refuses the code where the condition is false. */
    #define REQUIRE_STATICALLY(condition) _Static_assert(condition, #condition)

    /* Cython takes an assignment to errno for one to a variable of its own. */
    static inline void set_errno(int number) {
        errno = number;
    }

    /* The name is what top and the tests show. The kernel wakes a sleeper late by up to its
       timer slack, 50 us by default: too much for a schedule that is kept to the microsecond. */
    static inline void name_and_pin_thread(const char *name, int cpu) {
        prctl(PR_SET_NAME, name);
        prctl(PR_SET_TIMERSLACK, 1UL);
        if (cpu >= 0) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(cpu, &set);
            sched_setaffinity(0, sizeof set, &set);
        }
    }

    /* epoll_pwait2 (Linux 5.11) waits to the nanosecond. Without it, round down to whole
       milliseconds and poll through the rest, which costs CPU but keeps the schedule. */
    static inline int epoll_wait_ns(int epoll, struct epoll_event *events, int room, long long wait_ns) {
    #ifdef SYS_epoll_pwait2
        static int missing = 0; /* written by any shard's thread, always to the same value */
        if (!__atomic_load_n(&missing, __ATOMIC_RELAXED)) {
            struct timespec wait = {wait_ns / 1000000000LL, wait_ns % 1000000000LL};
            int ready = syscall(SYS_epoll_pwait2, epoll, events, room, &wait, (void *)0, 0);
            if (ready >= 0 || errno != ENOSYS)
                return ready;
            __atomic_store_n(&missing, 1, __ATOMIC_RELAXED);
        }
    #endif
        return epoll_wait(epoll, events, room, (int)(wait_ns / 1000000LL));
    }
    """
    void set_errno(int number) noexcept nogil
    void REQUIRE_STATICALLY(bint condition) noexcept nogil
    void name_and_pin_thread(const char *name, int cpu) noexcept nogil
    int epoll_wait_ns(int epoll, epoll_event *events, int room, long long wait_ns) noexcept nogil


cdef inline int64_t clock_ns(clockid_t clock) noexcept nogil:
    cdef timespec now
    clock_gettime(clock, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec
