"""Reading an HTTP/1.1 reply as its bytes arrive, after RFC 9112. A line may end without its
carriage return (section 2.2)."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from c10k.loadgen.portable.causes import ReplyError

LONGEST_HEAD: Final = 65_536  # or line between chunks, or all trailers
LONGEST_FIELD: Final = 256  # with its line end, of a header that says how a reply ends

END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
STATUS_LINE: Final = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: .*)?", re.DOTALL)
LENGTH: Final = re.compile(rb"[0-9]{1,18}")
CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t;].*)?", re.DOTALL)
READ: Final = (b"content-length", b"transfer-encoding", b"connection")


class Reply:
    """One reply; `status` and `keep_alive` hold when it is complete.

    Interim replies (1xx) are skipped.
    """

    __slots__ = ("_buffer", "_left", "_part", "_taken", "keep_alive", "status")

    def __init__(self) -> None:
        self.status = 0
        self.keep_alive = True
        self._part = "head"
        self._buffer = b""  # what has come of a head or a line
        self._left = 0  # bytes of the body or of its chunk
        self._taken = 0  # bytes of the lines between two chunks, or of the trailers

    def take(self, data: bytes) -> bool:
        """Read on; whether that was the reply's end. Raises ReplyError."""
        while data:
            match self._part:
                case "head":
                    data = self._take_head(data)
                case "body" | "chunk":
                    data = self._take_body(data)
                case "to the end":
                    return False
                case "end":
                    raise ReplyError("excess")
                case _:
                    data = self._take_line(data)
        return self._part == "end"

    def end_of_file(self) -> bool:
        """Whether the end of the connection ends the reply, too."""
        return self._part == "to the end"

    def _take_head(self, data: bytes) -> bytes:
        """Take up to the empty line; return what follows it."""
        self._buffer += data
        end = END_OF_HEAD.search(self._buffer)
        if (end.end() if end else len(self._buffer)) > LONGEST_HEAD:
            raise ReplyError("malformed")
        if end is None:
            if not b"HTTP/1.".startswith(self._buffer[:7]):
                raise ReplyError("malformed")
            return b""
        head, rest = self._buffer[: end.start()], self._buffer[end.end() :]
        self._buffer = b""
        self._read_head(head)
        return rest

    def _read_head(self, head: bytes) -> None:
        line, _, fields = head.partition(b"\n")
        if not (match := STATUS_LINE.fullmatch(line.removesuffix(b"\r"))):
            raise ReplyError("malformed")
        version, self.status = int(match[1]), int(match[2])
        length, codings, options = None, [], []
        for name, value in fields_of(fields, READ):
            if name == b"content-length":
                length = _length(value, length)
            elif name == b"transfer-encoding":
                codings += tokens(value)
            elif name == b"connection":
                options += tokens(value)
        if 100 <= self.status <= 199:
            return  # another head follows
        self.keep_alive = b"close" not in options and (version > 0 or b"keep-alive" in options)
        if self.status in (204, 304):
            self._part = "end"
        elif codings:
            self._part = "size" if codings[-1] == b"chunked" else "to the end"
        elif length is not None:
            self._left = length
            self._part = "body" if length else "end"
        else:
            self._part = "to the end"
        self.keep_alive &= self._part != "to the end"

    def _take_body(self, data: bytes) -> bytes:
        taken = min(len(data), self._left)
        self._left -= taken
        if not self._left:
            self._part = "end" if self._part == "body" else "chunk's end"
        return data[taken:]

    def _take_line(self, data: bytes) -> bytes:
        """Take one of the lines between chunks and after them; return what follows it."""
        line, newline, rest = (self._buffer + data).partition(b"\n")
        if self._taken + len(line) + len(newline) > LONGEST_HEAD:
            raise ReplyError("malformed")
        self._buffer = b"" if newline else line
        if newline:
            self._taken += len(line) + 1
            self._read_line(line.removesuffix(b"\r"))
        return rest

    def _read_line(self, line: bytes) -> None:
        if self._part == "size":
            if not (match := CHUNK_SIZE.fullmatch(line)):
                raise ReplyError("malformed")
            self._left = int(match[1], 16)
            self._part, self._taken = "chunk" if self._left else "trailers", 0
        elif self._part == "chunk's end":
            if line:
                raise ReplyError("malformed")
            self._part, self._taken = "size", 0
        elif not line:
            self._part = "end"


def fields_of(text: bytes, read: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The header's fields to be read, by their names in lower case. Raises ReplyError."""
    for line in text.split(b"\n"):
        name, colon, value = line.removesuffix(b"\r").partition(b":")
        if not colon or (name := name.lower()) not in read:
            continue
        if len(line) + 1 >= LONGEST_FIELD:
            raise ReplyError("malformed")
        yield name, value.strip(b" \t")


def tokens(value: bytes) -> list[bytes]:
    """A list's elements, empty ones left out (RFC 9110, section 5.6.1)."""
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def _length(value: bytes, before: int | None) -> int:
    """A content length, which may be said again but not otherwise."""
    if not LENGTH.fullmatch(value) or before not in (None, int(value)):
        raise ReplyError("malformed")
    return int(value)
