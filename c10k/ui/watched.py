"""One server of the session: its process, and what it uses, live."""

import math
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from c10k.experiment.server_host import HOST
from c10k.loadgen.telemetry import ProcessGoneError, Telemetry
from c10k.loadgen.telemetry.tasks import TaskTimes, elapsed, read_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from c10k.experiment.plan import PlannedServer
    from c10k.servers.process import ServerProcess

IDLE_SAMPLE_S: Final = 0.5
# The times of 10,000 threads take 0.1 s of CPU: then they are read every 10 s.
TASKS_CPU_SHARE: Final = 0.01
SHOWN: Final = ("rss_bytes", "threads", "processes", "descriptors")


class WatchedServer:
    """A server, of which one process after another is started and observed.

    Start and stop it from the main thread (see ServerProcess).
    """

    def __init__(self, planned: "PlannedServer", cpus: "Collection[int]", logs: Path) -> None:
        self.planned = planned
        self.label = planned.server
        self.process: ServerProcess
        self.telemetry: Telemetry
        self.used = False  # whether a test has loaded this process
        self._cpus = cpus
        self._log = logs / f"{self.label.replace('/', '_')}.log"
        self._running = ExitStack()

    def start(self, handler: str = "none") -> None:
        """Start a fresh process. ServerStartError, or ValueError where it takes no such handler."""
        spec = self.planned.spec.handling(handler)
        self.stop()
        with ExitStack() as running:
            self.process = running.enter_context(
                spec.process(host=HOST, log=self._log, cpus=self._cpus)
            )
            self.telemetry = running.enter_context(
                Telemetry(self.process.supervisor, IDLE_SAMPLE_S, itself=False)
            )
            self._running = running.pop_all()
        self.handler = handler
        self.used = False
        self._cpu = time.monotonic(), math.nan
        self._tasks: tuple[float, Mapping[int, TaskTimes]] = time.monotonic(), {}
        self._tasks_again_s = 0.0
        self._runqueue_wait = math.nan
        self._drops = math.nan

    def stop(self) -> None:
        """End the process, if there is one."""
        self._running.close()

    @property
    def address(self) -> str:
        """Where it listens, as Locust has it in a host field; urlsplit() finds host and port."""
        return f"tcp://{self.process.host}:{self.process.port}"

    def figures(self) -> dict[str, Any]:
        """What it uses now, and since the last call; NaN where that is not known. Empty of a
        process that has ended."""
        sample = self.telemetry.latest()
        try:
            now, cpu_s = time.monotonic(), self.telemetry.tree.cpu_s()
            self._read_tasks(now)
        except ProcessGoneError:
            return {}
        if not (self.process.alive and sample):
            return {}
        (before, spent_s), self._cpu = self._cpu, (now, cpu_s)
        if math.isnan(self._drops):
            self._drops = sample.listen_drops
        return {
            **{name: getattr(sample, name) for name in SHOWN},
            "cpu_s": cpu_s,
            "cpu_cores": max(cpu_s - spent_s, 0.0) / (now - before),
            "runqueue_wait": self._runqueue_wait,
            "listen_drops": sample.listen_drops - self._drops,
        }

    def _read_tasks(self, now: float) -> None:
        """Read how long the threads waited for a CPU, unless it is too soon to read that again."""
        if now < self._tasks_again_s:
            return
        began_s = time.thread_time()
        tasks = read_tasks(self.telemetry.tree.members)
        (before, earlier), self._tasks = self._tasks, (now, tasks)
        if earlier:
            self._runqueue_wait = elapsed(earlier, tasks).waiting_ns / 1e9 / (now - before)
        self._tasks_again_s = now + (time.thread_time() - began_s) / TASKS_CPU_SHARE
