"""Recording into the counts of an HDR histogram of 1,000 ns to 1 h at 3 significant digits.

The layout is HdrHistogram's, so the counts can be read by any of its implementations: values
below 2**20 ns are counted in units of 512 ns (the power of two at or below the lowest value);
each bucket after that doubles the range in 1,024 units of double the width.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t

from c10k.loadgen.native.atomics cimport add, load

cdef extern from * nogil:
    int __builtin_clzll(unsigned long long) noexcept

cdef enum:
    HDR_UNIT_MAGNITUDE = 9  # floor(log2(lowest value, 1,000 ns))
    HDR_SUB_BUCKET_BITS = 11  # ceil(log2(2 * 10**3)): 3 digits hold to the end of a bucket
    HDR_BUCKETS = 23  # 2**(9 + 11) ns doubled 22 times is the first to exceed 1 h
    HDR_COUNTS = 24576  # (buckets + 1) * half a bucket's units

cdef extern from *:
    """
    #define HDR_HIGHEST_NS 3600000000000LL
    """
    const int64_t HDR_HIGHEST_NS


cdef inline int hdr_index(int64_t ns) noexcept nogil:
    """The place of `ns`, clamped to 0 and HDR_HIGHEST_NS, among HDR_COUNTS counts."""
    # The mask makes every value of the first bucket as long as the bucket's last one.
    cdef int64_t mask = <int64_t> ((1 << HDR_SUB_BUCKET_BITS) - 1) << HDR_UNIT_MAGNITUDE
    cdef int bucket
    if ns < 0:
        ns = 0
    elif ns > HDR_HIGHEST_NS:
        ns = HDR_HIGHEST_NS
    bucket = 64 - HDR_UNIT_MAGNITUDE - HDR_SUB_BUCKET_BITS - __builtin_clzll(ns | mask)
    # Only upper halves follow the first bucket, hence a step of half a bucket.
    return (bucket << (HDR_SUB_BUCKET_BITS - 1)) + <int> (ns >> (bucket + HDR_UNIT_MAGNITUDE))


cdef inline void hdr_record(int64_t *counts, int64_t ns) noexcept nogil:
    """Count `ns` in `counts`, an array of HDR_COUNTS that other threads may read meanwhile."""
    add(&counts[hdr_index(ns)], 1)


cdef inline bytes counts_of(const int64_t *counts):
    """A copy of HDR_COUNTS counts that another thread may be adding to."""
    cdef bytes copy = PyBytes_FromStringAndSize(NULL, HDR_COUNTS * sizeof(int64_t))
    cdef int64_t *copied = <int64_t *>PyBytes_AS_STRING(copy)
    cdef int i
    for i in range(HDR_COUNTS):
        copied[i] = load(&counts[i])
    return copy
