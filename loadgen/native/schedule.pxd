# cython: cdivision=True
"""When messages are due in an open loop: fixed in advance, whatever the server does.

uniform: arrival a of connection c, of so many in the fleet, is due at
    epoch + (a + c / fleet) * period
so that phases are spread evenly and nothing drifts.

poisson: the gaps between a connection's arrivals are independent and exponential with the period as
their mean, so those of the fleet are a Poisson process. Each is worked out from the seed, the
connection and the arrival's number alone: a seed gives one schedule, on any number of threads, and
what is due behind a busy connection needs no memory.
"""

from libc.math cimport log1p
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc

cdef struct Arrival:
    int64_t due_ns
    uint32_t connection

cdef struct Schedule:
    double period_ns # between two messages of a connection; 0 in a closed loop
    bint poisson
    uint64_t seed
    uint32_t index, shards # connection i of this shard is i * shards + index of the fleet
    # since the schedule began
    int64_t epoch_ns
    uint32_t count, fleet # connections of this shard, of the fleet
    # the next arrival
    int64_t next_due_ns
    uint32_t next
    int64_t round # its number, if uniform
    # if poisson: a binary heap of the next arrival of each connection, and their numbers
    Arrival *heap
    uint32_t *numbers


cdef inline uint32_t in_fleet(const Schedule *schedule, uint32_t connection) noexcept nogil:
    """The number in the fleet of a connection of this shard."""
    return connection * schedule.shards + schedule.index


cdef inline int64_t uniform_due(
    const Schedule *schedule, uint32_t connection, int64_t number
) noexcept nogil:
    """When an arrival is due; from the epoch each time, so that roundings do not add up."""
    cdef double phase = <double>in_fleet(schedule, connection) / schedule.fleet
    return schedule.epoch_ns + <int64_t>((<double>number + phase) * schedule.period_ns)


cdef inline int64_t poisson_gap(
    const Schedule *schedule, uint32_t connection, int64_t number
) noexcept nogil:
    """From the arrival before to this one: -ln(1 - u) * period, u uniform in [0, 1) from 53 bits of
    splitmix64 (Steele et al. 2014), its state the seed's and the arrival's."""
    cdef uint64_t x = <uint64_t>in_fleet(schedule, connection) << 32 | <uint32_t>number
    x = (x ^ schedule.seed * 0xD1342543DE82EF95ULL) + 0x9E3779B97F4A7C15ULL
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL
    return <int64_t>(-log1p(-<double>((x ^ (x >> 31)) >> 11) / 9007199254740992.0) * schedule.period_ns)


cdef inline int64_t gap_after(
    const Schedule *schedule, uint32_t connection, int64_t number
) noexcept nogil:
    """From this arrival of the connection to its next."""
    if schedule.poisson:
        return poisson_gap(schedule, connection, number + 1)
    return uniform_due(schedule, connection, number + 1) - uniform_due(schedule, connection, number)


cdef inline int64_t passed(const Schedule *schedule, uint32_t connection) noexcept nogil:
    """How many arrivals of the connection came before the next arrival of all."""
    if schedule.poisson:
        return schedule.numbers[connection]
    return schedule.round + (connection < schedule.next)


cdef inline void sink(Schedule *schedule, uint32_t place) noexcept nogil:
    """Restore the heap below a place whose arrival has become later."""
    cdef Arrival sinking = schedule.heap[place]
    cdef uint32_t child = 2 * place + 1
    while child < schedule.count:
        if (
            child + 1 < schedule.count
            and schedule.heap[child + 1].due_ns < schedule.heap[child].due_ns
        ):
            child += 1
        if sinking.due_ns <= schedule.heap[child].due_ns:
            break
        schedule.heap[place] = schedule.heap[child]
        place = child
        child = 2 * place + 1
    schedule.heap[place] = sinking


cdef inline void schedule_aim(Schedule *schedule) noexcept nogil:
    """Work out the next arrival of all."""
    if schedule.poisson:
        schedule.next = schedule.heap[0].connection
        schedule.next_due_ns = schedule.heap[0].due_ns
    else:
        schedule.next_due_ns = uniform_due(schedule, schedule.next, schedule.round)


cdef inline bint schedule_reserve(Schedule *schedule, uint32_t count) noexcept nogil:
    """Make room for so many connections; whether there is memory for it."""
    cdef Arrival *heap
    cdef uint32_t *numbers
    if not schedule.poisson:
        return True
    heap = <Arrival *>realloc(schedule.heap, count * sizeof(Arrival))
    if heap != NULL:
        schedule.heap = heap
    numbers = <uint32_t *>realloc(schedule.numbers, count * sizeof(uint32_t))
    if numbers != NULL:
        schedule.numbers = numbers
    return heap != NULL and numbers != NULL


cdef inline void schedule_begin(
    Schedule *schedule, uint32_t count, uint32_t fleet, int64_t epoch_ns
) noexcept nogil:
    """Begin anew with this number of connections, for which room is reserved."""
    cdef uint32_t i
    schedule.count, schedule.fleet, schedule.epoch_ns = count, fleet, epoch_ns
    schedule.next = 0
    schedule.round = 0
    if count == 0:
        return
    if schedule.poisson:
        for i in range(count):
            schedule.numbers[i] = 0
            schedule.heap[i].connection = i
            schedule.heap[i].due_ns = epoch_ns + poisson_gap(schedule, i, 0)
        for i in range(count // 2, 0, -1):
            sink(schedule, i - 1)
    schedule_aim(schedule)


cdef inline void schedule_advance(Schedule *schedule) noexcept nogil:
    """Go on to the arrival after the next one."""
    cdef uint32_t connection = schedule.next
    if schedule.poisson:
        schedule.numbers[connection] += 1
        schedule.heap[0].due_ns += poisson_gap(
            schedule, connection, schedule.numbers[connection]
        )
        sink(schedule, 0)
    else:
        schedule.next += 1
        if schedule.next == schedule.count:
            schedule.next = 0
            schedule.round += 1
    schedule_aim(schedule)


cdef inline void schedule_free(Schedule *schedule) noexcept nogil:
    free(schedule.heap)
    free(schedule.numbers)
