"""Measuring a load: the warm-up, and the window with its series."""

from collections.abc import Callable
from typing import Final, NamedTuple

from c10k.experiment.cycle import Cycle, Slice
from c10k.experiment.warmup import WarmUp
from c10k.host.stops import Stops
from c10k.loadgen.fleet import Opened, Snapshot
from c10k.output.files import or_none

SERIES_S: Final = 1.0
WARMUP_LEAST_S: Final = 0.5
WARMUP_LIMIT_S: Final = 3.0


class Measurement(NamedTuple):
    """What a fleet measured, from its connections' opening to the last reply."""

    opened: Opened
    opening: Snapshot
    warmup: WarmUp
    before: Snapshot  # of the warm-up
    window: Snapshot
    drained: Snapshot  # the replies to what was under way when the window ended
    series: list[dict[str, float | None]]  # the figures of each second
    failed: int  # connections, when the window ended
    interrupted: bool
    stops: int  # of this process, as by Ctrl-Z, in the window


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
    with Stops() as stops:
        try:
            for part in cycle.window(seconds):
                series.append(_figures(part))  # its histogram would keep 0.2 MB
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
    return Measurement(
        *opening, warmup, before, window, drained, series, failed, interrupted, stops.count
    )


def _figures(part: Slice) -> dict[str, float | None]:
    responses = part.responses.summary_ms()
    return {
        "start_s": part.start_s,
        "seconds": part.seconds,
        "messages": part.responses.total,
        "messages_per_s": part.responses.total / part.seconds,
        **{
            f"response_{name}_ms": or_none(responses[name])
            for name in ("mean", "p50", "p99", "max")
        },
        "failed": part.failed,
    }
