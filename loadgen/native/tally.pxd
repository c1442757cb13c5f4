"""What a shard's thread records between two snapshots."""

from libc.stdint cimport int64_t

from c10k.loadgen.native.causes cimport CAUSES, is_wrong_reply
from c10k.loadgen.native.histogram cimport HDR_COUNTS, hdr_record

cdef enum: # kinds of times, in the order of KINDS in loadgen/shard.py, which says what they are
    RESPONSE
    SERVICE
    SEND_LAG
    CONNECT
    HANDSHAKE
    FIRST_ECHO
    WAITING
    KINDS


cdef struct Times:
    int64_t sum_ns
    int64_t counts[HDR_COUNTS] # read by other threads while they grow


cdef struct Tally:
    int64_t began_ns, ended_ns, cpu_began_ns, cpu_ended_ns
    int64_t sent, messages, lost, due, late, starved
    int64_t pending # when it ended: due and neither replied to nor lost
    int64_t errors[CAUSES]
    Times times[KINDS]


cdef inline void record(Tally *tally, int kind, int64_t ns) noexcept nogil:
    tally.times[kind].sum_ns += ns
    hdr_record(tally.times[kind].counts, ns)


cdef inline void record_reply(
    Tally *tally, int64_t due_ns, int64_t sent_ns, int64_t now_ns, bint sent_when_due
) noexcept nogil:
    """Record a message's response time, and its service time where that is another."""
    record(tally, RESPONSE, now_ns - due_ns)
    if not sent_when_due:
        record(tally, SERVICE, now_ns - sent_ns)


cdef inline void record_unsent(Tally *tally, int64_t due_ns, int64_t now_ns) noexcept nogil:
    """Count a message as lost that was never sent, with its wait."""
    tally.lost += 1
    record(tally, RESPONSE, now_ns - due_ns)


cdef inline void record_lost(
    Tally *tally, int cause, int64_t due_ns, int64_t sent_ns, int64_t now_ns, bint sent_when_due
) noexcept nogil:
    """Count a message as lost that was sent.

    Its reply would have taken at least as long as it was waited for, so that is recorded. A wrong
    reply says nothing of how long the right one would have taken.
    """
    tally.lost += 1
    if not is_wrong_reply(cause):
        record_reply(tally, due_ns, sent_ns, now_ns, sent_when_due)
