"""The causes by which errors are counted."""

from libc.errno cimport (
    EADDRNOTAVAIL, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EMFILE, ENETUNREACH, ENFILE, ENODATA,
    EPIPE, ETIMEDOUT,
)

cdef enum: # in the order of cause_names
    CONNECT_REFUSED
    CONNECT_TIMEOUT
    CONNECT_FAILED
    UNREACHABLE
    NO_PORT
    NO_DESCRIPTOR
    TLS_HANDSHAKE
    TLS_CERTIFICATE
    NEVER_OPENED
    CLOSED_BY_SERVER
    RESET
    TIMEOUT
    CORRUPT
    EXCESS
    HTTP_STATUS
    MALFORMED
    PROTOCOL_ERROR
    IO_ERROR
    CAUSES


cdef inline tuple cause_names():
    return (
        "connect_refused", "connect_timeout", "connect_failed", "unreachable", "no_port",
        "no_descriptor", "tls_handshake", "tls_certificate", "never_opened", "closed_by_server",
        "reset", "timeout", "corrupt", "excess", "http_status", "malformed", "protocol_error",
        "io_error",
    )


cdef inline bint is_wrong_reply(int cause) noexcept nogil:
    """Whether a reply came, but not the right one."""
    return (
        cause == CORRUPT or cause == EXCESS or cause == MALFORMED or cause == HTTP_STATUS
        or cause == PROTOCOL_ERROR
    )


cdef inline bint is_unreachable(int error) noexcept nogil:
    """Whether the network says that there is no way to the peer, or no peer."""
    return error == EHOSTUNREACH or error == ENETUNREACH


cdef inline int cause_of(int error) noexcept nogil:
    """The cause of an errno of send() or recv()."""
    if error == ECONNRESET or error == EPIPE:
        return RESET
    if error == ENODATA: # over TLS: the connection ended, but not its session
        return CLOSED_BY_SERVER
    if error == ECONNREFUSED:
        return CONNECT_REFUSED
    if error == EADDRNOTAVAIL:
        return NO_PORT
    if error == EMFILE or error == ENFILE:
        return NO_DESCRIPTOR
    if error == ETIMEDOUT or is_unreachable(error): # the peer's kernel acknowledges nothing
        return TIMEOUT
    return IO_ERROR


cdef inline int connect_cause_of(int error) noexcept nogil:
    """The cause of an errno of bind() or connect()."""
    cdef int cause = cause_of(error)
    if is_unreachable(error):
        return UNREACHABLE
    if cause == TIMEOUT:
        return CONNECT_TIMEOUT
    return CONNECT_FAILED if cause == IO_ERROR else cause
