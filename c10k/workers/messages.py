"""What the master and its workers send each other: Locust's custom messages, and what they hold.

All of it is numbers, texts, bytes, lists and mappings, as msgpack has them, and is checked by its
type when it arrives: no message can run code.

    worker                      master
    HELLO (about itself)   ──▶            of the same version: PING, several times
    PONG                   ──▶
                           ◀──  WELCOME (its name) or END (why it is refused)
                           ◀──  COMMAND (for its shard)
    ANSWER                 ──▶
    LEAVE (why)            ──▶  or
                           ◀──  END (why)
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from c10k.host.clock import ClockOffset
from c10k.loadgen.shard import ShardSettings, ShardSnapshot, ShardStatus
from c10k.results.histogram import COUNTS
from c10k.results.manifest import Fact

HELLO: Final = "c10k.hello"
WELCOME: Final = "c10k.welcome"
PING: Final = "c10k.ping"
PONG: Final = "c10k.pong"
COMMAND: Final = "c10k.command"
ANSWER: Final = "c10k.answer"
LEAVE: Final = "c10k.leave"
END: Final = "c10k.end"

ENDED: Final = "the run has ended"
"""Why a run ends that was measured to its end."""

SILENCE_S: Final = 5.0
"""Without a heartbeat, of which Locust sends one a second, the other side counts as lost."""


class Hello(Struct, frozen=True):
    """What a worker says of itself."""

    version: str
    name: str  # that it asks for, if it does
    hostname: str
    boot_id: str  # of the kernel that it runs on
    network: str  # its network namespace
    host: dict[str, Fact]
    engine: str
    cpus: list[int]
    descriptors: int  # its limit of open files
    ports: int  # ephemeral ports that it may connect from, 0 if that is not known


def settings_sent(settings: ShardSettings) -> dict[str, Any]:
    """The settings of a shard. The worker looks the address up itself."""
    return {
        "host": settings.target.name or settings.target.host,
        "port": settings.target.port,
        "workload": msgspec.to_builtins(settings.workload),
        "index": settings.index,
        "shards": settings.shards,
        "in_flight": settings.in_flight,
        "spin": settings.spin,
        "tls": settings.tls and msgspec.to_builtins(settings.tls),
    }


def counts_sent(counts: bytes) -> list[bytes]:
    """Of a histogram's counts, where they are not zero and what they are: most are zero."""
    whole = np.frombuffer(counts, np.int64)
    (places,) = whole.nonzero()
    return [places.astype("<i4").tobytes(), whole[places].astype("<i8").tobytes()]


def counts_received(sent: object) -> bytes:
    """The counts again. Raises ValueError or MsgspecError for what is none."""
    places_sent, values_sent = msgspec.convert(sent, tuple[bytes, bytes])
    places, values = np.frombuffer(places_sent, "<i4"), np.frombuffer(values_sent, "<i8")
    if len(places) != len(values) or ((places < 0) | (places >= COUNTS)).any():
        raise ValueError("these are no counts of a histogram")
    whole = np.zeros(COUNTS, np.int64)
    whole[places] = values
    return whole.tobytes()


def snapshot_sent(snapshot: ShardSnapshot) -> dict[str, Any]:
    """A snapshot by the worker's clock."""
    counts = {kind: counts_sent(each) for kind, each in snapshot["counts"].items()}
    return {**snapshot, "counts": counts}


def snapshot_received(sent: Mapping[str, Any], clock: ClockOffset) -> ShardSnapshot:
    """The snapshot by the master's clock. Raises ValueError or MsgspecError for what is none."""
    counts = {kind: counts_received(each) for kind, each in sent["counts"].items()}
    snapshot = msgspec.convert({**sent, "counts": counts}, ShardSnapshot)
    snapshot["began_ns"] -= clock.offset_ns
    snapshot["ended_ns"] -= clock.offset_ns
    return snapshot


def status_received(sent: object, clock: ClockOffset) -> ShardStatus:
    """The state of a shard by the master's clock. Raises MsgspecError for what is none."""
    status = msgspec.convert(sent, ShardStatus)
    # 0 is no time: nothing was opened, or the opening goes on.
    began_ns = status.opening_began_ns and status.opening_began_ns - clock.offset_ns
    ended_ns = status.opening_ended_ns and status.opening_ended_ns - clock.offset_ns
    return status._replace(opening_began_ns=began_ns, opening_ended_ns=ended_ns)
