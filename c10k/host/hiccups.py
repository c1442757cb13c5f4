"""The host's own hiccups during a visit, on the loader's CPUs and on the server's."""

from contextlib import ExitStack
from typing import Final, Self

from c10k.host.cpus import CpuSplit
from c10k.loadgen.hiccups import HiccupMeter
from c10k.results.histogram import Histogram

# With a wake-up every 1 ms a server that mostly sleeps would find its CPU awake: 0.62 ms at the
# median instead of 0.68 (10 connections, steady). Pauses of 10 ms and more are all seen, of the
# shorter ones a part.
SERVER_INTERVAL_NS: Final = 10_000_000


class Hiccups:
    """How late threads wake that have nothing else to do, one on the CPUs of each side.

    Both have real-time priority (SCHED_FIFO, the lowest), or they would also wait for the busy
    threads beside them: 6.8 ms at the p99 beside a saturated server, 0.09 ms with it. Where that
    is not permitted, the server's CPUs are not watched, and the figures of the loader's include
    waits behind the loader.

    A closed loop saturates its server, and there the CPUs of a server may not be watched: whatever
    wakes beside 10,000 threads that contend for a lock can tip them over. Of eight short runs in
    turn the median was 12,500 messages/s without the second thread, 5,300 with one of normal
    priority and 27 with one of real-time priority.
    """

    def __init__(self, cpus: CpuSplit, loop: str = "open") -> None:
        self._cpus = cpus
        self._watch_server = loop == "open"
        self._loader: HiccupMeter
        self._server: HiccupMeter | None
        self.realtime: bool  # whether that priority is permitted

    def __enter__(self) -> Self:
        """Start both. Raises OSError where a thread cannot be started."""
        with ExitStack() as started:
            try:
                self._loader = started.enter_context(HiccupMeter(self._cpus.loader, realtime=True))
                self.realtime = True
            except PermissionError:
                self._loader = started.enter_context(HiccupMeter(self._cpus.loader))
                self.realtime = False
            self._server = None
            if self.realtime and self._watch_server:
                self._server = started.enter_context(
                    HiccupMeter(self._cpus.server, SERVER_INTERVAL_NS, realtime=True)
                )
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def columns(self) -> dict[str, float]:
        """Since the last call, by the columns of a window; NaN where it is not measured."""
        return _columns("hiccup", self._loader) | _columns("server_hiccup", self._server)


def _columns(name: str, meter: HiccupMeter | None) -> dict[str, float]:
    late = Histogram.from_buffer(meter.swap()) if meter else Histogram()
    summary = late.summary_ms()
    return {f"{name}_p99_ms": summary["p99"], f"{name}_max_ms": summary["max"]}
