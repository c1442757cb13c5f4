"""What a fleet is made of: shards, each of which drives its part of the connections alone.

A shard is a native thread or an event loop of Python's, in this process or another. All handle the
same commands and record the same way.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypedDict

from c10k.loadgen.address import Address
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload

KINDS: Final = (
    "response",
    "service",
    "send_lag",
    "connect",
    "handshake",
    "first_echo",
    "waiting",
)
"""What is recorded into histograms; see `c10k.loadgen.fleet.Snapshot`."""


@dataclass(frozen=True)
class ShardSettings:
    """What a shard drives: connections i * shards + index of a fleet, for i from 0 on."""

    target: Address
    workload: Workload
    index: int
    shards: int
    in_flight: int  # connections that may lack their first reply at once
    cpu: int | None  # that its thread is pinned to
    spin: bool  # poll before a message is due instead of sleeping
    tls: Tls | None = None  # None: plain connections


class ShardStatus(NamedTuple):
    """The state of a shard, read while it runs: a figure may be a few messages old."""

    ready: int  # connections that had a verified reply
    failed: int  # at the moment
    busy: int  # of the ready ones, with a message under way
    opening: int
    messages: int  # completed since the shard began
    opening_began_ns: int  # CLOCK_MONOTONIC
    opening_ended_ns: int  # 0 while it goes on


class ShardSnapshot(TypedDict):
    """What a shard recorded between two snapshots."""

    began_ns: int  # CLOCK_MONOTONIC
    ended_ns: int
    cpu_ns: int  # of the thread that drives it
    sent: int
    messages: int
    lost: int
    pending: int
    due: int
    late: int
    starved: int
    errors: dict[str, int]  # cause -> count, causes that occurred only
    sums_ns: dict[str, int]  # kind -> exact sum
    counts: dict[str, bytes]  # kind -> int64 counts in the layout of HdrHistogram


class Shard(Protocol):
    """What a fleet commands; it is created with ShardSettings, and then runs.

    A call returns when the command has been handled.
    """

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink to `target` connections, the first `active` of which send.

        `fleet_active` send in the whole fleet; their schedule begins anew at `epoch_ns` of
        CLOCK_MONOTONIC. Raises MemoryError.
        """

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""

    def stop(self) -> None:
        """Send nothing new; replies may still arrive. What waits to be sent is lost."""

    def snapshot(self) -> ShardSnapshot:
        """What was recorded since the last snapshot; begin anew."""

    def peek(self) -> ShardStatus:
        """The state of the shard; costs the thread that drives it nothing."""

    def response_counts(self) -> bytes:
        """The response times since the last snapshot, as far as recorded."""

    def quit(self) -> None:
        """Close every connection and end what drives them; a second call does nothing."""
