"""The native reader of HTTP replies: however they are cut, and whatever comes instead of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import read_reply

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"


def headed(*lines, body=b""):
    return OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


WHOLE = {
    "sized": (SIZED, 200, False),
    "no body": (headed(b"Content-Length: 0"), 200, False),
    "chunked": (CHUNKED, 200, False),
    "trailers": (
        headed(b"Transfer-Encoding: gzip, chunked", body=b"1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
        200,
        False,
    ),
    "chunked beats its length": (
        headed(b"Content-Length: 9", b"transfer-encoding: CHUNKED", body=b"0\r\n\r\n"),
        200,
        False,
    ),
    "names in any case": (headed(b"cOnTeNt-LeNgTh:1", body=b"x"), 200, False),
    "spaces around a value": (headed(b"Content-Length: \t 1 \t", body=b"x"), 200, False),
    "bare newlines": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, False),
    "not found": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, False),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, False),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, False),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, False),
    "interim replies first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n"
        + SIZED,
        200,
        False,
    ),
    "close": (headed(b"Connection: close", b"Content-Length: 0"), 200, True),
    "close among others": (headed(b"Connection: TE , Close", b"Content-Length: 0"), 200, True),
    "close as a part of another": (headed(b"Connection: closed", b"Content-Length: 0"), 200, False),
    "of version 1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, True),
    "of version 1.0, kept": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
        200,
        False,
    ),
    "a header longer than what is kept": (
        headed(b"Content-X: " + b"c" * 5000, b"Content-Length: 1", body=b"x"),
        200,
        False,
    ),
    "the same length twice": (
        headed(b"Content-Length: 1", b"Content-Length: 1", body=b"x"),
        200,
        False,
    ),
}

MALFORMED = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "another protocol without lines": b"\x16\x03\x01\x02",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "a number too long": b"HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n\r\n",
    "an empty line first": b"\r\n" + SIZED,
    "a length that is none": headed(b"Content-Length: five"),
    "an empty length": headed(b"Content-Length:"),
    "a negative length": headed(b"Content-Length: -1"),
    "a length beyond counting": headed(b"Content-Length: " + b"9" * 30),
    "two lengths": headed(b"Content-Length: 1", b"Content-Length: 2"),
    "a chunk without a size": headed(b"Transfer-Encoding: chunked", body=b"\r\n"),
    "a chunk of no hexadecimal size": headed(b"Transfer-Encoding: chunked", body=b"x\r\n"),
    "a chunk beyond counting": headed(b"Transfer-Encoding: chunked", body=b"f" * 16 + b"\r\n"),
    "a chunk that goes on behind its end": headed(
        b"Transfer-Encoding: chunked", body=b"1\r\nxy\r\n0\r\n\r\n"
    ),
    "an endless line": b"HTTP/1.1 200 " + b"O" * 70_000,
    "an endless head": OK + b"A: b\r\n" * 20_000,
}


def snapshot(data, places):
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


SNAPSHOTS = st.lists(st.integers(0, 6000), max_size=12)


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=25)
@given(places=SNAPSHOTS)
def test_a_reply_is_read_however_it_is_cut(name, places):
    data, status, closing = WHOLE[name]
    assert read_reply(snapshot(data, places)) == (status, "whole", closing)


@pytest.mark.parametrize("name", WHOLE)
def test_a_reply_comes_byte_by_byte(name):
    data, status, closing = WHOLE[name]
    parts = [data[place : place + 1] for place in range(len(data))]
    assert read_reply(parts) == (status, "whole", closing)
    assert read_reply(parts[:-1])[1] == "cut"


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=25)
@given(places=SNAPSHOTS)
def test_bytes_behind_the_end_are_too_many(name, places):
    assert read_reply(snapshot(WHOLE[name][0] + b"H", places))[1] == "excess"


@pytest.mark.parametrize("name", MALFORMED)
@settings(max_examples=25)
@given(places=SNAPSHOTS)
def test_what_is_no_reply_is_refused(name, places):
    assert read_reply(snapshot(MALFORMED[name], places))[1] == "malformed"


def test_without_a_length_the_end_of_the_connection_ends_it():
    assert read_reply([headed(b"Server: x", body=b"some of it")]) == (200, "until_close", True)


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_any_bytes_are_survived(parts):
    read_reply(parts)


@given(
    st.lists(st.sampled_from([SIZED, CHUNKED, b"\r\n", b"\x00", b"HTTP/1.1 200 OK", b"5", b":"]))
)
def test_any_mixture_is_survived(parts):
    read_reply(parts)
