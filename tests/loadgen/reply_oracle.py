"""What an engine must make of the bytes that a server sends, worked out slowly and simply.

A reply of HTTP is read from its first byte again whenever more has come: how its bytes were cut
cannot matter. The engines read on, and never look back.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

LONGEST_HEAD = 65_536
LONGEST_FIELD = 256  # with its line end; of a header that says how a reply ends

STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])( .*)?", re.DOTALL)
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})([ \t;].*)?", re.DOTALL)
LENGTH = re.compile(rb"[0-9]{1,18}")
HANDSHAKE = (  # the headers that matter
    *(b"sec-websocket-accept", b"sec-websocket-extensions", b"sec-websocket-protocol"),
    *(b"upgrade", b"connection"),
)


class Outcome(NamedTuple):
    """What a receiver is left with: its state, messages completed, errors by cause."""

    state: str  # probing, busy, parted or closed
    messages: int
    errors: dict[str, int]


class Verdict(NamedTuple):
    """Of the reply so far: cut, whole, until_close, malformed or excess."""

    kind: str
    good: bool = False
    closing: bool = False


class Cut(Exception):  # noqa: N818 (no error)
    """The bytes end before the reply does."""


class Malformed(Exception):  # noqa: N818 (of the reply, not here)
    """The bytes are no reply."""


class Lines:
    """Takes lines from the bytes; those of one head, or between two chunks, have a limit."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.began = data, 0, 0

    def next(self) -> bytes:
        end = self.data.find(b"\n", self.at) + 1
        if (end or len(self.data)) - self.began > LONGEST_HEAD:
            raise Malformed
        if not end:
            raise Cut
        line, self.at = self.data[self.at : end], end
        return line

    def skip(self, count: int) -> None:
        if len(self.data) - self.at < count:
            raise Cut
        self.at += count


def bare(line: bytes) -> bytes:
    """A line without its end."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def tokens(value: bytes) -> list[bytes]:
    return [each.strip(b" \t") for each in value.lower().split(b",") if each.strip(b" \t")]


def http(data: bytes) -> Verdict:
    """Read a reply of HTTP/1.1 that begins with the data."""
    lines = Lines(data)
    try:
        status, closing, codings, length = head(lines)
        good = 200 <= status <= 299
        if status in (204, 304):
            pass
        elif codings and codings[-1] == b"chunked":
            chunks(lines)
        elif codings or length is None:
            return Verdict("until_close", good, True)
        else:
            lines.skip(length)
    except Cut:
        return Verdict("cut")
    except Malformed:
        return Verdict("malformed")
    return Verdict("excess" if lines.at < len(data) else "whole", good, closing)


def head(lines: Lines) -> tuple[int, bool, list[bytes], int | None]:
    """The first head that is no interim reply's: status, closing, codings, length."""
    lines.began = lines.at
    begins = lines.data[lines.at :][:7]
    if not b"HTTP/1.".startswith(begins):
        raise Malformed
    found = STATUS_LINE.fullmatch(bare(lines.next()))
    if not found:
        raise Malformed
    status, lengths = int(found[2]), set()
    options, codings = [], []
    while line := bare(raw := lines.next()):
        name, colon, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if not colon or name not in (b"content-length", b"connection", b"transfer-encoding"):
            continue
        if len(raw) >= LONGEST_FIELD:
            raise Malformed
        if name == b"connection":
            options += tokens(value)
        elif name == b"transfer-encoding":
            codings += tokens(value)
        elif LENGTH.fullmatch(value):
            lengths.add(int(value))
        else:
            raise Malformed
        if len(lengths) > 1:
            raise Malformed
    if status <= 199:
        return head(lines)
    closing = b"close" in options or (found[1] == b"0" and b"keep-alive" not in options)
    return status, closing, codings, lengths.pop() if lengths else None


def chunks(lines: Lines) -> None:
    """Read the chunks and the trailers."""
    while True:
        lines.began = lines.at
        found = CHUNK_SIZE.fullmatch(bare(lines.next()))
        if not found:
            raise Malformed
        lines.began = lines.at
        if int(found[1], 16) == 0:
            break
        lines.skip(int(found[1], 16))
        lines.began = lines.at
        if bare(lines.next()):
            raise Malformed
    while bare(lines.next()):
        pass


def sized(expected: bytes | None, size: int) -> Callable[[bytes], Verdict]:
    """A reader of replies of that size, of those bytes or of any."""

    def read(data: bytes) -> Verdict:
        if len(data) > size:
            return Verdict("excess")
        if expected is not None and data != expected[: len(data)]:
            return Verdict("corrupt")
        return Verdict("whole" if len(data) == size else "cut", True)

    return read


