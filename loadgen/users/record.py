"""What the fleets of a test recorded: of this process, and on a master of all workers.

A worker's seconds travel in its reports to the master, histograms as counts, so that they merge
exactly there.
"""

import logging
import time
import zlib
from collections import deque
from typing import Any, Final

from locust.env import Environment
from locust.runners import WorkerRunner

from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.portable.histogram import COUNTS
from c10k.loadgen.shard import KINDS

SECONDS_KEPT: Final = 60  # each takes 0.2 MB in a closed loop, 0.8 MB in an open one
STALE_S: Final = 10.0  # what a worker reported last is no part of `latest` any more
HERE: Final = "local"
KEY: Final = "c10k_fleet"  # of a worker's report

_BYTES: Final = COUNTS * 8
_NONE: Final = bytes(_BYTES)  # shared by all histograms that are empty
_logger = logging.getLogger(__name__)


class Record:
    """What the fleets of the present or last test recorded.

    `workers` holds the sum of each worker by Locust's id of it; on a runner that drives users
    itself, that of its own fleet as `local`. `seconds` holds the last 60, each with the time of the
    epoch at which it ended, merged over the workers that have reported it.
    """

    def __init__(self, environment: Environment) -> None:
        self.workers: dict[str, Snapshot] = {}
        self.seconds: deque[tuple[float, Snapshot]] = deque(maxlen=SECONDS_KEPT)
        self.reported_last: set[str] = set()  # workers that will report no more of this test
        self.sent_last = False  # on a worker: to the master
        self._latest: dict[str, tuple[float, Snapshot]] = {}
        self._unsent: list[tuple[float, Snapshot]] = []
        self._environment = environment
        self._of_another_version: set[str] = set()
        events: Any = environment.events  # they have no types of their own
        events.report_to_master.add_listener(self._report)
        events.worker_report.add_listener(self._take_report)

    @staticmethod
    def of(environment: Environment) -> "Record":
        """The record of this environment; there is one."""
        if environment not in _records:
            _records[environment] = Record(environment)
        return _records[environment]

    def reset(self) -> None:
        """Forget all: a test begins."""
        self.workers.clear()
        self.seconds.clear()
        self.reported_last.clear()
        self.sent_last = False
        self._latest.clear()
        self._unsent.clear()

    @property
    def latest(self) -> Snapshot | None:
        """The last second, merged over the workers; None before the first."""
        now = max((ended for ended, _ in self._latest.values()), default=0.0)
        latest = [each for ended, each in self._latest.values() if now - ended < STALE_S]
        return Snapshot.merged(latest) if latest else None

    @property
    def total(self) -> Snapshot | None:
        """The test so far, merged over the workers; None before the first second."""
        return Snapshot.merged(list(self.workers.values())) if self.workers else None

    def add(self, snapshot: Snapshot) -> float:
        """Add what the fleet of this process has just recorded; the time of the epoch."""
        ended = time.time()
        self._take(HERE, ended, snapshot)
        if isinstance(self._environment.runner, WorkerRunner):
            self._unsent.append((ended, snapshot))
        return ended

    def _take(self, worker: str, ended: float, snapshot: Snapshot) -> None:
        for kind in KINDS:
            if snapshot.counts[kind] == _NONE:
                snapshot.counts[kind] = _NONE
        so_far = self.workers.get(worker)
        self.workers[worker] = Snapshot.of_all([so_far, snapshot]) if so_far else snapshot
        self._latest[worker] = ended, snapshot
        self._take_second(ended, snapshot)

    def _take_second(self, ended: float, snapshot: Snapshot) -> None:
        """Merge it with that of other workers, which is of the same second of the epoch."""
        second = _second(ended, snapshot)
        for place, (other_ended, other) in enumerate(self.seconds):
            if _second(other_ended, other) == second:
                self.seconds[place] = max(ended, other_ended), Snapshot.merged([other, snapshot])
                return
        self.seconds.append((ended, snapshot))
        if any(ended < other_ended for other_ended, _ in self.seconds):  # this worker was late
            in_order = sorted(self.seconds, key=lambda each: each[0])
            self.seconds.clear()
            self.seconds.extend(in_order)

    def send_last(self) -> None:
        """On a worker, report what has not been reported yet, and that it was the last; once."""
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner) and not self.sent_last:
            self.sent_last = True
            data: dict[str, Any] = {f"{KEY}_last": True}
            events: Any = self._environment.events
            events.report_to_master.fire(client_id=runner.client_id, data=data)
            runner.send_message("stats", data)

    def _report(self, data: dict[str, Any], **_: object) -> None:
        data[KEY] = [(ended, _packed(snapshot)) for ended, snapshot in self._unsent]
        self._unsent.clear()

    def _take_report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        try:
            for ended, packed in data.get(KEY, ()):
                self._take(client_id, ended, _unpacked(packed))
        except (KeyError, TypeError, ValueError, zlib.error):
            if client_id not in self._of_another_version:
                self._of_another_version.add(client_id)
                _logger.error("%s reports in another form: install the same c10k there", client_id)
        if data.get(f"{KEY}_last"):
            self.reported_last.add(client_id)


_records: dict[Environment, Record] = {}


def _second(ended: float, snapshot: Snapshot) -> int:
    return int(ended - snapshot.seconds / 2)


def _packed(snapshot: Snapshot) -> dict[str, Any]:
    """What MessagePack can carry."""
    counts = {kind: zlib.compress(snapshot.counts[kind], 1) for kind in KINDS}
    return {**vars(snapshot), "counts": counts}


def _unpacked(packed: dict[str, Any]) -> Snapshot:
    """The snapshot. Raises KeyError, TypeError, ValueError or zlib.error for anything else."""
    counts = {kind: _inflated(packed["counts"][kind]) for kind in KINDS}
    return Snapshot(**{**packed, "counts": counts})


def _inflated(data: bytes) -> bytes:
    counts = zlib.decompressobj().decompress(data, _BYTES + 1)
    if len(counts) != _BYTES:
        raise ValueError(f"a histogram has {_BYTES} bytes, not {len(counts)}")
    return counts
