"""One place in the fleet, and the connection that fills it at the moment.

Its states:

              open_one               connected            verified reply
    CLOSED -------------> CONNECTING -----------> PROBING ----------------> IDLE
                               ^                                            |  ^
                      open_one |                              begin_message |  | reply
                               |                                            v  |
                            IN_LINE <---+                                   BUSY
                               ^        |                                      ^
                   0.1 s later |        |                                      | connected
                               |        |                 part         reopen  |
                            BROKEN      |          IDLE ------> PARTED -----> RECONNECTING
                               ^        |
                               |        |
          any state --- fail --+--------+------> CLOSED

A failed connection is CLOSED for good unless the workload reconnects, the load goes on and the
connection was open once. Then it goes to IN_LINE if it carried a message since it was opened, else
to BROKEN: a server that accepts connections but answers nothing on them is not tried without a
pause.

    state         descriptor  counts as                what is due on it
    CLOSED        no          failed                   is queued, in vain
    CONNECTING    yes         in flight or reopening   is queued
    PROBING       yes         in flight or reopening   is queued
    IDLE          yes         ready                    is sent
    BUSY          yes         ready                    is queued
    PARTED        no          ready                    opens it
    RECONNECTING  yes         ready                    is queued
    BROKEN        no          failed                   is queued
    IN_LINE       no          failed                   is queued

Until a connection has had its first reply it is in flight, and nothing is due on it; when it is
opened again it is reopening, and counts as failed, too, until a reply has come.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    CACHE_LINE = 64

cdef enum: # states; 0 is that of memory just cleared
    CLOSED
    CONNECTING
    PROBING # connected; the reply to its first message has not come yet
    IDLE
    BUSY
    PARTED # closed after its share of messages, until its next one is due
    RECONNECTING # with a message that waits for it
    BROKEN # failed; to be opened again RETRY_NS after it was opened last
    IN_LINE # failed; to be opened again as soon as there is room for it


cdef struct Connection: # one cache line: a message touches no more of 10,000 connections than that
    int fd
    uint8_t state
    uint8_t unverified # no verified reply since it was opened
    uint16_t completed_in # the snapshot in which the last message was completed, of 2^16
    uint32_t number # of the message under way
    uint32_t start # where in the pool it begins
    uint32_t sent # bytes of it
    uint32_t received # bytes of its reply
    uint32_t replies # since it was opened, but for the probe's
    uint32_t queued # messages that are due but wait their turn; in a closed loop 0 or 1
    int64_t due_ns
    int64_t sent_ns
    int64_t queue_due_ns # when the first of the queued messages was due
    int64_t opened_ns # when connect() was called


cdef inline bint is_new(const Connection *connection) noexcept nogil:
    """Whether it is being opened for the first time: nothing is due on it yet."""
    if connection.state == CONNECTING:
        return connection.number == 0
    return connection.state == PROBING and connection.number == 1


cdef inline bint has_message(const Connection *connection) noexcept nogil:
    """Whether a message is under way, if only as far as to a connection that is being opened."""
    return connection.state == BUSY or connection.state == RECONNECTING
