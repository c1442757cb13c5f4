"""Several runs side by side: each server at each step, and how the runs differ."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c10k.reports import output, style, summary, wording
from c10k.reports.contrast import APART_MS, Contrast, Subject
from c10k.reports.data import Raw, as_csv
from c10k.reports.language import ENGLISH, N_, _, use_locale
from c10k.reports.measured import Measured, Point, Quantity, ReportError, why_apart
from c10k.reports.page import environment
from c10k.reports.table import Cell, Column, Section, Table, cell
from c10k.results.store import read_run

MEASURES: Final = {
    "messages_per_s": Subject(N_("messages/s"), wording.PER_S, higher_is_better=True),
    "response_p50_ms": Subject(N_("p50 ms"), wording.PLAIN, apart=APART_MS),
    "response_p99_ms": Subject(N_("p99 ms"), wording.PLAIN, apart=APART_MS),
    "resident_bytes": Subject(N_("resident"), wording.BYTES),
    "cpu_us_per_message": Subject(N_("CPU µs/msg"), wording.PLAIN),
}
_FACTS: Final = ("cpu_model", "cpus", "kernel", "memory_bytes")


@dataclass(frozen=True)
class Side:
    """A run, and what it is called here."""

    name: str
    measured: Measured


def build_comparison(directories: Sequence[Path], out: Path, language: str = ENGLISH) -> Path:
    """Write index.html, runs.md and runs.csv into `out`; the path of index.html.

    As `read_sides` and `write`; LanguageError where the language cannot be spoken.
    """
    with use_locale(language):
        return write(read_sides(directories), out)


def read_sides(directories: Sequence[Path]) -> list[Side]:
    """The runs, each called by as much of the end of its path as tells it from the others.

    RunError where one cannot be read, ReportError where there are fewer than two or one holds no
    step.
    """
    if len(directories) < 2:
        raise ReportError(_("name at least two runs to compare"))
    return [
        Side(name, Measured(read_run(directory)))
        for name, directory in zip(_names(directories), directories, strict=True)
    ]


def write(sides: Sequence[Side], out: Path) -> Path:
    """Write index.html, runs.md and runs.csv into `out`; the path of index.html.

    ReportError where they have no step in common, or `out` cannot be written.
    """
    compared = table(sides)
    if not compared.records:
        raise ReportError(_("the runs have no server, workload and step in common"))
    index = out / "index.html"
    page = environment().get_template("compare.html.j2")
    output.write(
        out,
        [
            (out / "runs.md", compared.markdown()),
            (out / "runs.csv", as_csv(compared.records)),
            (
                index,
                page.render(
                    table=compared,
                    differences=differences(sides),
                    sides=sides,
                    css=style.css(),
                    role_hues=style.ROLE_HUES,
                ),
            ),
        ],
    )
    return index


def _names(directories: Sequence[Path]) -> list[str]:
    """What the runs are called, in characters that a file can hold; one that is named twice has a
    number too.
    """
    # Not Path.resolve, which raises RuntimeError for a loop of links.
    paths = [Path(os.path.realpath(directory)).parts for directory in directories]
    ends = {path: next(_ends(path, [each for each in paths if each != path])) for path in paths}
    return [
        ends[path] if paths.count(path) == 1 else f"{ends[path]} ({number})"
        for number, path in enumerate(paths, start=1)
    ]


def _ends(path: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The ends of a path that none of the others has, the shortest first."""
    for length in range(1, len(path) + 1):
        end = path[-length:]
        if all(other[-length:] != end for other in others):
            yield os.fsencode(Path(*end)).decode(errors="replace")


