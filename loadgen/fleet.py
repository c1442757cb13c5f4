"""The fleet: many connections to one address, driven by threads or processes, commanded from here.

with Fleet(("127.0.0.1", 9000), WORKLOADS["saturated"]) as fleet:
    fleet.resize(1000)
    opened = fleet.wait_open(timeout_s=30)
    fleet.load()
    time.sleep(1)  # warm up
    fleet.snapshot()  # a window begins
    time.sleep(5)
    window = fleet.snapshot()  # and ends; the next one has begun
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf, nan
from typing import Any, Final, NamedTuple, Self, TypeVar

import numpy as np

from c10k.loadgen.address import Address
from c10k.loadgen.engines import engine_of, shard_class
from c10k.loadgen.shard import KINDS, Shard, ShardSettings, ShardSnapshot
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload

T = TypeVar("T")

CreateShard = Callable[[ShardSettings], Shard]

# Connections that may lack their first echo at once. Far below any usual listen backlog, so
# that opening never overflows it: an overflow costs a SYN its first retransmission, 1 s.
IN_FLIGHT: Final = 128

# A schedule begins so much later than the command, by when every shard of this host has it.
LEAD_NS: Final = 5_000_000

# How long a drain waits for replies: in all, and for the next one.
DRAIN_S: Final = 10.0
DRAIN_STILL_S: Final = 2.0
DRAIN_POLL_S: Final = 0.001  # at first: most replies come within some milliseconds
DRAIN_PAUSE_S: Final = 0.01  # at most

# A loader thread busier than this had no time left: it measured its own limit.
BUSY_SHARE: Final = 0.95
# More late messages than this share move the p99 that is reported. A few may be late for one
# hiccup of the host, which is no limit of the loader's.
LATE_SHARE: Final = 0.01
LATE_FEW: Final = 5


def loader_limited(windows: "Sequence[Snapshot]") -> bool:
    """Whether the loader, not the server, set the figures of these windows taken together.

    In an open loop when over 1 % of the messages were late, and more than 5; in a closed one, which
    has no schedule, when the busiest thread used over 95 % of a CPU.
    """
    if due := sum(window.due for window in windows):
        return sum(window.late for window in windows) > max(LATE_FEW, LATE_SHARE * due)
    busy_s = sum(window.cpu_cores * window.seconds for window in windows)
    return busy_s > BUSY_SHARE * sum(window.seconds for window in windows)


@dataclass(frozen=True)
class Opened:
    """How the opening of the connections went."""

    connected: int  #: connections that had a verified reply
    failed: int  #: connections that had none: they failed, or time was up
    setup_s: float  #: from the first connect() to the last first echo; 0 if none was to be opened


@dataclass(frozen=True)
class FleetStatus:
    """The state of the fleet, read while it runs."""

    ready: int  #: connections that had a verified reply, and have not failed since
    failed: int  #: connections that failed, and are not open again
    opening: int  #: connections that have had no reply yet
    messages: int  #: completed since the fleet began


class ShardShare(NamedTuple):
    """What a shard did of a snapshot."""

    messages: int  #: completed
    cpu_s: float  #: CPU time of its thread, s


@dataclass(frozen=True)
class Snapshot:
    """What happened between two snapshots.

    `counts` and `sums_ns` have a key for each kind of time:

    - `response`: from when a message was due to the last byte of its reply
    - `service`: from when it was sent
    - `send_lag`: from when it was due until it was sent; empty where none waits to be sent
    - `connect`: connecting, over TLS with the handshake
    - `handshake`: the handshake of TLS alone; empty without
    - `first_echo`: from the start of connecting to a connection's first verified reply
    - `waiting`: how long messages without a reply have been waiting at the end. Those are all that
      are pending in an open loop; in a closed one, where every connection waits at any time, those
      of starved connections, which completed nothing since before the last snapshot

    A message without a reply is in response with the time until it timed out or its connection
    ended. One with a wrong reply is in none of them.

    From the first snapshot on, `due` (in a closed loop what was sent) = messages + lost + the
    pending of the last.
    """

    began_ns: int  #: when it began, ns of CLOCK_MONOTONIC
    seconds: float  #: how long it lasted, s
    sent: int  #: messages sent
    messages: int  #: messages completed: replied to and verified
    lost: int  #: messages given up: without a reply, or with a wrong one
    pending: int  #: messages due before the end, and neither completed nor lost yet
    due: int  #: messages due by the schedule of an open loop; 0 in a closed one
    late: int  #: of these, picked up over 1 ms late by the loader itself
    starved: int  #: connections that completed no message
    errors: dict[str, int]  #: cause -> count, causes that occurred only
    cpu_s: float  #: CPU time of the fleet's threads, s
    cpu_cores: float  #: of the busiest thread: CPU time divided by `seconds`
    sums_ns: dict[str, int]  #: kind -> exact sum, ns
    #: kind -> 24,576 int64 counts in the layout of HdrHistogram (1,000 ns to 1 h, 3 significant
    #: digits), 196,608 bytes; `Histogram.from_buffer` reads them
    counts: dict[str, bytes]
    shares: tuple[ShardShare, ...] = ()  #: what each shard did, in order

    @classmethod
    def of_all(cls, snapshots: "Sequence[Snapshot]") -> Self:
        """What happened in all of them together, as if nothing were between them.

        They are of one fleet, one or more, in their order.
        """
        seconds = sum(each.seconds for each in snapshots)
        return cls(
            began_ns=snapshots[0].began_ns,
            seconds=seconds,
            pending=snapshots[-1].pending,
            starved=max(each.starved for each in snapshots),
            cpu_cores=sum(each.cpu_cores * each.seconds for each in snapshots) / seconds,
            shares=tuple(
                ShardShare(*map(sum, zip(*shares, strict=True)))
                for shares in zip(*(each.shares for each in snapshots), strict=True)
            ),
            **_totals(snapshots),
        )

    @classmethod
    def merged(cls, snapshots: "Sequence[Snapshot]") -> "Snapshot":
        """What happened at the same time in one or more shards or fleets; `seconds` is the mean."""
        if len(snapshots) == 1:
            return snapshots[0]
        return cls(
            began_ns=min(each.began_ns for each in snapshots),
            seconds=sum(each.seconds for each in snapshots) / len(snapshots),
            pending=sum(each.pending for each in snapshots),
            starved=sum(each.starved for each in snapshots),
            cpu_cores=max(each.cpu_cores for each in snapshots),
            shares=tuple(share for each in snapshots for share in each.shares),
            **_totals(snapshots),
        )

    @property
    def opened(self) -> int:
        """Connections that were made: the values of the kind `connect`."""
        return int(np.frombuffer(self.counts["connect"], np.int64).sum())

    @property
    def loader_limited(self) -> bool:
        """Whether the loader, not the server, set these figures."""
        return loader_limited([self])

    def littles_law_ratio(self, connections: int) -> float:
        """Throughput × mean response time of the completed ÷ connections that send (Little 1961).

        1 in a closed loop whose connections all take their turn; less where some are starved,
        since those that wait are connections but complete nothing. What was lost is counted with
        its wait, in both factors. NaN of no connections.
        """
        waiting = self.sums_ns["response"] / 1e9 / self.seconds
        return waiting / connections if connections else nan


def _totals(snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """What adds up, whether the snapshots follow each other or are of the same time."""
    counted = ("sent", "messages", "lost", "due", "late", "cpu_s")
    errors: Counter[str] = Counter()
    for each in snapshots:
        errors.update(each.errors)
    return {
        **{name: sum(getattr(each, name) for each in snapshots) for name in counted},
        "errors": dict(errors),
        "sums_ns": {kind: sum(each.sums_ns[kind] for each in snapshots) for kind in KINDS},
        "counts": {kind: _add([each.counts[kind] for each in snapshots]) for kind in KINDS},
    }


class Fleet:
    """Connections to one address, which threads drive under a workload.

    - `address`: a host and a port, or an `Address`.
    - `threads`: how many share the connections; `cpus`: the CPUs that they are pinned to in turn.
    - `processes`: as many processes of one thread each instead. Each has a descriptor limit of its
      own, and with the portable engine an interpreter.
    - `engine`: `native`, `portable`, or `auto`: native where it is built. The attribute of this
      name says which it is.
    - `in_flight`: how many connections may lack their first reply at once.
    - `spin`: poll before a message is due instead of sleeping: it is sent to the microsecond, and a
      CPU is busy with waiting.
    - `tls`: over TLS, and how its server is verified; None: plain connections.
    - `elsewhere`: functions that create the shards to drive the connections instead of threads
      here, on other hosts too; each must have a command within `lead_ns`.

    A fleet is used once, as a context manager: leaving the block drains it, ends every connection
    and joins the threads; after an exception it does not drain.

    Creating one raises ValueError for an unknown engine or certificates that are none, OSError
    where the address cannot be resolved, the engine or OpenSSL for it is not there, or the machine
    refuses a thread, process or descriptor, and MemoryError. Any method raises OSError once a
    process of the fleet has died. What happens to a connection raises nothing: it is counted, by
    cause, in `Snapshot.errors`.
    """

    def __init__(
        self,
        address: tuple[str, int] | Address,
        workload: Workload,
        *,
        threads: int = 1,
        processes: bool = False,
        engine: str = "auto",
        cpus: Sequence[int] | None = None,
        in_flight: int = IN_FLIGHT,
        spin: bool = False,
        tls: Tls | None = None,
        elsewhere: Sequence[CreateShard] = (),
        lead_ns: int = LEAD_NS,
    ) -> None:
        self.engine = engine_of(engine)
        self.workload = workload
        self.connections = 0
        self._resized_ns = 0
        self._drained = False
        self._shards: list[Shard] = []
        self._lead_ns = lead_ns
        create: CreateShard = shard_class(self.engine)
        if processes:
            from c10k.loadgen.remote import RemoteShard

            create = partial(RemoteShard, self.engine)
        creators = elsewhere or [create] * threads
        # A thread per process: all processes get a command at nearly the same moment, and no
        # KeyboardInterrupt separates it from its answer.
        self._threads = (
            ThreadPoolExecutor(len(creators), "c10k-process") if processes or elsewhere else None
        )
        target = address if isinstance(address, Address) else Address.resolve(*address)
        each = max(1, in_flight // len(creators))
        try:
            for index, create_one in enumerate(creators):
                cpu = cpus[index % len(cpus)] if cpus else None
                settings = ShardSettings(
                    target, workload, index, len(creators), each, cpu, spin, tls
                )
                self._shards.append(create_one(settings))
        except BaseException:
            self._quit()
            raise

    def resize(self, connections: int) -> None:
        """Grow or shrink to this many connections, also under load.

        New ones open at once, each proves itself with one reply, then joins the load. In an open
        loop the schedule begins anew with the new number; a message that was queued at that
        moment keeps its due time to within one period. Returns at once, when the threads have the
        command. Raises MemoryError.
        """
        self.connections = connections
        self._resized_ns = time.monotonic_ns()
        active = self.workload.active_of(connections)
        epoch_ns = time.monotonic_ns() + self._lead_ns

        def resize(shard: Shard, index: int) -> None:
            share = self._share(connections, index), self._share(active, index)
            shard.resize(*share, active, epoch_ns)

        self._each(resize)

    def _each(self, command: Callable[[Shard, int], T]) -> list[T]:
        """What each shard, with its index, answers to a command."""
        over = self._threads.map if self._threads else map
        return list(over(command, self._shards, range(len(self._shards))))

    def _share(self, connections: int, index: int) -> int:
        """How many of the fleet's first connections are this shard's."""
        return len(range(index, connections, len(self._shards)))

    def wait_open(
        self,
        timeout_s: float,
        on_progress: Callable[[FleetStatus], None] | None = None,
        *,
        still_s: float = inf,
    ) -> Opened:
        """Wait until every connection has had its first echo or has failed, or time is up.

        Time is also up once none has had its first echo for `still_s` seconds. Those without one
        count as failed from `load` on. `on_progress` is called every 10 ms.
        """
        now = came = time.monotonic()
        deadline = now + timeout_s
        most = 0
        while (progress := self.progress()).opening and now < min(deadline, came + still_s):
            now = time.monotonic()
            if progress.ready > most:
                most, came = progress.ready, now
            if on_progress:
                on_progress(progress)
            time.sleep(0.01)
        grown = [
            status
            for status in self._each(lambda shard, _: shard.peek())
            if status.opening_began_ns >= self._resized_ns
        ]
        now_ns = time.monotonic_ns()
        began_ns = min((status.opening_began_ns for status in grown), default=0)
        ended_ns = max((status.opening_ended_ns or now_ns for status in grown), default=0)
        return Opened(
            progress.ready, self.connections - progress.ready, (ended_ns - began_ns) / 1e9
        )

    def load(self) -> None:
        """Let every open connection begin to send; give up on those that are not open.

        Counting goes on: to leave out a warm-up, take a snapshot when it ends.
        """
        epoch_ns = time.monotonic_ns() + self._lead_ns
        self._drained = False
        self._each(lambda shard, _: shard.load(epoch_ns))

    def snapshot(self) -> Snapshot:
        """Return what happened since the last snapshot and begin to count anew, exactly."""
        parts = self._each(lambda shard, _: shard.snapshot())
        return Snapshot.merged([self._of_shard(part) for part in parts])

    def _of_shard(self, part: ShardSnapshot) -> Snapshot:
        counts, sums_ns = part["counts"], part["sums_ns"]
        if self.workload.sent_when_due:  # recorded once
            counts["service"], sums_ns["service"] = counts["response"], sums_ns["response"]
        seconds, cpu_s = (part["ended_ns"] - part["began_ns"]) / 1e9, part["cpu_ns"] / 1e9
        return Snapshot(
            began_ns=part["began_ns"],
            seconds=seconds,
            sent=part["sent"],
            messages=part["messages"],
            lost=part["lost"],
            pending=part["pending"],
            due=part["due"],
            late=part["late"],
            starved=part["starved"],
            errors=part["errors"],
            cpu_s=cpu_s,
            cpu_cores=cpu_s / seconds,
            sums_ns=sums_ns,
            counts=counts,
            shares=(ShardShare(part["messages"], cpu_s),),
        )

    def progress(self) -> FleetStatus:
        """The state of the fleet; costs the threads nothing."""
        statuses = self._each(lambda shard, _: shard.peek())
        return FleetStatus(
            ready=sum(status.ready for status in statuses),
            failed=sum(status.failed for status in statuses),
            opening=sum(status.opening for status in statuses),
            messages=sum(status.messages for status in statuses),
        )

    def response_counts(self) -> bytes:
        """The response times since the last snapshot, as far as recorded; nothing begins anew.

        24,576 int64 counts as bytes, as in `Snapshot.counts`.
        """
        return _add(self._each(lambda shard, _: shard.response_counts()))

    def stop(self) -> None:
        """Send nothing new. What waits to be sent is lost."""
        self._each(lambda shard, _: shard.stop())

    def drain(
        self,
        timeout_s: float = DRAIN_S,
        *,
        still_s: float = DRAIN_STILL_S,
        most_pause_s: float = DRAIN_PAUSE_S,
    ) -> None:
        """Stop, and let the replies to what is under way arrive.

        It waits for `timeout_s` seconds at most, and for `still_s` without any reply. It polls at
        growing intervals, the longest `most_pause_s`, and returns so much after the last reply at
        most.
        """
        self.stop()
        self._drained = True
        now = came = time.monotonic()
        deadline = now + timeout_s
        fewest, pause_s = inf, min(DRAIN_POLL_S, most_pause_s)
        while (busy := sum(self._each(lambda shard, _: shard.peek().busy))) and now < deadline:
            if busy < fewest:
                fewest, came = busy, now
            elif now > came + still_s:
                return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, most_pause_s)
            now = time.monotonic()

    def close(self) -> None:
        """Drain, then close every connection and end the threads.

        Closed in mid-message, connections would cause errors in the server that no client makes.
        """
        try:
            if not self._drained:
                self.drain()
        finally:
            self._quit()

    def _quit(self) -> None:
        shards, self._shards = self._shards, []
        for shard in shards:
            shard.quit()
        if self._threads:
            self._threads.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._quit()


def _add(counts: list[bytes]) -> bytes:
    if len(counts) == 1:
        return counts[0]
    return bytes(np.sum([np.frombuffer(part, np.int64) for part in counts], axis=0).tobytes())
