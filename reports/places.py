"""A place for each step: all that was recorded of it, and how to repeat it alone."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from c10k.reports import wording
from c10k.reports.language import local_number
from c10k.reports.measured import Measured, Point, causes, unanswered
from c10k.results.schema import KEY, STEPS, ColumnSpec

if TYPE_CHECKING:
    import pandas as pd

_MOST_POINTS: Final = 60  # of a sparkline
# Not among the figures.
_TOLD_APART: Final = {"status", "reason", "log_tail", "error_causes", "due", "lost"}
_SPARKS: Final = {
    "messages_per_s": wording.count,
    "rss_bytes": wording.size,
    "threads": wording.count,
}


@dataclass(frozen=True)
class Spark:
    """A line of a few hundred samples at most, in a box of 100 by 20; its column and extremes."""

    column: str
    points: str
    least: str
    most: str


@dataclass(frozen=True)
class Recorded:
    """What one repeat recorded: its status and why, errors by cause, the server's last words."""

    repeat: int
    status: str
    reason: str
    causes: Mapping[str, int]
    log_tail: str


@dataclass(frozen=True)
class Place:
    """A step's place on the page."""

    point: Point
    anchor: str
    symbols: str
    command: str
    unanswered: str  # how many of the due messages were lost
    figures: list[tuple[str, str]]  # column, value with its interval
    repeats: list[Recorded]
    sparks: list[Spark]


def places(measured: Measured) -> list[Place]:
    """Every step, in the order of the plan; those of the map last."""
    samples = dict(list(measured.run.samples.groupby(["server", "workload", "connections"])))
    return [
        Place(
            point,
            f"step-{index}",
            measured.at(point, "connected").symbols,
            command(measured, point),
            unanswered(measured.rows(point)),
            list(_figures(measured, point)),
            [
                Recorded(row["repeat"], row["status"], row["reason"], causes(row), row["log_tail"])
                for row in measured.rows(point)
            ],
            list(_sparks(samples.get((point.server, point.workload, point.connections)))),
        )
        for index, point in enumerate(measured.points(mapped=True), start=1)
    ]


def meanings() -> list[tuple[str, str]]:
    """(column, meaning) of the figures of a place."""
    return [(name, column.meaning) for name, column in _columns().items()]


def command(measured: Measured, point: Point) -> str:
    """What repeats a step alone, as a shell takes it."""
    manifest = measured.manifest
    profile = manifest["plan"].get("profile", {})
    servers = {each.get("label"): each for each in manifest["servers"]}
    definition = servers.get(point.server, {}).get("definition")
    words = ["c10k", "run"]
    words += ["--command", definition] if definition else ["--server", point.server]
    workloads = {each.get("name"): each for each in manifest["workloads"]}
    load = workloads.get(point.workload, {})
    words += load.get("arguments") or ["--workload", point.workload]
    words += ["--steps", str(point.connections), "--repeat", "1"]
    if profile.get("name"):
        words += ["--profile", profile["name"]]
    if profile.get("windows") and profile.get("window-s"):
        words += ["--duration", f"{profile['windows'] * profile['window-s']:g}s"]
    return shlex.join(map(str, words))


def _columns() -> dict[str, ColumnSpec]:
    return {
        name: column
        for name, column in STEPS.items()
        if name not in KEY and name not in _TOLD_APART
    }


def _figures(measured: Measured, point: Point) -> Iterable[tuple[str, str]]:
    for name, column in _columns().items():
        if column.dtype in ("float64", "int64"):
            value = measured.at(point, name)
            if value.known:
                spread = ""
                if value.low == value.low and value.low != value.high:
                    spread = f" [{_exact(value.low)}–{_exact(value.high)}]"
                yield name, f"{_exact(value.value)}{spread}"
        else:
            told = {str(row[name]) for row in measured.rows(point)}
            yield name, ", ".join(sorted(filter(None, told))) or wording.MISSING


def _exact(value: float) -> str:
    """Six significant digits: to compute with rather than to read."""
    whole = value == int(value) and abs(value) < 1e15
    return local_number(f"{value:,.0f}" if whole else f"{value:,.6g}")


def _sparks(samples: "pd.DataFrame | None") -> Iterable[Spark]:
    if samples is None:
        return
    samples = samples[samples["repeat"] == samples["repeat"].min()]
    for column, text in _SPARKS.items():
        values: list[float] = samples[column].dropna().tolist()
        if len(values) > 1:
            least, most = min(values), max(values)
            span = most - least or 1
            drawn = values[:: max(1, len(values) // _MOST_POINTS)]
            points = " ".join(
                f"{100 * index / (len(drawn) - 1):.1f},{19 - 18 * (value - least) / span:.1f}"
                for index, value in enumerate(drawn)
            )
            yield Spark(column, points, text(least), text(most))
