"""A reply is the same however its bytes are cut."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import Reply

REASONS = st.sampled_from([b"", b" ", b" OK", b" Not: so good"])
BODIES = st.binary(max_size=60)


@st.composite
def framed(draw):
    """A reply's bytes, its status, and whether the end of the connection ends it."""
    status = draw(st.sampled_from([200, 201, 304, 404, 500]))
    head = [b"HTTP/1.1 %d" % status + draw(REASONS), b"Server: any"]
    framing = draw(st.sampled_from(["length", "chunked", "end"]))
    body = draw(BODIES)
    if framing == "length":
        head.append(b"CONTENT-length:%d" % len(body))
    elif framing == "chunked":
        head.append(b"Transfer-Encoding: gzip, Chunked")
        chunks = [chunk for chunk in (body[:7], body[7:]) if chunk]
        body = b"".join(b"%X;x=y\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        body += b"0\r\nTrailer: 1\r\n\r\n"
    if status == 304:
        body, framing = b"", "none"
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    return interim + b"\r\n".join(head) + b"\r\n\r\n" + body, status, framing == "end"


def pieces(data, snapshots):
    places = sorted({snapshot % (len(data) + 1) for snapshot in snapshots} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(places)]


@given(framed(), st.lists(st.integers(0, 1000), max_size=20))
def test_it_is_complete_with_its_last_byte_and_not_before(reply, snapshots):
    data, status, by_the_end = reply
    reading = Reply()
    *before, complete = [reading.take(piece) for piece in pieces(data, snapshots)]
    assert not any(before)
    assert complete == (not by_the_end)
    assert reading.end_of_file() == by_the_end
    assert reading.status == status
    assert reading.keep_alive == (not by_the_end)


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_no_bytes_break_the_reader(data, snapshots):
    reading = Reply()
    with suppress(ReplyError):
        for piece in pieces(data, snapshots):
            assert reading.take(piece) in (False, True)


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: upgrade, CLOSE\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/1.1 200 OK\r\nX: connection:\r\n close\r\n", True),
    ],
)
def test_whether_the_connection_is_kept(head, keep_alive):
    reading = Reply()
    assert reading.take(head + b"Content-Length: 0\r\n\r\n")
    assert reading.keep_alive == keep_alive


@pytest.mark.parametrize("length", [b"", b"-1", b"+1", b"1 2", b"0x1", b"1, 2", b"9" * 30])
def test_a_length_that_is_none(length):
    with pytest.raises(ReplyError, match="malformed"):
        Reply().take(b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % length)


def test_a_line_without_end_is_not_kept_for_ever():
    reading = Reply()
    reading.take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(4):
        reading.take(b"1" * 1000)
    with pytest.raises(ReplyError, match="malformed"):
        reading.take(b"1" * 1000)
