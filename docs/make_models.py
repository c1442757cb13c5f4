"""Write what the servers cost into the pages of docs/models, and into figures.csv there.

c10k run --config docs/models/experiment.toml --out build/models
python docs/make_models.py build/models

With several directories of runs, each server's figures are those of the last run that has it.
"""

import csv
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from page_parts import command as command_of_run
from page_parts import day, machine, rewrite, table, wrapped

from c10k.reports import wording
from c10k.reports.model.measured import Measured, Point
from c10k.reports.model.quantity import UNFIT, Flag, Quantity
from c10k.reports.model.servers import MeasuredServer
from c10k.results.manifest import PlannedServerExcerpt
from c10k.results.published import CONFIRMED_WITHIN
from c10k.results.store import read_run
from c10k.servers.catalogue import CATALOGUE

MODELS = Path(__file__).parent / "models"
SCRIPT = "make_models.py"
MEMORY = "resident_bytes_per_connection"
COLUMNS = {
    "messages/s": ("messages_per_s", wording.rate),
    "p50, ms": ("response_p50_ms", wording.number),
    "p99, ms": ("response_p99_ms", wording.number),
    "CPU per message, µs": ("cpu_us_per_message", wording.number),
}
INDEX = {  # the columns of the index after memory, by whether the loop is closed
    "open": ("p50, ms", "p99, ms", "CPU per message, µs"),
    "closed": ("messages/s", "p99, ms"),
}
TITLES = {
    "echo": "Servers that echo 64 bytes",
    "websocket": "Servers of WebSocket that echo 64 bytes",
    "web": "Web servers that send a file of 64 bytes",
    "applications": "HTTP servers that run a Python application of 64 bytes",
    "download": "Servers of files: downloads of 1 MiB",
}


@dataclass(frozen=True)
class Shown:
    """A server of a run."""

    measured: Measured
    server: MeasuredServer

    @property
    def label(self) -> str:
        """Its SPEC."""
        return self.server.label

    @property
    def name(self) -> str:
        """The built-in server without its options."""
        return self.label.partition(",")[0]

    @property
    def kind(self) -> str:
        """Which of TITLES it stands under."""
        entry = CATALOGUE[self.name]
        if entry.protocol != "http":
            return entry.protocol
        return "applications" if entry.language == "Python" else "web"

    @property
    def page(self) -> str:
        """The page that it stands on: servers of HTTP share one."""
        return self.kind if self.kind in ("web", "applications") else self.name

    @property
    def plan(self) -> PlannedServerExcerpt:
        """Its workloads and steps."""
        servers = self.measured.about.plan.servers
        return next(each for each in servers if each.server == self.label)

    @property
    def points(self) -> list[Point]:
        """Its steps, workload by workload."""
        return [each for each in self.measured.points() if each.server == self.label]

    @property
    def most(self) -> int:
        """The connections of its largest step."""
        return max(point.connections for point in self.points)

    def at(self, point: Point, column: str) -> Quantity:
        """A figure with its interval and flags."""
        return self.measured.figure(point, column)

    @property
    def memory(self) -> Quantity:
        """What a connection adds to the resident memory over the ramp, as clients mostly wait."""
        return self.at(Point(self.label, self.points[0].workload, 0), MEMORY)

    def caveats(self, point: Point) -> str:
        """How many clients of a step starve, and its flags, in words."""
        found = self.measured.at(point, "response_p50_ms")
        unserved = [found.why] if "unserved" in found.why else []
        flags = [flag.phrase for flag in found.flags if flag is not Flag.STARVED]
        return ", ".join([*unserved, *flags])

    def short(self, point: Point, title: str) -> str:
        """A figure of COLUMNS with what forbids to compare it, or why there is none, in a word."""
        column, write = COLUMNS[title]
        found = self.at(point, column)
        if not found.known:
            return "starved" if "unserved" in found.why else wording.MISSING
        unfit = ", ".join(flag.phrase for flag in found.flags if flag in UNFIT)
        text = written(found, write)
        return f"{text} ({unfit})" if unfit else text


def written(found: Quantity, write: Callable[[float], str]) -> str:
    """A figure, with its interval where that is wide; a median, where a repeat was 0, says so."""
    if not found.known:
        return wording.MISSING
    if not found.ranged:
        return f"{write(found.value)} (median)"
    wide = found.low * CONFIRMED_WITHIN < found.value or found.high > CONFIRMED_WITHIN * found.value
    interval = f" [{write(found.low)}–{write(found.high)}]" if wide else ""
    return write(found.value) + interval


def main() -> None:
    """Write all blocks."""
    runs = [Measured(read_run(Path(each))) for each in sys.argv[1:]]
    if not runs:
        raise SystemExit(__doc__)
    last = {each.label: Shown(run, each) for run in runs for each in run.servers}
    shown = sorted(last.values(), key=lambda each: list(CATALOGUE).index(each.name))
    for page, alike in groupby(shown, key=lambda each: each.page):
        rewrite(MODELS / f"{page}.md", SCRIPT, page_block(list(alike)))
    rewrite(MODELS / "index.md", SCRIPT, index_block(shown))
    with (MODELS / "figures.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["server", "workload", "clients", "figure", "value", "low", "high", "caveats"]
        )
        for each in shown:
            writer.writerows(records(each))


