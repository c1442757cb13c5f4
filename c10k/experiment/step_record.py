"""What a visit recorded, put into the rows and histograms of a step."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from c10k.experiment.plan import Visit
from c10k.experiment.warmup import Settling
from c10k.loadgen.fleet import Cut, Opened, loader_limited
from c10k.loadgen.workload import Workload
from c10k.results.aggregate import Recording, latency_columns, step_row
from c10k.results.histogram import Histogram
from c10k.results.store import StepRecord

OPENING_KINDS: Final = ("connect", "first_echo")
WINDOW_KINDS: Final = ("response", "service", "send_lag", "waiting")
# From this share of the ceiling on, a server cannot be told from one that does nothing: measured
# again and again on a virtual machine, the ceiling has a standard deviation of about a tenth.
NEAR_CEILING: Final = 0.9


class StepRecording:
    """Collects a visit as it goes on, and makes a record of it however it ends.

    `began` is the run's start on CLOCK_MONOTONIC, in seconds: times in the record count from it.
    `ceiling_per_s` is what the loader can drive in a closed loop, in messages/s, where it is known.
    """

    def __init__(
        self, visit: Visit, workload: Workload, began: float, ceiling_per_s: float = math.nan
    ) -> None:
        self.visit = visit
        self.workload = workload
        self.began = began
        self.ceiling_per_s = ceiling_per_s if workload.loop == "closed" else math.nan
        self.opened = Opened(0, visit.connections, math.nan)
        self._active = workload.active_of(visit.connections)
        self._replied = self._lost = self._pending = 0  # since the load began
        self.failure = ""  # why nothing more could be measured
        self._settled: dict[str, Any] = {}
        self._levels: dict[str, float] = {}
        self._cuts: list[Cut] = []
        self._windows: list[dict[str, Any]] = []
        self._recordings: list[Recording] = []
        self._errors: Counter[str] = Counter()  # also of the time between windows

    def add_opening(self, opened: Opened, cut: Cut) -> None:
        """Take how the connections were opened."""
        self.opened = opened
        if not self._churning:
            self._recordings += [self._recording(kind, cut) for kind in OPENING_KINDS]
        self.add_between(cut)

    def add_settling(self, settling: Settling) -> None:
        """Take how the load settled before the windows."""
        self._settled = {"settle_s": settling.waited_s, "unsettled": settling.unsettled}

    def add_slices(self, slices: Sequence[Recording]) -> None:
        """Take the slices of a window."""
        self._recordings += slices

    def add_levels(self, levels: Mapping[str, float]) -> None:
        """Take what the server held when the windows were over."""
        self._levels = dict(levels)

    def add_between(self, cut: Cut) -> None:
        """Take what happened outside of the windows: errors and losses count there too."""
        self._errors.update(cut.errors)
        self._replied += cut.messages
        self._lost += cut.lost
        self._pending = cut.pending

    def add_window(
        self, cut: Cut, telemetry: Mapping[str, float], hiccups: Mapping[str, float]
    ) -> None:
        """Take a window: what the fleet says of it, and the columns of the observers."""
        recordings = [self._recording(kind, cut) for kind in WINDOW_KINDS]
        waiting = recordings[-1].histogram
        closed = self.workload.loop == "closed"
        served = self.workload.active_of(self.opened.connected)
        if self._churning:  # connections open within the windows
            recordings += [self._recording(kind, cut) for kind in OPENING_KINDS]
        self._cuts.append(cut)
        self._recordings += recordings
        self.add_between(cut)
        self._windows.append(
            {
                **self._key(),
                **self._load(),
                **latency_columns(recordings),
                **telemetry,
                **hiccups,
                "connected": self.opened.connected,
                "status": "ok" if cut.messages and not cut.errors else "partial",
                "window_s": cut.seconds,
                "messages": cut.messages,
                "messages_per_s": cut.messages / cut.seconds,
                "due": cut.sent if closed else cut.due,
                "lost": cut.lost,
                "sent": cut.sent,
                "received": cut.messages,
                "errors": sum(cut.errors.values()),
                "error_causes": json.dumps(cut.errors, sort_keys=True),
                "starved": cut.starved,
                "starved_wait_max_ms": waiting.max_ns / 1e6 if cut.starved else math.nan,
                "littles_law_ratio": cut.littles_law_ratio(served) if closed else math.nan,
                "others_cpu_s": telemetry["others_cpu_s"] - cut.cpu_s,
                "loader_cpu_s": cut.cpu_s,
                "loader_cpu_share": cut.cpu_share,
                "loader_cpu_us_per_message": _per(cut.cpu_s * 1e6, cut.messages),
                "loader_limited": self._limited([cut]),
                "cpu_us_per_message": _per(telemetry["cpu_s"] * 1e6, cut.messages),
                "context_switches_per_message": _per(telemetry["context_switches"], cut.messages),
            }
        )

    def record(
        self, started_at: float, samples: Sequence[Mapping[str, Any]], log_tail: str
    ) -> StepRecord:
        """The step as it will be stored; `samples` come with times on CLOCK_MONOTONIC."""
        row = step_row(self._windows, self._recordings) if self._windows else self._load()
        status, reason = self._verdict(row.get("messages", 0))
        opened = self.opened
        row |= (
            self._key()
            | self._settled
            | self._levels
            | {
                "connected": opened.connected,
                "status": status,
                "loader_limited": self._limited(self._cuts),
                "reason": reason,
                "log_tail": log_tail,
                "due": self._replied + self._lost + self._pending,
                "lost": self._lost + self._pending,
                "errors": self._errors.total(),
                "error_causes": json.dumps(self._errors, sort_keys=True),
                "setup_s": opened.setup_s,
                "accepts_per_s": self._accepts_per_s(),
                "started_at": started_at,
            }
        )
        rebased = [{**sample, "t_s": sample["t_s"] - self.began} for sample in samples]
        return StepRecord(row, self._windows, rebased, self._recordings)

    @property
    def troubled(self) -> bool:
        """Whether connections or messages failed, or the server died."""
        return bool(self.failure or self.opened.failed or self._errors)

    @property
    def _churning(self) -> bool:
        return self.workload.messages_per_connection is not None

    def _accepts_per_s(self) -> float:
        """While the connections were opened, or came and went."""
        if self._churning:
            return _per(sum(cut.opened for cut in self._cuts), sum(c.seconds for c in self._cuts))
        return _per(self.opened.connected, self.opened.setup_s)

    def _limited(self, cuts: Sequence[Cut]) -> bool:
        """Whether the loader had no time left or was late, or drove nearly all that it can."""
        seconds = sum(cut.seconds for cut in cuts)
        reached = _per(sum(cut.messages for cut in cuts), seconds)
        return loader_limited(cuts) or reached >= NEAR_CEILING * self.ceiling_per_s

    def _verdict(self, messages: int) -> tuple[str, str]:
        """The step's status, and why it is not ok."""
        reasons = [self.failure] if self.failure else []
        if self.opened.failed:
            reasons.append(
                f"{self.opened.connected:,} of {self.visit.connections:,} connections were served"
            )
        reasons += [f"{count:,} × {cause}" for cause, count in self._errors.most_common()]
        if self.failure or not messages:
            return "failed", "; ".join(reasons) or "no message was answered"
        return ("partial" if reasons else "ok"), "; ".join(reasons)

    def _key(self) -> dict[str, Any]:
        visit = self.visit
        return {
            "server": visit.server,
            "workload": visit.workload,
            "repeat": visit.repeat,
            "connections": visit.connections,
        }

    def _load(self) -> dict[str, Any]:
        rate = self.workload.rate_per_connection
        return {
            "loop": self.workload.loop,
            "rate_per_connection": rate if rate else math.nan,
            "offered_per_s": rate * self._active if rate else math.nan,
            "protocol": self.workload.protocol,
            "size_bytes": self.workload.message_bytes,
            "ceiling_messages_per_s": self.ceiling_per_s,
        }

    def _recording(self, kind: str, cut: Cut) -> Recording:
        start_s = cut.began_ns / 1e9 - self.began
        return Recording(kind, start_s, cut.seconds, Histogram.from_buffer(cut.counts[kind]))


def _per(amount: float, count: float) -> float:
    return amount / count if count else math.nan
