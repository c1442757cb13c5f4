"""Pairs, one after the other, until every metric has its verdict."""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from c10k.ab import pair
from c10k.ab.progress import PairProgress
from c10k.experiment.loader_ceiling import Ceiling
from c10k.experiment.plan import Plan
from c10k.host.cpus import CpuSplit
from c10k.host.stops import Stops
from c10k.results.store import RunWriter
from c10k.results.verdicts import Judged, judge

if TYPE_CHECKING:
    from c10k.results.fitness import Row


class SideFailedError(Exception):
    """A server of a pair could not be measured; the message says which, and why."""


class Pairs:
    """The pairs of a comparison, and what they say so far.

    `margins` and `unmeasured` are those of results.verdicts.judge; `seed` is the coin's.
    """

    def __init__(
        self, margins: Mapping[str, float], unmeasured: Mapping[str, str], seed: int
    ) -> None:
        self.rows: list[tuple[Row, Row]] = []
        self.judged: list[Judged] = judge((), margins, unmeasured)
        self._margins, self._unmeasured = margins, unmeasured
        self._coin = random.Random(seed)

    def measure(
        self,
        plan: Plan,
        writer: RunWriter,
        cpus: CpuSplit,
        ceiling: Ceiling,
        progress: PairProgress,
    ) -> None:
        """Measure pairs until every metric has its verdict, or another would not end in time.

        Raises SideFailedError where a server fails, and RunError where nothing can be stored.
        """
        logs, longest_s = writer.directory / "logs", 0.0
        while (began := time.monotonic()) + longest_s <= progress.budget.deadline:
            number = len(self.rows)
            with Stops() as stops:
                records, failed = pair.measure(
                    plan, number, self._coin, cpus, ceiling, logs, progress.see
                )
            if stops.count:  # the servers waited for this process
                continue
            for record in records:
                writer.append_step(record)
            sides = {row["server"]: row for row in writer.steps()[-len(records) :]}
            if failed:
                reason = sides[failed]["reason"]
                raise SideFailedError(f"{failed} failed in pair {number + 1}: {reason}")
            self.rows.append((sides["base"], sides["head"]))
            self.judged = judge(self.rows, self._margins, self._unmeasured)
            progress.pair(self)
            if all(each.decided for each in self.judged):
                break
            longest_s = max(longest_s, time.monotonic() - began)
