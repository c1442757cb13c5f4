"""The pictures of a run. Each is drawn once and given out as SVG (file and page) and PNG."""

import warnings
from collections.abc import Callable, Iterator

import matplotlib as mpl

from c10k.reports import fonts, style
from c10k.reports.figures.canvas import Picture
from c10k.reports.figures.capacity_map import capacity_map
from c10k.reports.figures.cost import cpu, efficiency, throughput
from c10k.reports.figures.memory import memory
from c10k.reports.figures.over_time import over_time
from c10k.reports.figures.percentiles import percentiles
from c10k.reports.figures.response import as_chapter, on_log_axes
from c10k.reports.figures.telemetry import telemetry
from c10k.reports.figures.time import time
from c10k.reports.measured import Measured, MeasuredWorkload

__all__ = ["Picture", "pictures"]

# What the fonts lack is drawn as a box; the page tells it in the reader's own fonts.
_UNKNOWN_LETTERS = "(?s)(Glyph .* missing|Matplotlib currently does not support)"


def pictures(measured: Measured) -> list[Picture]:
    """Every picture that the run has data for, in the order of the page."""
    with mpl.rc_context({**style.RC, "font.family": fonts.families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _UNKNOWN_LETTERS, UserWarning)
        drawn = [_each(measured, draw) for draw in (as_chapter, on_log_axes)]
        drawn += [memory(measured), capacity_map(measured)]
        drawn += [
            _each(measured, draw)
            for draw in (
                cpu,
                efficiency,
                throughput,
                time,
                percentiles,
                over_time,
                telemetry,
            )
        ]
        return [picture for pictures in drawn for picture in pictures]


def _each(
    measured: Measured, draw: Callable[[Measured, MeasuredWorkload], Iterator[Picture]]
) -> Iterator[Picture]:
    for workload in measured.workloads:
        yield from draw(measured, workload)
