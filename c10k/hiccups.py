"""The host's own hiccups during a visit, on the loader's CPUs and on the server's."""

from contextlib import ExitStack
from typing import Final, Self

from c10k.cpus import CpuSplit
from loadgen.hiccups import HiccupMeter
from results.histogram import Histogram

# Beside a server that spins, a wake-up every 1 ms would cost it 1.5 % of its CPU, and one that
# mostly sleeps would find its CPU awake already: 0.62 ms at the median instead of 0.68 (10
# connections, steady). This costs 0.3 %. Pauses of 10 ms and more are all
# seen, of the shorter ones a part. Not cleared yet: 10,000 saturated threads, unstable as they are,
# fell below 1,000 messages/s in 7 of 15 short runs with this meter, and in none of 7 without.
SERVER_INTERVAL_NS: Final = 10_000_000


class Hiccups:
    """How late threads wake that have nothing else to do, one on the CPUs of each side.

    Both have real-time priority (SCHED_FIFO, the lowest), or they would also wait for the busy
    threads beside them: 6.8 ms at the p99 beside a saturated server, 0.09 ms with it. Where that
    is not permitted, the server's CPUs are not watched, and the figures of the loader's include
    waits behind the loader.
    """

    def __init__(self, cpus: CpuSplit) -> None:
        self._cpus = cpus
        self._loader: HiccupMeter
        self._server: HiccupMeter | None = None

    def __enter__(self) -> Self:
        """Start both. Raises OSError where a thread cannot be started."""
        with ExitStack() as started:
            try:
                meter = HiccupMeter(self._cpus.server, SERVER_INTERVAL_NS, realtime=True)
                self._server = started.enter_context(meter)
            except PermissionError:
                self._server = None
            self._loader = started.enter_context(
                HiccupMeter(self._cpus.loader, realtime=self._server is not None)
            )
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    @property
    def on_server(self) -> bool:
        """Whether the server's CPUs are watched."""
        return self._server is not None

    def columns(self) -> dict[str, float]:
        """Since the last call, by the columns of a window; NaN where it is not measured."""
        return _columns("hiccup", self._loader) | _columns("server_hiccup", self._server)


def _columns(name: str, meter: HiccupMeter | None) -> dict[str, float]:
    late = Histogram.from_buffer(meter.swap()) if meter else Histogram()
    summary = late.summary_ms()
    return {f"{name}_p99_ms": summary["p99"], f"{name}_max_ms": summary["max"]}
