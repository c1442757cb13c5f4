"""Memory against clients, resident and virtual."""

from collections.abc import Iterator

from reports import wording
from reports.chapter import claims
from reports.figures.canvas import (
    Picture,
    bytes_tick,
    canvas,
    claimed,
    clients_axis,
    described,
    finished,
    log_axis,
    round_sizes,
    series,
)
from reports.measured import Measured


def memory(measured: Measured) -> Iterator[Picture]:
    """Resident and virtual memory on the same scale, under the most relaxed workload."""
    workload = measured.workload("open") or measured.workloads[0]
    kinds = {
        "resident": ("resident_bytes", "what the server occupies"),
        "virtual": ("vms_bytes", "what the server reserves"),
    }
    stated = claimed(measured, claims.MEMORY)
    every = {kind: series(measured, workload, column) for kind, (column, _) in kinds.items()}
    for kind, (column, meaning) in kinds.items():
        if not every[kind]:
            continue
        lines = [*stated, *every[kind]]
        figure, axes = canvas(
            f"{kind.capitalize()} memory, {workload.name}",
            f"{meaning}; dashed: the chapter",
            (line.label for line in lines),
        )
        clients_axis(axes, lines)
        log_axis(axes, [*stated, *(line for some in every.values() for line in some)], None)
        axes.set_yticks(round_sizes(*axes.get_ylim()))
        axes.yaxis.set_major_formatter(lambda value, _: bytes_tick(value))
        yield finished(
            f"memory-{kind}",
            figure,
            axes,
            lines,
            described(
                measured,
                workload,
                column,
                f"{kind.capitalize()} memory",
                wording.BYTES,
                claims.MEMORY,
            ),
        )
