"""What a shard records between two snapshots."""

import time
from collections import Counter

from c10k.loadgen.portable.histogram import Times
from c10k.loadgen.shard import KINDS, ShardSnapshot


class Tally:
    """Counts and times since the last snapshot; begun in the thread whose CPU time it states."""

    def __init__(self) -> None:
        self.began_ns = time.monotonic_ns()
        self.cpu_began_ns = time.thread_time_ns()
        self.ended_ns = self.cpu_ended_ns = 0
        self.sent = self.messages = self.lost = self.due = self.late = self.starved = 0
        self.pending = 0  # when it ended: due and neither replied to nor lost
        self.errors: Counter[str] = Counter()
        self.response = Times()
        self.service = Times()
        self.send_lag = Times()
        self.connect = Times()
        self.handshake = Times()
        self.first_echo = Times()
        self.waiting = Times()

    def by_kind(self) -> dict[str, Times]:
        """The times, by the names of KINDS."""
        return {kind: getattr(self, kind) for kind in KINDS}

    def taken(self) -> ShardSnapshot:
        """All of it, once it has ended."""
        times = self.by_kind()
        return {
            "began_ns": self.began_ns,
            "ended_ns": self.ended_ns,
            "cpu_ns": self.cpu_ended_ns - self.cpu_began_ns,
            "sent": self.sent,
            "messages": self.messages,
            "lost": self.lost,
            "pending": self.pending,
            "due": self.due,
            "late": self.late,
            "starved": self.starved,
            "errors": dict(self.errors),
            "sums_ns": {kind: times[kind].sum_ns() for kind in KINDS},
            "counts": {kind: times[kind].counts() for kind in KINDS},
        }
