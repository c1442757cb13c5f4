"""Why a connection or a message fails: the causes that errors are counted by."""

import errno
import ssl
from typing import Final

_SYSTEM_CAUSES: Final = {
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNREFUSED: "connect_refused",
    errno.ETIMEDOUT: "timeout",  # the peer's kernel acknowledges nothing
    errno.EHOSTUNREACH: "timeout",
    errno.ENETUNREACH: "timeout",
    errno.EADDRNOTAVAIL: "no_port",
    errno.EMFILE: "no_descriptor",
    errno.ENFILE: "no_descriptor",
}
_CONNECT_CAUSES: Final = _SYSTEM_CAUSES | {
    errno.ETIMEDOUT: "connect_timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EADDRINUSE: "no_port",  # bind() may choose the port, and find none free
}

# A reply came, but a wrong one: its time says nothing about the right one's.
WRONG_REPLY: Final = ("corrupt", "excess", "malformed", "http_status", "protocol_error")


class ReplyError(Exception):
    """What ends the connection; `cause` is one of WRONG_REPLY, or closed_by_server."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def cause_of(error: OSError) -> str:
    """The cause of an error of an open connection, or of the socket's creation."""
    return _SYSTEM_CAUSES.get(error.errno or 0, "io_error")


def connect_cause_of(number: int) -> str:
    """The cause of an errno of bind() or connect()."""
    return _CONNECT_CAUSES.get(number, "connect_failed")


def handshake_cause_of(error: OSError) -> str:
    """The cause of an error of a handshake of TLS."""
    distrusted = isinstance(error, ssl.SSLCertVerificationError)
    return "tls_certificate" if distrusted else "tls_handshake"
