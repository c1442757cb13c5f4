"""Both readers of HTTP replies: in pieces of any size, and with anything in a reply's place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import read_reply
from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import Reply

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"


def headed(*lines, body=b""):
    return OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CHUNKS = b"Transfer-Encoding: chunked"
EMPTY = b"Content-Length: 0"
ONE = b"Content-Length: 1"

WHOLE = {
    "sized": SIZED,
    "no body": headed(EMPTY),
    "chunked": CHUNKED,
    "trailers": headed(
        b"Transfer-Encoding: gzip, chunked", body=b"1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"
    ),
    "chunked beats its length": headed(
        b"Content-Length: 9", b"transfer-encoding: CHUNKED", body=b"0\r\n\r\n"
    ),
    "names in any case": headed(b"cOnTeNt-LeNgTh:1", body=b"x"),
    "spaces around a value": headed(b"Content-Length: \t 1 \t", body=b"x"),
    "bare newlines": b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
    "not found": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
    "interim replies first": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n" + SIZED,
    "close": headed(b"Connection: close", EMPTY),
    "close among others": headed(b"Connection: TE , Close", EMPTY),
    "close as a part of another": headed(b"Connection: closed", EMPTY),
    "a folded header": headed(b"X: connection:", b" close", EMPTY),
    "of version 1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    "of version 1.0, kept": b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + ONE + b"\r\n\r\nx",
    "a header longer than what is kept": headed(b"Content-X: " + b"c" * 5000, ONE, body=b"x"),
    "the same length twice": headed(ONE, ONE, body=b"x"),
    "a length without a colon": headed(b"Content-Length", ONE, body=b"x"),
    "carriage returns longer than what is kept": headed(b"\r" * 300 + b"x", EMPTY),
    "close, then keep-alive": headed(b"Connection: close", b"Connection: keep-alive", EMPTY),
    "two words": headed(b"Connection: please close", EMPTY),
    "codings in two headers": headed(
        b"Transfer-Encoding: gzip", CHUNKS, b"Transfer-Encoding:", body=b"0\r\n\r\n"
    ),
}
STATUS = {"not found": 404, "no content": 204, "not modified": 304}  # else 200
CLOSING = ("close", "close among others", "close, then keep-alive", "of version 1.0")

MALFORMED = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "another protocol without lines": b"\x16\x03\x01\x02",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "a number too long": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a number below 100": b"HTTP/1.1 099 OK\r\n\r\n",
    "a version of no digit": b"HTTP/1.x 200 OK\r\n\r\n",
    "http in small letters": b"http/1.1 200 OK\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n\r\n",
    "an empty line first": b"\r\n" + SIZED,
    "a length that is none": headed(b"Content-Length: five"),
    "an empty length": headed(b"Content-Length:"),
    "a negative length": headed(b"Content-Length: -1"),
    "a signed length": headed(b"Content-Length: +1"),
    "a length of two words": headed(b"Content-Length: 1 2"),
    "a hexadecimal length": headed(b"Content-Length: 0x1"),
    "a list of lengths": headed(b"Content-Length: 1, 2"),
    "a list of equal lengths": headed(b"Content-Length: 1, 1"),
    "a length beyond what is kept": headed(b"Content-Length:" + b" " * 300 + b"1", body=b"x"),
    "close beyond what is kept": headed(b"Connection: " + b"x" * 300 + b", close", EMPTY),
    "codings beyond what is kept": headed(
        b"Transfer-Encoding: " + b"x" * 300 + b", chunked", body=b"0\r\n\r\n"
    ),
    "a length beyond counting": headed(b"Content-Length: " + b"9" * 30),
    "two lengths": headed(b"Content-Length: 1", b"Content-Length: 2"),
    "a chunk without a size": headed(CHUNKS, body=b"\r\n"),
    "a chunk of no hexadecimal size": headed(CHUNKS, body=b"x\r\n"),
    "a chunk beyond counting": headed(CHUNKS, body=b"f" * 16 + b"\r\n"),
    "a chunk that goes on behind its end": headed(CHUNKS, body=b"1\r\nxy\r\n0\r\n\r\n"),
    "an endless size of a chunk": headed(CHUNKS, body=b"1" * 70_000),
    "endless trailers": headed(CHUNKS, body=b"0\r\n" + b"A: b\r\n" * 20_000),
    "an endless line": b"HTTP/1.1 200 " + b"O" * 70_000,
    "an endless head": OK + b"A: b\r\n" * 20_000,
}


PLACES = st.lists(st.integers(0, 6000), max_size=12)


def pieces(data, places):
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def read_portably(parts):
    """As `read_reply` does; until its end a reply is not known to close."""
    reply, complete = Reply(), False
    try:
        for part in parts:
            complete = reply.take(part) if part else complete
    except ReplyError as error:
        return reply.status, error.cause, None
    outcome = "until_close" if reply.end_of_file() else "whole" if complete else "cut"
    return reply.status, outcome, not reply.keep_alive


@pytest.fixture(params=[read_reply, read_portably], ids=["native", "portable"])
def read(request):
    return request.param


@pytest.mark.parametrize("name", WHOLE)
def test_a_reply_is_read_in_pieces_of_any_size(read, name):
    data, status, closing = WHOLE[name], STATUS.get(name, 200), name in CLOSING
    parts = [data[place : place + 1] for place in range(len(data))]
    assert read(parts) == (status, "whole", closing)
    assert read(parts[:-1])[1] == "cut"

    @settings(max_examples=10)
    @given(places=PLACES)
    def read_in_pieces(places):
        assert read(pieces(data, places)) == (status, "whole", closing)
        assert read(pieces(data + b"H", places))[1] == "excess"

    read_in_pieces()


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_reply_is_refused(read, name):
    @settings(max_examples=10)
    @given(places=PLACES)
    def refuse(places):
        assert read(pieces(MALFORMED[name], places))[1] == "malformed"

    refuse()


@pytest.mark.parametrize(
    "lines",
    [
        (b"Server: x",),
        (b"Transfer-Encoding: gzip", b"Content-Length: 3"),
        (b"Transfer-Encoding: chunked, gzip",),
        (b"Transfer-Encoding: xchunked",),
    ],
)
def test_without_a_length_the_end_of_the_connection_ends_it(read, lines):
    assert read([headed(*lines, body=b"some of it")]) == (200, "until_close", True)


OUTCOMES = ("whole", "malformed", "excess", "until_close", "cut")
ANYTHING = st.binary(max_size=300) | st.sampled_from(
    [SIZED, CHUNKED, b"\r\n", b"\x00", b"HTTP/1.1 200 OK", b"5", b":"]
)


@settings(max_examples=50)
@given(st.lists(ANYTHING, max_size=10))
def test_any_bytes_are_survived(parts):
    assert read_reply(parts)[1] in OUTCOMES
    assert read_portably(parts)[1] in OUTCOMES
