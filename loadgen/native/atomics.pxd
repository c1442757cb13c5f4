"""Fields that one thread writes while others read them.

The discipline: each such field has one writer, and both sides use relaxed atomics. A reader sees
the value of before or after a write, never half of one, and perhaps a moment late. The writer adds
with a load and a store: no locked instruction, so sharing costs the hot path nothing. It may read
its own fields plainly.
"""

from libc.stdint cimport int64_t

cdef extern from * nogil:
    int __ATOMIC_RELAXED
    int64_t atomic_load "__atomic_load_n"(const int64_t *field, int order)
    void atomic_store "__atomic_store_n"(int64_t *field, int64_t value, int order)
    void *atomic_load_pointer "__atomic_load_n"(void **field, int order)
    void atomic_store_pointer "__atomic_store_n"(void **field, void *value, int order)


cdef inline int64_t load(const int64_t *field) noexcept nogil:
    return atomic_load(field, __ATOMIC_RELAXED)


cdef inline void store(int64_t *field, int64_t value) noexcept nogil:
    atomic_store(field, value, __ATOMIC_RELAXED)


cdef inline void add(int64_t *field, int64_t value) noexcept nogil:
    """Add as the only writer."""
    atomic_store(field, field[0] + value, __ATOMIC_RELAXED)


cdef inline void *load_pointer(void **field) noexcept nogil:
    return atomic_load_pointer(field, __ATOMIC_RELAXED)


cdef inline void store_pointer(void **field, void *value) noexcept nogil:
    atomic_store_pointer(field, value, __ATOMIC_RELAXED)
