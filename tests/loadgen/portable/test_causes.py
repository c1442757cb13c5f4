"""What an error of the system is counted as."""

import errno

import pytest

from c10k.loadgen.portable.causes import cause_of, connect_cause_of


@pytest.mark.parametrize(
    ("number", "cause", "connect_cause"),
    [
        (errno.ECONNREFUSED, "connect_refused", "connect_refused"),
        (errno.ETIMEDOUT, "timeout", "connect_timeout"),
        (errno.EHOSTUNREACH, "timeout", "unreachable"),
        (errno.ENETUNREACH, "timeout", "unreachable"),
        (errno.EADDRNOTAVAIL, "no_port", "no_port"),
        (errno.EADDRINUSE, "io_error", "no_port"),
        (errno.EMFILE, "no_descriptor", "no_descriptor"),
        (errno.EPIPE, "reset", "reset"),
        (errno.EIO, "io_error", "connect_failed"),
    ],
)
def test_a_cause_says_what_was_refused_late_or_used_up(number, cause, connect_cause):
    assert cause_of(OSError(number, "")) == cause
    assert connect_cause_of(number) == connect_cause
