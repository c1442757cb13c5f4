"""What a trial recorded, as the rows and histograms of a step."""

import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from c10k.experiment.cycle import OPENING_KINDS, WINDOW_KINDS, Slice
from c10k.experiment.loader import Member
from c10k.experiment.loader_ceiling import limited
from c10k.experiment.plan import Trial
from c10k.loadgen.fleet import Opened, Snapshot
from c10k.loadgen.workload import Workload
from c10k.results.aggregate import Recording, latency_columns, step_row
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord

if TYPE_CHECKING:
    from c10k.experiment.warmup import WarmUp

# Of this host: they say nothing of a loader on another.
LOADER_HICCUPS: Final = ("hiccup_p99_ms", "hiccup_max_ms")


class StepRecording:
    """Collects a trial as it goes on, and makes a record of it however it ends.

    `began` is the run's start on CLOCK_MONOTONIC, in seconds: times in the record count from it.
    `ceiling_per_s` is what the loader can drive of this workload, in messages/s, or NaN; `workers`
    are those that drive it, in the order of the fleet's shards, if it is not this process. The
    runner sets `warmup`, `levels` and `failure`.
    """

    def __init__(
        self,
        trial: Trial,
        workload: Workload,
        began: float,
        ceiling_per_s: float = math.nan,
        workers: Sequence[Member] = (),
    ) -> None:
        self.trial = trial
        self.workload = workload
        self.began = began
        self.ceiling_per_s = ceiling_per_s
        self.workers = workers
        self.opened = Opened(0, trial.connections, math.nan)
        self.warmup: WarmUp | None = None
        self.levels: Mapping[str, float] = {}  # what the server held after the windows
        self.failure = ""  # why nothing more could be measured
        self._replied = self._lost = self._pending = 0  # since the load began
        self._snapshots: list[Snapshot] = []
        self._windows: list[dict[str, Any]] = []
        self._recordings: list[Recording] = []
        self._errors: Counter[str] = Counter()  # also of the time between windows

    def add_opening(self, opened: Opened, snapshot: Snapshot) -> None:
        """Take the opening of the connections."""
        self.opened = opened
        if not self._churning:
            self._recordings += self._recorded(OPENING_KINDS, snapshot)
        self.add_between(snapshot)

    def add_between(self, snapshot: Snapshot) -> None:
        """Take a time outside of the windows: its errors and losses count too."""
        self._errors.update(snapshot.errors)
        self._replied += snapshot.messages
        self._lost += snapshot.lost
        self._pending = snapshot.pending

    def add_window(
        self,
        snapshot: Snapshot,
        telemetry: Mapping[str, float],
        hiccups: Mapping[str, float],
        slices: Sequence[Slice] = (),
    ) -> None:
        """Take a window: the fleet's snapshot and slices, and the columns of the observers."""
        recordings = self._recorded(WINDOW_KINDS, snapshot)
        waiting = recordings[-1]
        closed = self.workload.loop == "closed"
        served = self.workload.active_of(self.opened.connected)
        starved_ms = waiting.histogram.max_ns / 1e6 if snapshot.starved else math.nan
        if self._churning:  # connections open within the windows
            recordings += self._recorded(OPENING_KINDS, snapshot)
        self._snapshots.append(snapshot)
        self._recordings += recordings + [
            Recording("slice", waiting.start_s + part.start_s, part.seconds, part.responses)
            for part in slices
        ]
        self.add_between(snapshot)
        shares = list(zip(self.workers, snapshot.shares, strict=bool(self.workers)))
        loader_cpu_s = snapshot.cpu_s  # on this host
        if self.workers:
            loader_cpu_s = sum(share.cpu_s for worker, share in shares if worker.here)
        if not all(worker.here for worker in self.workers):
            hiccups = {**hiccups, **dict.fromkeys(LOADER_HICCUPS, math.nan)}
        self._windows.append(
            {
                **self.trial._asdict(),
                **self._load(),
                **latency_columns(recordings),
                **telemetry,
                **hiccups,
                "connected": self.opened.connected,
                "status": "ok" if snapshot.messages and not snapshot.errors else "partial",
                "window_s": snapshot.seconds,
                "messages": snapshot.messages,
                "messages_per_s": snapshot.messages / snapshot.seconds,
                "due": snapshot.sent if closed else snapshot.due,
                "lost": snapshot.lost,
                "sent": snapshot.sent,
                "received": snapshot.messages,
                "worker_messages": json.dumps(
                    {worker.name: share.messages for worker, share in shares}
                ),
                "errors": sum(snapshot.errors.values()),
                "error_causes": json.dumps(snapshot.errors, sort_keys=True),
                "starved": snapshot.starved,
                "starved_wait_max_ms": starved_ms,
                "littles_law_ratio": snapshot.littles_law_ratio(served) if closed else math.nan,
                "other_processes_cpu_s": telemetry["other_processes_cpu_s"] - loader_cpu_s,
                "loader_cpu_s": snapshot.cpu_s,
                "loader_cpu_cores": snapshot.cpu_cores,
                "loader_cpu_us_per_message": _per(snapshot.cpu_s * 1e6, snapshot.messages),
                "loader_limited": limited([snapshot], self.ceiling_per_s),
                "cpu_us_per_message": _per(telemetry["cpu_s"] * 1e6, snapshot.messages),
                "context_switches_per_message": _per(
                    telemetry["context_switches"], snapshot.messages
                ),
            }
        )

    def record(
        self, started_at: float, samples: Sequence[Mapping[str, Any]], log_tail: str
    ) -> StepRecord:
        """The step as it is stored; the times of `samples` are on CLOCK_MONOTONIC."""
        row = step_row(self._windows, self._recordings) if self._windows else self._load()
        status, reason = self._verdict()
        row |= {
            **self.trial._asdict(),
            **self.levels,
            "connected": self.opened.connected,
            "status": status,
            "loader_limited": limited(self._snapshots, self.ceiling_per_s),
            "reason": reason,
            "log_tail": log_tail,
            "due": self._replied + self._lost + self._pending,
            "lost": self._lost + self._pending,
            "errors": self._errors.total(),
            "error_causes": json.dumps(self._errors, sort_keys=True),
            "setup_s": self.opened.setup_s,
            "accepts_per_s": self._accepts_per_s(),
            "started_at": started_at,
        }
        if self.warmup:
            row |= {"warmup_s": self.warmup.waited_s, "unsteady": self.warmup.unsteady}
        rebased = [{**sample, "t_s": sample["t_s"] - self.began} for sample in samples]
        return StepRecord(row, self._windows, rebased, self._recordings)

    def failed(self, reason: str, log_tail: str = "") -> StepRecord:
        """The step as it is stored where it could not be measured, or not to its end."""
        if not self.opened.connected:
            self.opened = Opened(0, 0, math.nan)
        self.failure = reason
        return self.record(time.time(), [], log_tail)

    @property
    def troubled(self) -> bool:
        """Whether connections or messages failed, or the server died."""
        return bool(self.failure or self.opened.failed or self._errors)

    @property
    def _churning(self) -> bool:
        return self.workload.messages_per_connection is not None

    def _accepts_per_s(self) -> float:
        """Connections per second: while all were opened, or under churn in the windows."""
        if self._churning:
            return _per(
                sum(snapshot.opened for snapshot in self._snapshots),
                sum(snapshot.seconds for snapshot in self._snapshots),
            )
        return _per(self.opened.connected, self.opened.setup_s)

    def _verdict(self) -> tuple[str, str]:
        """The step's status, and why it is not ok.

        A server that answers, but none within the windows, has not failed: all are starved.
        """
        reasons = [self.failure] if self.failure else []
        if self.opened.failed:
            reasons.append(
                f"{self.opened.connected:,} of {self.trial.connections:,} connections were served"
            )
        reasons += [f"{count:,} × {cause}" for cause, count in self._errors.most_common()]
        measured = any(window.messages or window.starved for window in self._snapshots)
        if self.failure or not (measured and self._replied):
            return "failed", "; ".join(reasons) or "no message was answered"
        return ("partial" if reasons else "ok"), "; ".join(reasons)

    def _load(self) -> dict[str, Any]:
        rate = self.workload.rate_per_connection or math.nan
        return {
            "loop": self.workload.loop,
            "rate_per_connection": rate,
            "offered_per_s": rate * self.workload.active_of(self.trial.connections),
            "protocol": self.workload.protocol,
            "size_bytes": self.workload.message_bytes,
            "ceiling_messages_per_s": self.ceiling_per_s,
        }

    def _recorded(self, kinds: Iterable[str], snapshot: Snapshot) -> list[Recording]:
        start_s = snapshot.began_ns / 1e9 - self.began
        return [
            Recording(kind, start_s, snapshot.seconds, Histogram.from_buffer(snapshot.counts[kind]))
            for kind in kinds
        ]


def _per(amount: float, count: float) -> float:
    return amount / count if count else math.nan
