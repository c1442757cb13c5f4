"""Inputs for the engines' readers of replies: valid ones, and what chance makes of them."""

import json
import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from c10k.loadgen.native.test_support import Receiver
from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import Reply
from tests.loadgen import reply_oracle
from tests.loadgen.reply_oracle import Outcome, Verdict
from tests.websocket import (
    ACCEPT,
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    Frame,
    agreement,
    encoded,
    turned,
)

CORPUS = Path(__file__).with_name("replies.jsonl")
"""Inputs that a fuzzer found to reach something new or that showed a defect, one a line."""

LONGEST_READ = 65_536
LONGEST_INPUT = 200_000


class Exchange(NamedTuple):
    """What is sent, how much must come back, and the fixed bytes of which that is."""

    protocol: str
    request: bytes
    reply_size: int
    reply: bytes | None = None


EXCHANGES = {
    "http": Exchange("http", b"GET / HTTP/1.1\r\n\r\n", 0),
    "echo": Exchange("echo", bytes(64), 64),
    "long echo": Exchange("echo", bytes(3000), 3000),
    "websocket": Exchange("websocket", ACCEPT.encode(), 64),
    "long websocket": Exchange("websocket", ACCEPT.encode(), 3000),
    "raw": Exchange("raw", b"PING\n", 100),
    "download": Exchange("download", b"GET\n", 1000, bytes(i % 251 for i in range(1000))),
    "long download": Exchange(
        "download", b"GET\n", 100_000, bytes(i % 251 for i in range(100_000))
    ),
}


class Input(NamedTuple):
    """What a server sends, read by read, and whether it ends the connection then."""

    exchange: str
    reads: tuple[bytes, ...]
    ended: bool

    def as_line(self) -> str:
        """A line of the corpus."""
        reads = [read.decode("latin-1") for read in self.reads]
        return json.dumps([self.exchange, self.ended, reads]) + "\n"

    @classmethod
    def of_line(cls, line: str) -> "Input":
        exchange, ended, reads = json.loads(line)
        return cls(exchange, tuple(read.encode("latin-1") for read in reads), ended)


def kept() -> list[Input]:
    """The inputs of the corpus."""
    return [Input.of_line(line) for line in CORPUS.read_text().splitlines()]


class Engine:
    """Receivers of the native engine, by exchange, and what they must make of an input."""

    def __init__(self) -> None:
        self._receivers = {name: Receiver(*each[:3]) for name, each in EXCHANGES.items()}

    def message(self, exchange: str, number: int) -> bytes:
        """The reply to a message that is right."""
        receiver, (_, _, size, reply) = self._receivers[exchange], EXCHANGES[exchange]
        if exchange == "raw":
            return bytes(size)
        if EXCHANGES[exchange].protocol == "websocket":
            return encoded(Frame(BINARY, self.payload(exchange, number)))
        return receiver.message(number) if reply is None else reply

    def payload(self, exchange: str, number: int) -> bytes:
        """That of a message of WebSocket."""
        sent = self._receivers[exchange].message(number)
        return turned(sent[4:], sent[:4])

    def outcome(self, tried: Input) -> Outcome:
        """What the engine makes of it."""
        return Outcome(*self._receivers[tried.exchange].receive(tried.reads, tried.ended))

    def expected(self, tried: Input) -> Outcome:
        """What it must make of it."""
        exchange = EXCHANGES[tried.exchange]
        if exchange.protocol == "websocket":
            payload_of = partial(self.payload, tried.exchange)
            return reply_oracle.websocket(
                payload_of, exchange.request, tried.reads, ended=tried.ended
            )

        def reader(number: int):
            if exchange.protocol == "http":
                return reply_oracle.http
            any_bytes = exchange.protocol == "raw"
            reply = None if any_bytes else self.message(tried.exchange, number)
            return reply_oracle.sized(reply, exchange.reply_size)

        return reply_oracle.outcome(reader, tried.reads, ended=tried.ended)


