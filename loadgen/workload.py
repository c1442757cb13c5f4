"""What each connection does: what it sends, how often, and how long it waits."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec import Struct, field

from c10k.loadgen.option import option

PROTOCOLS: Final = ("echo", "http", "raw", "download", "websocket")
ECHOING: Final = ("echo", "websocket")
"""Those whose messages of `size_bytes` must come back as they are."""
LARGEST_MESSAGE: Final = 16 * 1024 * 1024
LARGEST_REPLY: Final = 1024 * 1024 * 1024
# What one send() may take: a request is sent whole.
LARGEST_REQUEST: Final = 65_536
_DAY_S: Final = 86_400


Duration = Annotated[float, option("", "duration", gt=0, le=_DAY_S, unit=" s", metavar="TIME")]


class Workload(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A way to load a server.

    A closed loop sends a connection's next message when the reply to the last has come. An open
    loop (a rate is given) sends at times fixed in advance; a message that is due while its
    connection is busy waits its turn, and its response time includes the wait. These times are
    `uniform`, the connections' phases spread evenly over the period, or `poisson`, as those of
    independent users; the same `seed` gives the same times.

    The protocols:

    - `echo`: `size_bytes` that differ from message to message must come back as they are.
    - `http`: `GET path` on kept-alive connections; the reply is read as HTTP/1.1 says (RFC 9112),
      and a status other than 2xx is an error.
    - `raw`: `send`, one character a byte (Latin-1), is answered by `expect_bytes` bytes of any
      content.
    - `websocket`: each message is a masked frame of binary data, which must come back as it is
      (RFC 6455), on connections that a handshake for `path` opens.
    - `download`: the line `expect_bytes` in decimal digits is answered by so many bytes, byte i of
      which must be i mod 251.

    `active` is the share of the connections that send anything after their first message; the
    others stay open and silent. With `messages_per_connection` a connection is closed after so
    many replies, and another takes its place when its next message is due.

    A message that gets no correct reply is lost, and its connection is closed. With `reconnect` the
    connection is opened again at once, or every 0.1 s where it then carries no message; what is due
    meanwhile waits its turn. Without `reconnect`, what is due on it is lost.

    Creating one raises ValueError, in one line, for a value outside its bounds or a combination
    that cannot be driven.
    """

    name: str
    rate_per_connection: (
        Annotated[
            float,
            option(
                "messages/s of each connection, due at fixed times (default: a closed loop, in "
                "which each sends its next message when the reply to the last has come)",
                "number",
                ge=1e-6,
                le=1e6,
                unit="/s",
                metavar="PER_CONNECTION",
            ),
        ]
        | None
    ) = field(default=None, name="rate")
    arrivals: Annotated[
        Literal["uniform", "poisson"],
        option("with a rate: evenly spread, or as random as independent users are"),
    ] = "uniform"
    seed: Annotated[int, option("of poisson arrivals", "digits", ge=0, metavar="N")] = 0
    active: Annotated[
        float,
        option(
            "of the connections that send, such as 10%; the others stay open and silent",
            "share",
            gt=0,
            le=1,
            metavar="SHARE",
        ),
    ] = 1.0
    messages_per_connection: (
        Annotated[
            int,
            option(
                "close a connection after N messages and open another (default: keep it)",
                "count",
                ge=1,
                le=(1 << 32) - 1,
                metavar="N",
            ),
        ]
        | None
    ) = None
    timeout_s: Annotated[
        Duration,
        option(
            "from a message's sending to its reply's last byte; then it counts as lost and its "
            "connection is closed"
        ),
    ] = field(default=30.0, name="timeout")
    connect_timeout_s: Annotated[
        Duration, option("for a connection to be accepted and its first message to be answered")
    ] = field(default=10.0, name="connect-timeout")
    reconnect: Annotated[
        bool,
        option(
            "keep a connection closed that failed; the messages due on it wait in vain (default: "
            "open it again; they wait in order)"
        ),
    ] = True
    protocol: Annotated[
        Literal["echo", "http", "raw", "download", "websocket"],
        option(
            "echo: random bytes, each of which must come back; websocket: the same as messages of "
            "WebSocket; http: GET requests answered with 2xx; raw: the same bytes each time, "
            "answered by so many; download: the line N, answered by N bytes, byte i being i mod 251"
        ),
    ] = "echo"
    size_bytes: Annotated[
        int,
        option(
            "of a message to be echoed, such as 64 or 64k",
            "size",
            ge=1,
            le=LARGEST_MESSAGE,
            unit=" bytes",
            metavar="BYTES",
        ),
    ] = field(default=64, name="size")
    path: Annotated[str, option("what http and websocket ask for")] = "/"
    send: Annotated[str, option(r"what raw sends, such as 'PING\r\n'", metavar="BYTES")] = ""
    expect_bytes: Annotated[
        int,
        option(
            "bytes of a reply to raw, or of a download",
            "size",
            ge=0,
            le=LARGEST_REPLY,
            unit=" bytes",
            metavar="N",
        ),
    ] = field(default=0, name="expect")
    handler: Annotated[
        str, option("what the server does for each message, such as sleep:5ms or cpu:5ms")
    ] = "none"
    summary: Annotated[str, option("what it is, in a few words")] = ""

    def __post_init__(self) -> None:
        try:
            msgspec.convert(msgspec.structs.asdict(self), _bounds())
        except msgspec.ValidationError as error:
            reason, _, name = str(error).rstrip("`").rpartition(" - at `$.")
            raise ValueError(f"{name}: {reason}") from None
        if self.seed >= 1 << 64:  # which msgspec cannot bound
            raise ValueError("the seed must be below 2^64")
        self._check_protocol()

    def _check_protocol(self) -> None:
        if self.protocol == "raw" and not 1 <= len(self.send) <= LARGEST_REQUEST:
            raise ValueError(f"raw sends from 1 to {LARGEST_REQUEST:,} bytes")
        if self.protocol in ("raw", "download") and not 1 <= self.expect_bytes <= LARGEST_REPLY:
            raise ValueError(f"a reply is expected to have from 1 to {LARGEST_REPLY:,} bytes")
        visible = all("!" <= character <= "~" for character in self.path)
        if not (self.path.startswith("/") and visible and len(self.path) < LARGEST_REQUEST // 2):
            raise ValueError(
                "the path begins with / and holds visible ASCII alone: escape the rest"
            )
        if any(character > "\xff" for character in self.send):
            raise ValueError("what raw sends is given one character a byte, up to \\xff")

    @property
    def loop(self) -> str:
        """`open` or `closed`."""
        return "closed" if self.rate_per_connection is None else "open"

    @property
    def message_bytes(self) -> int:
        """The size of a reply; 0 where only the server knows it."""
        if self.protocol in ECHOING:
            return self.size_bytes
        return 0 if self.protocol == "http" else self.expect_bytes

    @property
    def sent_when_due(self) -> bool:
        """Whether no message ever waits to be sent: for its time, or for a connection."""
        return (
            self.loop == "closed"
            and self.messages_per_connection is None
            and self.protocol != "http"  # whose server may close after any reply
        )

    @property
    def sweep_s(self) -> float:
        """How often a loader looks for what has timed out: what does ends at most 1 % late."""
        return min(0.1, max(0.001, min(self.timeout_s, self.connect_timeout_s) / 100))

    def active_of(self, connections: int) -> int:
        """How many of so many connections send: their share `active`, rounded up."""
        return math.ceil(self.active * connections)

    def over(self, protocol: str, request: Mapping[str, Any]) -> "Workload":
        """The same load on a server of another protocol; `request` are the fields that say what is
        asked of it. Raises ValueError where there is no such load."""
        if self.protocol == protocol != "echo":
            return self
        if self.protocol == "echo" and protocol != "download":
            return msgspec.structs.replace(self, protocol=protocol, **request)
        raise ValueError(f"for servers that speak {self.protocol}, not {protocol}")

    def request(self, authority: str) -> bytes:
        """What is sent each time, to the host and port of a URL; empty where messages
        differ."""
        match self.protocol:
            case "http":
                head = f"GET {self.path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: c10k\r\n\r\n"
                return head.encode()
            case "raw":
                return self.send.encode("latin-1")
            case "download":
                return b"%d\n" % self.expect_bytes
        return b""


@cache
def _bounds() -> type[Struct]:
    """A struct of the same fields, to check them by.

    A struct, since msgspec reads the fields' types once for it. Other types it reads at each check,
    and loses a Ctrl-C that comes while typing hashes them.
    """
    return msgspec.defstruct("Bounds", list(get_type_hints(Workload, include_extras=True).items()))


# The chapter assumes 5 ms of processing, and 10 of 100 clients active at a time. In a closed loop a
# tenth of the clients has a message at the server at any time, whatever its speed. In an open loop
# 10,000 clients would ask for more than a CPU can do (5 ms each is 50 s of CPU), and the response
# time would only measure how long the load had lasted.
_TENTH: Final = 0.1

WORKLOADS: Final = {
    workload.name: workload
    for workload in (
        Workload("paced", rate_per_connection=1.0, summary="1 message/s per client"),
        Workload(
            "saturated", summary="each client sends its next message when the reply has arrived"
        ),
        Workload("game", rate_per_connection=10.0, summary="10 messages/s per client"),
        # As many messages as paced, from a tenth of the connections.
        Workload(
            "mostly_idle",
            rate_per_connection=10.0,
            active=_TENTH,
            summary="a tenth of the clients sends 10 messages/s each, the others are silent",
        ),
        Workload(
            "work_sleep",
            active=_TENTH,
            handler="sleep:5ms",
            summary="the server waits 5 ms per message; a tenth of the clients always has one "
            "there",
        ),
        Workload(
            "work_cpu",
            active=_TENTH,
            handler="cpu:5ms",
            summary="the server computes 5 ms per message; a tenth of the clients always has one "
            "there",
        ),
        Workload("churn", messages_per_connection=1, summary="a new connection for each message"),
        Workload(
            "download",
            protocol="download",
            expect_bytes=1024 * 1024,
            summary="1 MiB per reply, as fast as they arrive",
        ),
    )
}
"""By name. Those that echo are driven over http, raw or websocket where a server speaks that."""