def page_block(shown: list[Shown]) -> str:
    """Memory, then a row per step, and how to repeat it."""
    several = len(shown) > 1
    memory = wording.joined(
        [
            wording.size(each.memory.value) + (f" (`{each.label}`)" if several else "")
            for each in shown
            if each.memory.known
        ]
    )
    heads = ["server"] * several + ["workload", "clients", *COLUMNS, "caveats"]
    rows = [
        [
            *[f"`{each.label}`"] * several,
            point.workload,
            wording.count(point.connections),
            *(written(each.at(point, column), write) for column, write in COLUMNS.values()),
            each.caveats(point),
        ]
        for each in shown
        for point in each.points
    ]
    about = shown[0].measured
    return "\n\n".join(
        [
            f"Memory per connection: {memory or wording.MISSING}.",
            table(heads, rows, words=1 + several),
            wrapped(
                f"Measured on {day(about)}: {machine(about)}, {cpus(about)}. Each figure is the "
                f"geometric mean of {about.repeats} repeats, or their median where one was 0. The "
                "95 % confidence interval stands beside it where it is wide; "
                "[figures.csv](figures.csv) has all. The [index](index.md#what-they-cost) explains "
                "the columns. This command repeats the measurement:"
            ),
            f"```\n{command(shown)}\n```",
        ]
    )


def command(shown: list[Shown]) -> str:
    """What measures these servers alone; the whole run where steps differ between them, or between
    their workloads.
    """
    plans, profile = [each.plan for each in shown], shown[0].measured.about.plan.profile
    steps = sorted({point.connections for each in shown for point in each.points})
    if any(len(each.points) != len(steps) * len(each.plan.workloads) for each in shown):
        return command_of_run(shown[0].measured)
    words = ["c10k", "run"]
    words += [word for each in shown for word in ("--server", each.label)]
    if plans[0].workloads != ["paced", "saturated"]:
        words += [word for each in plans[0].workloads for word in ("--workload", each)]
    words += ["--steps", ",".join(map(str, steps))]
    words += ["--profile", profile.name, "--repeat", str(profile.repeats)]
    lines = [""]
    for word in map(shlex.quote, words):  # an option begins a line where it would be too long
        if len(lines[-1]) > 75 and word.startswith("--"):
            lines.append("   ")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return " \\\n".join(lines)


def cpus(measured: Measured) -> str:
    """Which CPUs the loader and the servers had."""
    split = measured.about.cpu_split
    if not split:
        return "loader and servers on the same CPUs"
    had = {who: f"{len(split[who])} CPU{'s' * (len(split[who]) > 1)}" for who in split}
    return f"{had['loader']} for the loader, {had['server']} for the servers"


def index_block(shown: list[Shown]) -> str:
    """A table per kind: a row per server, at its largest step."""
    blocks = []
    for kind, title in TITLES.items():
        if alike := [each for each in shown if each.kind == kind]:
            blocks += [f"### {title}", index_table(alike)]
    runs = dict.fromkeys(
        f"{day(each.measured)}: {machine(each.measured)}, {cpus(each.measured)}, "
        f"{each.measured.repeats} repeats"
        for each in shown
    )
    text = (
        f"Measured on {'; on '.join(runs)}. [figures.csv](figures.csv) has every figure with its "
        "95 % confidence interval."
    )
    return "\n\n".join([*blocks, wrapped(text)])


def index_table(shown: list[Shown]) -> str:
    """A row per server, with the workloads that have its largest step."""
    loads = {
        load.name: load
        for each in shown
        for load in each.measured.workloads
        if Point(each.label, load.name, each.most) in each.points
    }
    columns = [(name, title) for name, load in loads.items() for title in INDEX[load.loop]]
    rows = []
    for each in shown:
        name, _, options = each.label.partition(",")
        own = f" `{options}`" if options else ""  # apart, so that a narrow table can break it
        row = [f"[`{name}`]({each.page}.md){own}", wording.count(each.most)]
        row.append(wording.size(each.memory.value))
        row += [each.short(Point(each.label, name, each.most), title) for name, title in columns]
        rows.append(row)
    heads = ["server", "clients", "memory per connection"]
    return table([*heads, *(f"{name}: {title}" for name, title in columns)], rows)


def records(shown: Shown) -> Iterator[list[object]]:
    """A record per figure."""
    memory = shown.memory
    yield [shown.label, shown.points[0].workload, "", MEMORY, *ends(memory), ""]
    for point in shown.points:
        for column, _write in COLUMNS.values():
            found = shown.at(point, column)
            values = [point.workload, point.connections, column, *ends(found)]
            yield [shown.label, *values, shown.caveats(point)]


def ends(quantity: Quantity) -> list[object]:
    """Its value and its interval with five digits, empty where there is none."""
    return [
        f"{each:.5g}" if each == each else ""
        for each in (quantity.value, quantity.low, quantity.high)
    ]


if __name__ == "__main__":
    main()
