"""Step details: all that was recorded of each step, how to repeat it alone, and what went wrong."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from c10k.reports.language import _, local_number
from c10k.reports.model import flags
from c10k.reports.model.measured import Measured, Point, Row
from c10k.reports.model.quantity import Flag, Quantity
from c10k.results.schema import KEY, LATENCIES, STEPS, ColumnSpec

# These stand beside the table of the columns, not in it.
_IN_WORDS: Final = {"status", "reason", "log_tail", "error_causes"}


@dataclass(frozen=True)
class Step:
    """A step: its id on the page, how it came to each of its flags, and all that is no figure."""

    id: str
    connections: int
    flags: Mapping[Flag, str]
    command: str
    unanswered: str  # how many of the due messages were lost
    troubled: Sequence[Row]  # repeats that are not ok, or had errors


@dataclass(frozen=True)
class Ramp:
    """The steps of a server under a workload, and each column that was recorded: its name, and its
    value with its interval at every step.
    """

    title: str
    id: str
    steps: Sequence[Step]
    columns: Sequence[tuple[str, Sequence[tuple[str, str]]]]


def ramps(measured: Measured) -> list[Ramp]:
    """All steps, in the order of the plan; those of the map last."""
    grouped: dict[tuple[str, str], list[Point]] = {}
    for point in measured.points(mapped=True):
        grouped.setdefault((point.server, point.workload), []).append(point)
    return [
        Ramp(
            ", ".join(key),
            f"ramp-{number}",
            [_step(measured, point, f"step-{number}-{point.connections}") for point in points],
            list(_columns(measured, points)),
        )
        for number, (key, points) in enumerate(grouped.items(), start=1)
    ]


def _step(measured: Measured, point: Point, name: str) -> Step:
    rows = measured.rows(point)
    return Step(
        name,
        point.connections,
        {flag: flags.detail(rows, flag) for flag in measured.flags(point)},
        command(measured, point),
        flags.unanswered(rows),
        [row for row in rows if row["status"] != "ok" or flags.causes(row)],
    )


def flagged(ramps: Sequence[Ramp]) -> dict[Flag, dict[str, list[Step]]]:
    """The steps that bear each flag, by the title of their ramp."""
    bearing = {
        flag: {ramp.title: [step for step in ramp.steps if flag in step.flags] for ramp in ramps}
        for flag in Flag
    }
    return {flag: places for flag, places in bearing.items() if any(places.values())}


def glossary() -> list[tuple[str, str]]:
    """(column, meaning) of what is recorded of a step; a latency's mean and percentiles are one."""
    found = {}
    for name, column in _recorded().items():
        kind = next((kind for kind in LATENCIES if name.startswith(f"{kind}_")), "")
        found[f"{kind}_…_ms" if kind else name] = _(LATENCIES.get(kind, column.meaning))
    return list(found.items())


def command(measured: Measured, point: Point) -> str:
    """What repeats a step alone, as a shell takes it."""
    about, profile = measured.about, measured.about.plan.profile
    definitions = {each.label: each.definition for each in about.servers}
    definition = definitions.get(point.server)
    workloads = {each.name: each.arguments for each in about.workloads}
    words = [
        *("c10k", "run"),
        *(("--command", definition) if definition else ("--server", point.server)),
        *(workloads.get(point.workload) or ("--workload", point.workload)),
        *("--steps", str(point.connections), "--repeat", "1"),
        *(("--profile", profile.name) if profile.name else ()),
        *(("--duration", f"{profile.windows * profile.window_s:g}s") if profile.window_s else ()),
    ]
    return shlex.join(words)


def _recorded() -> dict[str, ColumnSpec]:
    return {
        name: column for name, column in STEPS.items() if name not in KEY and name not in _IN_WORDS
    }


def _columns(
    measured: Measured, points: Sequence[Point]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for name, column in _recorded().items():
        if column.dtype in ("float64", "int64"):
            values = [_exact(measured.recorded(point, name)) for point in points]
        else:
            texts = ({str(row[name]) for row in measured.rows(point)} for point in points)
            values = [(", ".join(sorted(filter(None, each))), "") for each in texts]
        if any(value for value, _interval in values):
            yield name, values


def _exact(quantity: Quantity) -> tuple[str, str]:
    """A value and its interval: to compute with rather than to read."""
    if not quantity.known:
        return "", ""
    interval = ""
    if quantity.ranged and quantity.low != quantity.high:
        interval = f"{_digits(quantity.low, 4)}–{_digits(quantity.high, 4)}"
    return _digits(quantity.value, 6), interval


def _digits(value: float, significant: int) -> str:
    whole = abs(value) < 1e15 and (value == int(value) or abs(value) >= 10**significant)
    return local_number(f"{value:,.0f}" if whole else f"{value:,.{significant}g}")
