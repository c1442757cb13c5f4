"""Freeze a server for a second of a ten-second window: response time tells, service time hides it.

`python -m benchmarks.stall PICTURE.png` loads an event loop in an open loop, stops it by SIGSTOP,
prints the percentiles of response time and service time beside those derived by hand, and draws
both spectra. docs/loader.md shows them.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from c10k.experiment.cycle import Cycle
from c10k.loadgen.fleet import Fleet, Snapshot
from c10k.loadgen.workload import Workload
from c10k.results import spectrum
from c10k.results.histogram import Histogram
from c10k.servers.catalogue import parse_spec

# Few messages in all, so that the server catches up at once; many per connection, since only one of
# them is under way when the server stops: service time shows that one alone.
CONNECTIONS = 10
RATE = 20.0  # messages/s per connection
WINDOW_S = 10.0
STALL_S = 1.0
BEFORE_S = 4.0
PERCENTILES = (50, 90, 95, 99)


def main() -> int:
    """The command; its exit status."""
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.stall PICTURE.png", file=sys.stderr)
        return 2
    snapshot, stalled_s = stalled_window()
    derived = [
        derived_ms(percentile, stalled_s / snapshot.seconds, stalled_s)
        for percentile in PERCENTILES
    ]
    print("ms         " + "".join(f"{f'p{percentile}':>10}" for percentile in PERCENTILES))
    print("derived    " + "".join(f"{value:>10.3f}" for value in derived))
    for kind in ("response", "service"):
        values = (
            Histogram.from_buffer(snapshot.counts[kind]).percentiles_ns(list(PERCENTILES)) / 1e6
        )
        print(f"{kind:<11}" + "".join(f"{value:>10.3f}" for value in values))
    draw(snapshot, Path(sys.argv[1]))
    return 0


def derived_ms(percentile: float, stalled_share: float, stalled_s: float) -> float:
    """The percentile by hand: a message that is due during the stall waits for the rest of it, so
    waits are spread evenly from 0 to the whole stall; all other waits count as 0."""
    above = 1 - (1 - percentile / 100) / stalled_share
    return max(above, 0.0) * stalled_s * 1e3


def stalled_window() -> tuple[Snapshot, float]:
    """A window with a stall in it, and how long the stall was."""
    spec = parse_spec("asyncio_streams")
    workload = Workload("stall", rate_per_connection=RATE)
    spans = []
    with (
        tempfile.TemporaryDirectory() as directory,
        spec.process(log=Path(directory, "log")) as server,
        Fleet((server.host, server.port), workload) as fleet,
    ):

        def stall() -> None:
            os.kill(server.pid, signal.SIGSTOP)
            began = time.monotonic()
            time.sleep(STALL_S)
            spans.append(time.monotonic() - began)
            os.kill(server.pid, signal.SIGCONT)

        cycle = Cycle(fleet, slice_s=WINDOW_S)
        cycle.open(CONNECTIONS, timeout_s=30)
        cycle.warm_up(1, 3)
        fleet.snapshot()
        timer = threading.Timer(BEFORE_S, stall)
        timer.start()
        list(cycle.window(WINDOW_S))
        snapshot = fleet.snapshot()
        timer.join()
    return snapshot, spans[0]


def draw(snapshot: Snapshot, path: Path) -> None:
    """Both spectra on one axis of percentiles, as HdrHistogram's plotter has it."""
    import matplotlib.pyplot as plt

    from c10k.reports import style

    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(figsize=(style.WIDTH / 72 * 1.6, style.HEIGHT / 72 * 1.2))
        for kind, hue, beside in (
            ("response", "vermilion", (13, 150)),
            ("service", "blue", (50, 0.4)),
        ):
            levels = list(spectrum.levels(Histogram.from_buffer(snapshot.counts[kind])))[:-1]
            beyond = np.array([1 / (1 - level.percentile / 100) for level in levels])
            values_ms = np.array([level.value_ns for level in levels]) / 1e6
            colour = style.COLOURS[hue][0]
            axes.plot(beyond, values_ms, color=colour)
            axes.annotate(f"{kind} time", beside, color=colour)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(1, 1_000)
        decades = range(4)
        axes.set_xticks([10**decade for decade in decades], ["0%", "90%", "99%", "99.9%"])
        axes.set_xlabel("percentile")
        scale = (0.1, 1, 10, 100, 1000)
        axes.set_yticks(scale, [f"{value:g} ms" for value in scale])
        axes.set_title(
            f"A server frozen for {STALL_S:.0f} s of {WINDOW_S:.0f} s, as its clients felt it",
            loc="left",
            fontsize=style.FONT + 1,
            color=style.INK,
        )
        figure.tight_layout()
        figure.savefig(path, dpi=style.PNG_DPI)


if __name__ == "__main__":
    sys.exit(main())
