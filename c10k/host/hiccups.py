"""The host's hiccups during a trial: how late a thread wakes, on the loader's and server's CPUs."""

from contextlib import ExitStack
from typing import Final, Self

from c10k.host.cpus import CpuSplit
from c10k.loadgen.hiccups import HiccupMeter
from c10k.results.histogram import Histogram

# A wake-up every 1 ms would keep an idle server's CPU awake: 0.62 ms at the median instead of 0.68
# (10 connections, paced). One every 10 ms sees all pauses of 10 ms and more, and a part of the
# shorter ones.
SERVER_INTERVAL_NS: Final = 10_000_000


class Hiccups:
    """Measures how late two idle threads wake, one on the loader's CPUs, one on the server's.

    Both have real-time priority (SCHED_FIFO, the lowest), or they would also wait for the busy
    threads beside them: their p99 beside a saturated server is 6.8 ms without it and 0.09 ms with
    it. Where that is not permitted, the server's CPUs are not measured, and the loader's figures
    include waits for the loader.

    In a closed loop, which saturates its server, the server's CPUs are not measured either: a
    wake-up beside 10,000 threads that contend for a lock can slow all of them. The median of eight
    short runs in turn was 12,500 messages/s without the second thread, 5,300 with one of normal
    priority and 27 with one of real-time priority. Nor are the CPUs of another host.
    """

    def __init__(self, cpus: CpuSplit, loop: str = "open") -> None:
        self._cpus = cpus
        self._measure_server = loop == "open" and not cpus.apart
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
            if self.realtime and self._measure_server:
                self._server = started.enter_context(
                    HiccupMeter(self._cpus.server, SERVER_INTERVAL_NS, realtime=True)
                )
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def columns(self) -> dict[str, float]:
        """The hiccups since the last call, by the columns of a window; NaN where not measured."""
        return _columns("hiccup", self._loader) | _columns("server_hiccup", self._server)


def _columns(name: str, meter: HiccupMeter | None) -> dict[str, float]:
    late = Histogram.from_buffer(meter.swap()) if meter else Histogram()
    summary = late.summary_ms()
    return {f"{name}_p99_ms": summary["p99"], f"{name}_max_ms": summary["max"]}
