# cython: cdivision=True
"""What the connections send, and what must come back.

A message is a run of one pool of random bytes; where it starts follows from the connection and
the message's number. So a message needs no buffer of its own to be sent, to be sent on after a
partial write, or to be compared. The 2^18 messages in a row of a connection all differ, and so do
the n-th messages of 2^18 connections.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport malloc
from libc.string cimport memcpy

cdef enum:
    POOL = 1 << 18 # half of a usual second-level cache
    RUN = 1 << 16 # the longest run that is sent or compared at once
    PATTERN = 251 # a prime, so that no boundary of pages or buffers falls in with its period


cdef inline unsigned char *pool_create() noexcept nogil:
    """The pool and, behind it, its first RUN bytes again, so that no run ever wraps."""
    cdef unsigned char *pool = <unsigned char *>malloc(POOL + RUN)
    cdef uint64_t x = 0x9E3779B97F4A7C15ULL
    cdef int i
    if pool == NULL:
        return NULL
    for i in range(POOL): # xorshift64, Marsaglia 2003
        x ^= x << 13
        x ^= x >> 7
        x ^= x << 17
        pool[i] = <unsigned char>(x >> 32)
    memcpy(pool + POOL, pool, RUN)
    return pool


cdef inline uint32_t message_start(uint32_t connection, uint32_t number) noexcept nogil:
    """Scatter both over the pool, by odd factors: such a product is a permutation of the pool."""
    return (connection * <uint32_t>0x9E3779B1 + number * <uint32_t>0x85EBCA77) & (POOL - 1)


cdef inline const unsigned char *message_at(
    const unsigned char *pool, uint32_t start, uint32_t offset
) noexcept nogil:
    """Where the message's bytes from `offset` on lie; RUN of them may be used."""
    return pool + ((start + offset) & (POOL - 1))


cdef inline unsigned char *pattern_create() noexcept nogil:
    """What a download brings, byte i being i mod PATTERN, as far as any run of it reaches."""
    cdef unsigned char *pattern = <unsigned char *>malloc(PATTERN + RUN)
    cdef int i
    if pattern != NULL:
        for i in range(PATTERN + RUN):
            pattern[i] = <unsigned char>(i % PATTERN)
    return pattern


cdef inline const unsigned char *pattern_at(
    const unsigned char *pattern, uint32_t offset
) noexcept nogil:
    """Where the download's bytes from `offset` on lie; RUN of them may be used."""
    return pattern + offset % PATTERN