def table(sides: Sequence[Side]) -> Table:
    """A row a server and step that all runs have; each measure of every run, and by the first's."""
    first = sides[0]
    common = _common(sides)
    columns = [Column(_("server"), head=True), Column(_("clients"), head=True)]
    for subject in MEASURES.values():
        columns += [Column(side.name, _(subject.noun)) for side in sides]
        columns += [Column(f"{side.name} ÷ {first.name}", _(subject.noun)) for side in sides[1:]]
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
    for column, subject in MEASURES.items():
        cells += [cell(side.measured.at(point, column), subject.unit) for side in sides]
        contrasts = (_contrast(sides[0], side, point, column) for side in sides[1:])
        cells += [cell(contrast.ratio, wording.RATIO) for contrast in contrasts]
    return cells


def _common(sides: Sequence[Side]) -> list[Point]:
    """The steps that all of the runs measured."""
    return [
        point
        for point in sides[0].measured.points()
        if all(side.measured.usable(point) for side in sides)
    ]


def _contrast(first: Side, side: Side, point: Point, column: str) -> Contrast:
    """A run by the first one."""
    values = tuple(each.measured.at(point, column) for each in (side, first))
    spoken = ((each.name, *each.measured.spoken(point)) for each in (side, first))
    if apart := why_apart(*spoken):
        return Contrast(MEASURES[column], values, Quantity(unjudged=(apart,)))
    one, other = (each.measured.deciding(point, column) for each in (side, first))
    return Contrast(MEASURES[column], values, one.by(other))


def verdicts(sides: Sequence[Side], width: int | None = None) -> Iterable[str]:
    """For a terminal of this width: where the runs differ clearly from the first, by the rules of
    the page.
    """
    first, *others = sides
    for side in others:
        compared = [
            (point, _contrast(first, side, point, column))
            for point in _common(sides)
            for column in MEASURES
        ]
        clear = [each for each in compared if each[1].larger is not None]
        heads = [_("workload"), _("server"), _("clients"), _("measure"), first.name, side.name, ""]
        rows = [_row(point, contrast) for point, contrast in clear]
        if rows:
            yield from summary.drawn([heads, *rows], width, long=1)
            yield ""
        decided = sum(contrast.decided for _point, contrast in compared)
        told = _(
            "{run} against {first}: of {all} comparisons {clear} differ clearly, and {even} do not",
            run=side.name,
            first=first.name,
            all=wording.count(len(compared)),
            clear=wording.count(len(clear)),
            even=wording.count(decided - len(clear)),
        )
        reasons = dict.fromkeys(each.unjudged for _point, each in compared if each.unjudged)
        if reasons:
            why = "; ".join(reasons)
            count = sum(bool(contrast.unjudged) for _point, contrast in compared)
            told += _("; {count} not judged: {why}", count=wording.count(count), why=why)
        yield from summary.wrapped([f"{told}."], width)


def _row(point: Point, contrast: Contrast) -> list[str]:
    """A clear difference: both values, by how much, and whether that is better."""
    now, before = contrast.values
    unit = contrast.subject.unit
    return [
        point.workload,
        point.server,
        wording.count(point.connections),
        _(contrast.subject.noun),
        unit.text(before.value),
        unit.text(now.value),
        _("{ratio}, better", ratio=wording.ratio(contrast.ratio.value))
        if contrast.better == 0
        else _("{ratio}, worse", ratio=wording.ratio(contrast.ratio.value)),
    ]


def _records(sides: Sequence[Side], point: Point) -> Iterable[dict[str, Raw]]:
    for side in sides:
        record: dict[str, Raw] = {
            "run": side.name,
            "workload": point.workload,
            "server": point.server,
            "connections": point.connections,
        }
        for column in MEASURES:
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
    host, profile = manifest["host"], manifest["plan"].get("profile", {})
    return {
        **{_(name.replace("_", " ")): str(host.get(name)) for name in _FACTS},
        **{
            _("version of {name}", name=name): str(each)
            for name, each in manifest["versions"].items()
        },
        _("commit"): str(manifest["commit"]),
        _("begun"): str(manifest["created_at"]),
        _("repeats"): str(profile.get("repeats")),
        _("windows a step"): _(
            "{count} of {seconds} s", count=profile.get("windows"), seconds=profile.get("window-s")
        ),
    }
