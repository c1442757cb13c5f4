"""Several runs side by side: each server at each step, and how the runs differ."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reports import style, wording
from reports.data import Raw, as_csv
from reports.language import ENGLISH, _, later, speaking
from reports.measured import Measured, Point, Quantity, ReportError
from reports.page import environment
from reports.table import Cell, Column, Section, Table, cell
from results.store import read_run

MEASURES: Final = (
    (later("messages/s"), "messages_per_s", wording.PER_S),
    (later("p50 ms"), "response_p50_ms", wording.PLAIN),
    (later("p99 ms"), "response_p99_ms", wording.PLAIN),
    (later("resident"), "resident_bytes", wording.BYTES),
    (later("CPU µs/msg"), "cpu_us_per_message", wording.PLAIN),
)
_FACTS: Final = ("cpu_model", "cpus", "kernel", "memory_bytes")


@dataclass(frozen=True)
class Side:
    """A run, and what it is called here."""

    name: str
    measured: Measured


def build_comparison(directories: Sequence[Path], out: Path, language: str = ENGLISH) -> Path:
    """Write index.html, runs.md and runs.csv into `out`; the path of index.html.

    RunError where a run cannot be read, ReportError where there are fewer than two, one holds no
    step, they have no step in common, or `out` cannot be written, LanguageError where the language
    cannot be spoken.
    """
    with speaking(language):
        return _build(directories, out)


def _build(directories: Sequence[Path], out: Path) -> Path:
    sides = _sides(directories)
    compared = table(sides)
    if not compared.records:
        raise ReportError(_("the runs have no server, workload and step in common"))
    index = out / "index.html"
    page = environment().get_template("compare.html.j2")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "runs.md").write_text(compared.markdown(), encoding="utf-8")
        (out / "runs.csv").write_text(as_csv(compared.records), encoding="utf-8")
        index.write_text(
            page.render(
                table=compared,
                differences=differences(sides),
                sides=sides,
                css=style.css(),
                role_hues=style.ROLE_HUES,
            ),
            encoding="utf-8",
        )
    except OSError as error:
        raise ReportError(f"{error.filename or out} cannot be written: {error.strerror}") from error
    return index


def _sides(directories: Sequence[Path]) -> list[Side]:
    if len(directories) < 2:
        raise ReportError(_("name at least two runs to compare"))
    names = list(map(_name, directories))
    return [
        Side(
            name if names.count(name) == 1 else f"{name} ({number})",
            Measured(read_run(directory)),
        )
        for number, (name, directory) in enumerate(zip(names, directories, strict=True), start=1)
    ]


def _name(directory: Path) -> str:
    """What a run is called, in characters that a file can hold."""
    # Not Path.resolve, which raises RuntimeError for a loop of links.
    return os.fsencode(Path(os.path.realpath(directory)).name).decode(errors="replace")


def table(sides: Sequence[Side]) -> Table:
    """A row a server and step that all runs have; each measure of every run, and by the first's."""
    first = sides[0]
    common = [
        point
        for point in first.measured.points()
        if all(side.measured.usable(point) for side in sides)
    ]
    columns = [Column(_("server"), head=True), Column(_("clients"), head=True)]
    for title, *_rest in MEASURES:
        columns += [Column(side.name, _(title)) for side in sides]
        columns += [Column(f"{side.name} ÷ {first.name}", _(title)) for side in sides[1:]]
    workloads = [each for each in first.measured.workloads if _of(common, each.name)]
    return Table(
        "runs",
        _("Runs side by side"),
        _(
            "Every server and step that all of the runs measured. Absolute times of different "
            "machines, or of one at different times, say little: hold the ratios between the "
            "servers of one run against those of another."
        ),
        columns,
        [
            Section(
                workload.heading,
                [_cells(sides, point) for point in _of(common, workload.name)],
            )
            for workload in workloads
        ],
        [
            (symbol, f"{side.name}: {text}")
            for side in sides
            for symbol, text in side.measured.footnotes(common)
        ],
        [f"{side.name}: {side.measured.spread_note()}" for side in sides],
        [record for point in common for record in _records(sides, point)],
        pinned=True,
    )


def _of(points: Iterable[Point], workload: str) -> list[Point]:
    return [point for point in points if point.workload == workload]


def _cells(sides: Sequence[Side], point: Point) -> list[Cell]:
    cells = [
        Cell(point.server, point.server),
        Cell(wording.count(point.connections), point.connections),
    ]
    for _title, column, unit in MEASURES:
        values = _values(sides, point, column)
        cells += [cell(value, unit) for value in values]
        cells += [cell(value.by(values[0]), wording.RATIO) for value in values[1:]]
    return cells


def _values(sides: Sequence[Side], point: Point, column: str) -> list[Quantity]:
    return [side.measured.at(point, column) for side in sides]


def _records(sides: Sequence[Side], point: Point) -> Iterable[dict[str, Raw]]:
    for side in sides:
        record: dict[str, Raw] = {
            "run": side.name,
            "workload": point.workload,
            "server": point.server,
            "connections": point.connections,
        }
        for _title, column, _unit in MEASURES:
            value = side.measured.at(point, column)
            record[column] = value.value
            record[f"{column}_low"], record[f"{column}_high"] = value.low, value.high
        yield record


def differences(sides: Sequence[Side]) -> list[tuple[str, list[str]]]:
    """What the runs differ in, of machine, versions and plan: (what, its value in each)."""
    described = [_described(side.measured) for side in sides]
    names = dict.fromkeys(name for each in described for name in each)
    rows = [(name, [each.get(name, wording.MISSING) for each in described]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _described(measured: Measured) -> dict[str, str]:
    manifest = measured.manifest
    host, plan = manifest.get("host") or {}, manifest.get("plan") or {}
    return {
        **{_(name.replace("_", " ")): str(host.get(name)) for name in _FACTS},
        **{
            _("version of {name}", name=name): str(each)
            for name, each in manifest["versions"].items()
        },
        _("commit"): str(manifest.get("commit")),
        _("begun"): str(manifest.get("created_at")),
        _("repeats"): str(plan.get("repeats")),
        _("windows a step"): _(
            "{count} of {seconds} s", count=plan.get("windows"), seconds=plan.get("window_s")
        ),
    }
