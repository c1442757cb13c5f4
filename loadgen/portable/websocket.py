"""Reading the handshake's reply and the frames of WebSocket (RFC 6455) as their bytes arrive."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.http import STATUS_LINE, Reply, fields_of, tokens

CONTINUATION: Final = 0
BINARY: Final = 2
CONTROL: Final = 8  # and above
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
LARGEST_CONTROL: Final = 125  # bytes of a control frame's payload

READ: Final = (
    b"upgrade",
    b"connection",
    b"sec-websocket-accept",
    b"sec-websocket-extensions",
    b"sec-websocket-protocol",
)


class Upgrade(Reply):
    """The reply to a handshake, which must have this Sec-WebSocket-Accept."""

    __slots__ = ("_accept",)

    def __init__(self, accept: bytes) -> None:
        super().__init__()
        self._accept = accept

    def read(self, data: bytes) -> bytes | None:
        """Read on; what follows it, or None where it has not ended. Raises ReplyError."""
        rest = self._take_head(data)
        return rest if self._part == "end" else None

    def _read_head(self, head: bytes) -> None:
        """No extension and no subprotocol was offered, so the server may choose none."""
        line, _, fields = head.partition(b"\n")
        if not (match := STATUS_LINE.fullmatch(line.removesuffix(b"\r"))):
            raise ReplyError("malformed")
        found: dict[bytes, list[bytes]] = {name: [] for name in READ}
        for name, value in fields_of(fields, READ):
            found[name].append(value)
        upgrade, connection, accept, *chosen = found.values()
        if match[2] != b"101":
            raise ReplyError("http_status")
        agrees = (
            {each.lower() for each in upgrade} == {b"websocket"}
            and b"upgrade" in [token for value in connection for token in tokens(value)]
            and {*accept} == {self._accept}
            and not any(chosen)
        )
        if not agrees:
            raise ReplyError("protocol_error")
        self._part = "end"


class Frame(NamedTuple):
    """What has come of a frame's payload since the last time; a control frame comes whole."""

    opcode: int
    final: bool  # the last frame of its message
    payload: bytes
    left: int  # bytes of it that are still to come


class Frames:
    """The frames that a server sends: unmasked, of binary data or control frames."""

    def __init__(self) -> None:
        self._header = b""
        self._control = b""  # the payload of a control frame, as far as it has come
        self._frame: Frame | None = None  # the last one, while bytes of it are to come
        self._fragmented = False  # a message has begun, and goes on with the next frame

    def read(self, data: bytes) -> Iterator[Frame]:
        """Read on. Raises ReplyError."""
        while True:
            if self._frame is None:
                size = _header_size(self._header + data)
                taken = size - len(self._header)
                self._header += data[:taken]
                if len(self._header) < size:
                    return
                data = data[taken:]
                self._frame, self._header = self._begin(self._header), b""
            opcode, final, _, left = self._frame
            part, data = data[:left], data[left:]
            left -= len(part)
            if opcode >= CONTROL:
                self._control += part
            frame = Frame(opcode, final, self._control if opcode >= CONTROL else part, left)
            self._frame = frame if left else None
            yield frame
            if left:
                return
            self._control = b""

    def _begin(self, header: bytes) -> Frame:
        """The frame that this is the header of."""
        first, second = header[:2]
        opcode, final, short = first & 0x0F, bool(first & 0x80), second & 0x7F
        size = int.from_bytes(header[2:]) if len(header) > 2 else short
        if first & 0x70 or second & 0x80 or size >> 63 or size < _LEAST.get(short, 0):
            raise ReplyError("protocol_error")
        if opcode >= CONTROL:
            good = final and short <= LARGEST_CONTROL and opcode <= PONG
        else:
            good = opcode == (CONTINUATION if self._fragmented else BINARY)
            self._fragmented = not final
        if not good:
            raise ReplyError("protocol_error")
        return Frame(opcode, final, b"", size)


_LENGTH_BYTES: Final = {126: 2, 127: 8}
_LEAST: Final = {126: 126, 127: 1 << 16}  # a length must be as short as it can be


def _header_size(header: bytes) -> int:
    """How long a header is, as far as that is known."""
    return 2 + _LENGTH_BYTES.get(header[1] & 0x7F, 0) if len(header) > 1 else 2


def header_of(size: int) -> bytes:
    """The header of a whole masked message of binary data, without its mask key."""
    if size < 126:
        return bytes((0x80 | BINARY, 0x80 | size))
    short = 126 if size < 1 << 16 else 127
    return bytes((0x80 | BINARY, 0x80 | short)) + size.to_bytes(_LENGTH_BYTES[short])


def unmasked(data: bytes, key: bytes, offset: int) -> bytes:
    """Bytes of a payload from `offset` on, masked or unmasked: either way is the other's."""
    turned = (key * 2)[offset % 4 :][:4]
    mask = (turned * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(mask)).to_bytes(len(data))


def pong(payload: bytes, key: bytes) -> bytes:
    """The masked frame that answers a ping."""
    return bytes((0x80 | PONG, 0x80 | len(payload))) + key + unmasked(payload, key, 0)
