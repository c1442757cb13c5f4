"""Measuring a load: the loader ceiling, and the window with its series."""

import os
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Final, NamedTuple

from c10k.experiment.cycle import Cycle, Slice
from c10k.experiment.loader_ceiling import bare_server, driven
from c10k.experiment.warmup import WarmUp
from c10k.loadgen.address import Address
from c10k.loadgen.fleet import Fleet, Opened, Snapshot
from c10k.servers.process import ServerStartError

OPEN_TIMEOUT_S: Final = 120.0
SERIES_S: Final = 1.0
WARMUP_LEAST_S: Final = 0.5
WARMUP_LIMIT_S: Final = 3.0
CEILING_S: Final = 0.4


class Measurement(NamedTuple):
    """What a fleet measured, from its connections' opening to the last reply."""

    opened: Opened
    opening: Snapshot
    warmup: WarmUp
    before: Snapshot  # of the warm-up
    window: Snapshot
    drained: Snapshot  # the replies to what was under way when the window ended
    series: list[Slice]
    failed: int  # connections, when the window ended
    interrupted: bool


def measure(
    cycle: Cycle,
    opening: tuple[Opened, Snapshot],
    seconds: float,
    warmup_limit_s: float | None,
    on_slice: Callable[[Slice], None],
) -> Measurement:
    """Measure for so long what was opened, after a warm-up; `on_slice` is called every second.

    Without a limit the warm-up is no longer than the window. Ctrl-C ends the window early, and what
    it measured is kept.
    """
    fleet = cycle.fleet
    limit_s = min(WARMUP_LIMIT_S, seconds) if warmup_limit_s is None else warmup_limit_s
    warmup = cycle.warm_up(min(WARMUP_LEAST_S, limit_s), limit_s)
    before = fleet.snapshot()
    series = []
    interrupted = False
    try:
        for part in cycle.window(seconds):
            series.append(part)
            on_slice(part)
    except KeyboardInterrupt:
        interrupted = True
    fleet.stop()
    window, failed = fleet.snapshot(), fleet.progress().failed
    try:
        drained = cycle.drain()
    except KeyboardInterrupt:
        interrupted = True
        drained = fleet.snapshot()
    return Measurement(*opening, warmup, before, window, drained, series, failed, interrupted)


def ceiling_per_s(
    fleet_to: Callable[[Address], Fleet],
    connections: int,
    threads: int,
    cpus: Sequence[int] | None,
    on_progress: Callable[[Cycle], None],
) -> tuple[float, str]:
    """The loader ceiling in messages/s; NaN and the reason where it cannot be measured.

    The bare echo server has as many threads as the loader, so that it is no bottleneck itself.
    """
    try:
        with (
            bare_server(Path(os.devnull), cpus, threads) as server,
            fleet_to(Address.resolve(server.host, server.port)) as fleet,
        ):
            row = driven(fleet, connections, CEILING_S, on_progress)
    except (ServerStartError, OSError, MemoryError) as error:
        return nan, str(error).split("\n", 1)[0]
    return (nan, row["reason"]) if row["reason"] else (row["messages_per_s"], "")
