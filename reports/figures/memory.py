"""Memory against clients, resident and virtual."""

from collections.abc import Iterator

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.figures.axes import bytes_tick, log_axis, round_sizes
from c10k.reports.figures.canvas import (
    Picture,
    canvas,
    claimed,
    clients_axis,
    described,
    ends,
    finished,
    series,
)
from c10k.reports.language import _
from c10k.reports.measured import Measured


def memory(measured: Measured) -> Iterator[Picture]:
    """Resident and virtual memory on the same scale, under the most relaxed workload."""
    workload = measured.workload("open") or measured.workloads[0]
    kinds = {
        "resident": ("resident_bytes", _("Resident memory"), _("what the server occupies")),
        "virtual": ("vms_bytes", _("Virtual memory"), _("what the server reserves")),
    }
    stated = claimed(measured, claims.MEMORY)
    every = {kind: series(measured, workload, column) for kind, (column, *_words) in kinds.items()}
    spanned = ends([*stated, *(line for lines in every.values() for line in lines)])
    for kind, (column, title, meaning) in kinds.items():
        if not every[kind]:
            continue
        lines = [*stated, *every[kind]]
        figure, axes = canvas(
            f"{title}, {workload.name}",
            _("{meaning}; dashed: the chapter", meaning=meaning),
            (line.label for line in lines),
        )
        clients_axis(axes, lines)
        log_axis(axes, spanned, bytes_tick, round_sizes)
        yield finished(
            f"memory-{kind}",
            figure,
            axes,
            lines,
            described(
                measured,
                workload,
                column,
                title,
                wording.BYTES,
                claims.MEMORY,
            ),
        )