def outcome(
    reader: Callable[[int], Callable[[bytes], Verdict]], reads: Sequence[bytes], *, ended: bool
) -> Outcome:
    """What becomes of a connection on which the next message is sent after each whole reply.

    `reader` gives the reader of a message's reply by the message's number. The first is a probe:
    no message is counted, and a reply that is not good ends the connection.
    """
    number, messages, errors = 1, 0, Counter[str]()
    state, data = "probing", b""

    def complete(verdict: Verdict) -> str:
        nonlocal messages
        if state == "probing" and not verdict.good:
            errors["http_status"] += 1
            return "closed"
        messages += state == "busy" and verdict.good
        errors["http_status"] += not verdict.good
        return "parted" if verdict.closing else "busy"

    verdict = Verdict("cut")
    for read in reads:
        data += read
        verdict = reader(number)(data)
        if verdict.kind == "whole":
            state = complete(verdict)
            number, data, verdict = number + 1, b"", Verdict("cut")
        elif verdict.kind not in ("cut", "until_close"):
            errors[verdict.kind] += 1
            state = "closed"
        if state in ("closed", "parted"):
            break
    else:
        if ended and verdict.kind == "until_close":
            state = complete(verdict)
        elif ended:
            errors["closed_by_server"] += 1
            state = "closed"
    return Outcome(state, messages, dict(+errors))


def websocket(
    payload_of: Callable[[int], bytes], accept: bytes, reads: Sequence[bytes], *, ended: bool
) -> Outcome:
    """What becomes of a connection of WebSocket, by the same rules.

    `payload_of` gives a message's payload by its number. A reply is complete at the end of the read
    that has its last byte, so whatever of a further message is announced in that read is excess.
    The first message is sent at the end of the read in which the server agrees to the handshake.
    """
    number, messages, state = 1, 0, "probing"
    data, received = b"", b""
    upgraded = fragmented = False
    for read in reads:
        data += read
        whole, sent = False, upgraded
        try:
            if not upgraded:
                data = agreed(data, accept)
                upgraded = True
            while True:
                opcode, final, size, begin = frame_head(data, fragmented=fragmented)
                payload = data[begin : begin + size]
                if opcode == 8:
                    raise Failed("closed_by_server")
                if opcode < 8:
                    expected = payload_of(number)
                    if whole or len(received) + size > len(expected) or (payload and not sent):
                        raise Failed("excess")
                    if not expected.startswith(received + payload):
                        raise Failed("corrupt")
                if len(payload) < size:
                    raise Cut
                data = data[begin + size :]
                if opcode < 8:
                    received, fragmented, whole = received + payload, not final, final
                    if final and received != expected:
                        raise Failed("corrupt")
        except Cut:
            pass
        except Malformed:
            return Outcome("closed", messages, {"malformed": 1})
        except Failed as failed:
            return Outcome("closed", messages, {str(failed): 1})
        if whole:
            messages += state == "busy"
            number, received, state = number + 1, b"", "busy"
    if ended:
        return Outcome("closed", messages, {"closed_by_server": 1})
    return Outcome(state, messages, {})


class Failed(Exception):  # noqa: N818 (of the connection, not here)
    """The connection ends, with this cause."""


def agreed(data: bytes, accept: bytes) -> bytes:
    """What follows a head that agrees to a handshake."""
    lines = Lines(data)
    if not b"HTTP/1.".startswith(data[:7]):
        raise Malformed
    status = STATUS_LINE.fullmatch(bare(lines.next()))
    if not status:
        raise Malformed
    said: dict[bytes, list[bytes]] = {}
    while line := bare(raw := lines.next()):
        name, colon, value = line.partition(b":")
        name = name.lower()
        if colon and name in HANDSHAKE:
            if len(raw) >= LONGEST_FIELD:
                raise Malformed
            said.setdefault(name, []).append(value.strip(b" \t"))
    if status[2] != b"101":
        raise Failed("http_status")
    options = [each for value in said.pop(b"connection", []) for each in tokens(value)]
    said[b"upgrade"] = [value.lower() for value in said.get(b"upgrade", [])]
    right = {b"upgrade": {b"websocket"}, HANDSHAKE[0]: {accept}}
    if b"upgrade" not in options or {name: {*values} for name, values in said.items()} != right:
        raise Failed("protocol_error")
    return data[lines.at :]


def frame_head(data: bytes, *, fragmented: bool) -> tuple[int, bool, int, int]:
    """A server's frame: its opcode, whether it is final, its size, and where its payload begins."""
    if len(data) < 2:
        raise Cut
    opcode, final, size, begin = data[0] & 15, data[0] >= 128, data[1] & 127, 2
    length_bytes = {126: 2, 127: 8}.get(size, 0)
    if length_bytes:
        begin += length_bytes
        if len(data) < begin:
            raise Cut
        size = int.from_bytes(data[2:begin])
    good = (
        data[0] & 0x70 == 0
        and data[1] < 128
        and (length_bytes != 2 or size >= 126)
        and (length_bytes != 8 or 65_536 <= size < 1 << 63)
        and opcode in ((0, 8, 9, 10) if fragmented else (2, 8, 9, 10))
        and (opcode < 8 or (final and size <= 125))
    )
    if not good:
        raise Failed("protocol_error")
    return opcode, final, size, begin