def read_portably(reads: Sequence[bytes]) -> Verdict:
    """What the portable engine makes of a reply of HTTP."""
    reply, complete = Reply(), False
    try:
        for read in reads:
            complete = reply.take(read)
    except ReplyError as error:
        return Verdict(error.cause)
    if not complete and not reply.end_of_file():
        return Verdict("cut")
    kind = "whole" if complete else "until_close"
    return Verdict(kind, 200 <= reply.status <= 299, not reply.keep_alive)


def difference(engine: Engine, tried: Input, outcome: Outcome) -> str:
    """How what was made of an input differs from what must be; empty if it does not."""
    expected = engine.expected(tried)
    if outcome != expected:
        return f"native: {outcome}, expected: {expected}"
    if tried.exchange != "http":
        return ""
    single = reply_oracle.http(b"".join(tried.reads))
    portable = read_portably(tried.reads)
    kinds = {single.kind, portable.kind}
    # It reads a head when all of it has come.
    if portable == single or (single.kind == "malformed" and portable.kind == "cut"):
        return ""
    if kinds == {"excess"}:  # whose reply that was does not matter
        return ""
    return f"portable: {portable}, expected: {single}"


def ok(*lines: bytes, body: bytes = b"", status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A reply of HTTP."""
    return b"".join(line + b"\r\n" for line in (status, *lines)) + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
AGREEMENT = agreement(f"\r\nSec-WebSocket-Key: {KEY}")
REPLIES = (
    ok(b"Content-Length: 5", body=b"hello"),
    ok(b"content-length:0", b"Server: x", b"Connection: keep-alive"),
    ok(b"Connection: close", b"Content-Length: 2", body=b"no", status=b"HTTP/1.1 404 Not Found"),
    ok(CHUNKED, body=b"5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"),
    ok(b"Transfer-Encoding: gzip, chunked", body=b"1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
    ok(status=b"HTTP/1.1 204 No Content"),
    ok(b"Content-Length: 9", status=b"HTTP/1.1 304 Not Modified"),
    ok(status=b"HTTP/1.1 100 Continue") + ok(b"Content-Length: 1", body=b"x"),
    ok(b"Connection: Keep-Alive", b"Content-Length: 1", body=b"x", status=b"HTTP/1.0 200 OK"),
    ok(b"Content-Length: 1", body=b"x", status=b"HTTP/1.0 200 OK").replace(b"\r\n", b"\n"),
    ok(b"Server: x", body=b"until the end"),
    ok(b"Content-Length: 999999999999999999", body=b"x" * 100),
)

WORDS = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b":", b";", b",", b" ", b"\t", b"\0", b"\xff"),
    *(b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/1.1 200 OK\r\n", b"100", b"000", b"999", b"204", b"500"),
    *(b"Content-Length: ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Transfer-Encoding: ", b"Connection: close\r\n", b"Connection: keep-alive\r\n"),
    *(b"Connection: ", b"chunked", b"close", b"keep-alive", b"gzip, ", b"0\r\n\r\n", b"5\r\n"),
    *(b"0", b"00", b"-1", b"+1", b"0x1", b"1" * 18, b"9" * 18, b"9" * 19, b"18446744073709551616"),
    *(b"7" * 15, b"f" * 15, b"f" * 16, b"8000000000000000", b"FFFFFFFFFFFFFFFF", b"9" * 300),
)
SHARES = ("http",) * 15 + tuple(EXCHANGES)
RUNS = (2, 15, 16, 17, 239, 254, 255, 256, 257, 300, 4096, 65_500, 65_536)


class Mutator:
    """Makes inputs from inputs; the same seed makes the same."""

    def __init__(self, seed: int, engine: Engine) -> None:
        self.chance = random.Random(seed)
        self._engine = engine

    def seeds(self) -> list[Input]:
        """Valid inputs: each reply alone, and three one after the other, of every protocol."""
        found = [Input("http", (reply,), False) for reply in REPLIES]
        found += [Input("http", (reply,) * 3, True) for reply in REPLIES]
        for name in EXCHANGES:
            if name != "http":
                replies = [self._engine.message(name, number) for number in (1, 2, 3)]
                opening = [AGREEMENT] if EXCHANGES[name].protocol == "websocket" else []
                reads = tuple(cut([*opening, *replies]))
                found += [Input(name, reads[:1], False), Input(name, reads, True)]
                if opening:
                    parts = self._fragments(name)
                    found += [Input(name, (AGREEMENT, *parts), False)]
                    found += [Input(name, (AGREEMENT, b"".join(parts)), True)]
        return found

    def _fragments(self, exchange: str) -> list[bytes]:
        """The reply to a first message, with control frames between its parts."""
        payload = self._engine.payload(exchange, 1)
        frames = (
            Frame(PING, b"between"),
            Frame(BINARY, payload[:9], final=False),
            Frame(PONG, b""),
            Frame(CONTINUATION, b"", final=False),
            Frame(PING, bytes(125)),
            Frame(CONTINUATION, payload[9:]),
            Frame(CLOSE, b"\x03\xe8"),
        )
        return [encoded(frame) for frame in frames]

    def mutated(self, corpora: Mapping[str, Sequence[Input]]) -> Input:
        """An input of the corpus of an exchange, changed in a few places and perhaps cut anew."""
        chance = self.chance
        corpus = corpora[chance.choice(SHARES)]
        parent = chance.choice(corpus)
        reads = list(parent.reads)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            place = chance.randrange(len(reads)) if reads else 0
            what = chance.randrange(10)
            if what < 6 and reads:
                reads[place] = self._changed(reads[place], corpus)
            elif what == 6:
                reads.insert(place, chance.choice(reads or list(REPLIES)))
            elif what == 7 and len(reads) > 1:
                del reads[place]
            elif reads:
                reads = self._recut(b"".join(reads))
        ended = parent.ended if chance.random() < 0.9 else not parent.ended
        size, within = 0, []
        for read in cut(reads):
            size += len(read)
            if size > LONGEST_INPUT or len(within) == 50:
                break
            within.append(read)
        return Input(parent.exchange, tuple(within), ended)

    def _changed(self, data: bytes, corpus: Sequence[Input]) -> bytes:
        chance = self.chance
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.choice((0, 1, 1, 2, 4, 16, 64)))
        match chance.randrange(9):
            case 0 if data and begin < len(data):
                flipped = data[begin] ^ (1 << chance.randrange(8))
                return data[:begin] + bytes([flipped]) + data[begin + 1 :]
            case 1:
                return data[:begin] + data[end:]
            case 2:
                return data[:begin]
            case 3:
                return data[:begin] + chance.randbytes(chance.choice((1, 2, 8))) + data[end:]
            case 4 if chance.random() < 0.3:
                run = (data[begin : begin + 1] or b"x") * chance.choice(RUNS)
                return data[:begin] + run + data[begin:]
            case 5:
                other = b"".join(chance.choice(corpus).reads)
                at = chance.randrange(len(other) + 1)
                return data[:begin] + other[at : at + chance.choice((4, 30, 300))] + data[end:]
            case 6:
                digits = [i for i, byte in enumerate(data[:400]) if 48 <= byte <= 57]
                if digits:
                    at = chance.choice(digits)
                    return data[:at] + chance.choice(WORDS) + data[at + 1 :]
        return data[:begin] + chance.choice(WORDS) + data[end if chance.random() < 0.5 else begin :]

    def _recut(self, data: bytes) -> list[bytes]:
        places = sorted(
            self.chance.randrange(len(data) + 1) for _ in range(self.chance.randrange(6))
        )
        return [
            data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)
        ]


def cut(reads: Sequence[bytes]) -> list[bytes]:
    """The reads, none of them empty or longer than what is read at once."""
    return [
        read[at : at + LONGEST_READ] for read in reads for at in range(0, len(read), LONGEST_READ)
    ]
