# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What the tests call of the headers alone; the product imports nothing of it."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from c10k.loadgen.native.histogram cimport hdr_index
from c10k.loadgen.native.http cimport Reply, UNTIL_CLOSE, WHOLE, reply_begin, reply_feed
from c10k.loadgen.native.schedule cimport (
    Schedule, gap_after, in_fleet, passed, schedule_advance, schedule_begin, schedule_free, schedule_reserve,
)


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
