"""Freeze a server for a second of a ten-second window: response time tells, service time hides it.

`python -m benchmarks.stall PICTURE.png` loads an event loop in an open loop, stops it by SIGSTOP,
prints the percentiles of response time and service time beside those derived by hand, and draws
both spectra. docs/loader.md shows them.
"""

import os
import signal
import sys
import tempfile
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
HEIGHT, INCH = 210, 72  # points


def main() -> int:
    """The command; its exit status."""
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.stall PICTURE.png", file=sys.stderr)
        return 2
    snapshot, stalled_s = stalled_window()
    responses, services = (
        Histogram.from_buffer(snapshot.counts[kind]) for kind in ("response", "service")
    )
    # A message that is due during the stall waits for the rest of it, so waits are spread evenly
    # from 0 to the whole stall; all other waits count as 0.
    shares = [
        1 - (1 - percentile / 100) * snapshot.seconds / stalled_s for percentile in PERCENTILES
    ]
    rows = {
        "derived": [max(share, 0.0) * stalled_s * 1e3 for share in shares],
        "response": responses.percentiles_ns(PERCENTILES) / 1e6,
        "service": services.percentiles_ns(PERCENTILES) / 1e6,
    }
    print("ms         " + "".join(f"{f'p{percentile}':>10}" for percentile in PERCENTILES))
    for name, values in rows.items():
        print(f"{name:<11}" + "".join(f"{value:>10.3f}" for value in values))
    draw(responses, services, Path(sys.argv[1]))
    return 0


def stalled_window() -> tuple[Snapshot, float]:
    """A window with a stall in it, and how long the stall was."""
    workload = Workload("stall", rate_per_connection=RATE)
    with (
        tempfile.TemporaryDirectory() as directory,
        parse_spec("asyncio_streams").process(log=Path(directory, "log")) as server,
        Fleet((server.host, server.port), workload) as fleet,
    ):
        cycle = Cycle(fleet, slice_s=BEFORE_S)
        cycle.open(CONNECTIONS, timeout_s=30)
        cycle.warm_up(1, 3)
        fleet.snapshot()
        slices = cycle.window(WINDOW_S)
        next(slices)
        os.kill(server.pid, signal.SIGSTOP)
        began = time.monotonic()
        time.sleep(STALL_S)
        stalled_s = time.monotonic() - began
        os.kill(server.pid, signal.SIGCONT)
        list(slices)
        return fleet.snapshot(), stalled_s


def draw(responses: Histogram, services: Histogram, path: Path) -> None:
    """Both spectra on one axis of percentiles, as HdrHistogram's plotter has it."""
    import matplotlib.pyplot as plt

    from c10k.reports import style

    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(figsize=(style.WIDTH * 1.6 / INCH, HEIGHT / INCH))
        for name, values, hue, beside in (
            ("response time", responses, "vermilion", (13, 150)),
            ("service time", services, "blue", (50, 0.4)),
        ):
            levels = list(spectrum.levels(values))[:-1]
            beyond = np.array([1 / (1 - level.percentile / 100) for level in levels])
            values_ms = np.array([level.value_ns for level in levels]) / 1e6
            colour = style.COLOURS[hue][0]
            axes.plot(beyond, values_ms, color=colour)
            axes.annotate(name, beside, color=colour)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(1, 1_000)
        axes.set_xticks([1, 10, 100, 1000], ["0%", "90%", "99%", "99.9%"])
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
