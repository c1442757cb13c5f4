"""What a person sees while a run goes on: a row for each step, and on a terminal a live line.

The name of the server comes last: however long, it moves no column. It is shortened on a terminal
alone, for a program may read a pipe.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from c10k.experiment.cycle import PHASES
from c10k.experiment.failures import WORDS
from c10k.experiment.trial import Moment
from c10k.output.columns import beside
from c10k.reports import wording

if TYPE_CHECKING:
    from c10k.experiment.loader_ceiling import CeilingStep
    from c10k.experiment.plan import Trial

# Few lines are enough for a log, yet a watcher of one must see that it goes on.
LINE_EVERY_S: Final = 5.0
LIVE_EVERY_S: Final = 0.12
COLUMNS: Final = {"msg/s": 7, "p99 ms": 6, "memory": 7, "µs/msg": 6, "left": 5}
INDENTED: Final = 78  # what 80 columns leave to a line that is indented
FIGURES: Final[Mapping[str, Callable[[float], str]]] = {
    "messages_per_s": wording.rate,
    "response_p99_ms": wording.number,
    "resident_bytes": wording.size,
    "cpu_us_per_message": wording.number,
}
SYMBOLS: Final = {"ok": "[green]✓[/]", "partial": "[yellow]![/]", "failed": "[red]✗[/]"}


class TimeLeft:
    """How much time the steps still take: as planned, corrected by how long others really took.

    `planned` maps each to the seconds that it was planned to take; a search counts as one step.
    """

    def __init__(self, planned: Mapping[Hashable, float]) -> None:
        self._left = dict(planned)
        self._planned_s = self._taken_s = 0.0
        self._began = time.monotonic()

    def expect(self, planned: Mapping[Hashable, float]) -> None:
        """Count these as well, or with another time than before."""
        self._left |= planned

    def begin(self) -> None:
        """A step begins."""
        self._began = time.monotonic()

    def end(self, step: Hashable) -> None:
        """A step has ended."""
        self._planned_s += self._left.pop(step)
        self._taken_s += time.monotonic() - self._began

    def seconds_left(self) -> float:
        """Until the last step ends."""
        pace = self._taken_s / self._planned_s if self._planned_s else 1.0
        return max(0.0, pace * sum(self._left.values()) - (time.monotonic() - self._began))


class Progress:
    """Shows how a run goes on, line by line, for a log or a pipe: a row when a step ends, and what
    happens within it now and then.

    Rows stand below one heading, in at most 80 columns unless a name is long.
    """

    every_s = LINE_EVERY_S  # between two lines within a step
    width: int | None = None  # of the terminal; without one, nothing is shortened

    def __init__(self, left: TimeLeft, write: Callable[[str], None]) -> None:
        self.time_left = left
        self._write = write
        self._step: Trial | CeilingStep
        self._shown = 0.0
        self._repeat = 0

    def repeat(self, number: int, of: int) -> None:
        """Show which repeat the steps that follow are of, when it begins."""
        if of > 1 and number != self._repeat:
            self._repeat = number
            self._write_row(f"repeat {number} of {of}", "")

    def begin(self, step: "Trial | CeilingStep") -> None:
        """A step begins."""
        self.time_left.begin()
        self._step = step
        self._shown = time.monotonic()

    def see(self, moment: Moment) -> None:
        """Show where the step stands, if nothing was shown for a while."""
        if time.monotonic() - self._shown <= self.every_s:
            return
        self._shown = time.monotonic()
        wanted = f" of {self._step.connections:,}" if moment.phase == "open" else ""
        parts = [
            f"{PHASES[moment.phase]}: {moment.ready:,}{wanted} ready",
            *([f"{moment.failed:,} failed"] if moment.failed else []),
            f"{wording.rate(moment.messages_per_s)} msg/s",
            f"p99 {wording.milliseconds(moment.response_p99_ms)}",
            wording.size(moment.rss_bytes),
        ]
        self._stands([part for part in parts if wording.MISSING not in part])

    def end(self, step: "Trial | CeilingStep", row: Mapping[str, Any]) -> None:
        """Show how the step went; what was not measured is left out."""
        self.time_left.end(step)
        values = [text(row.get(column, math.nan)) for column, text in FIGURES.items()]
        shown = ["" if value == wording.MISSING else value for value in values] + [self._left]
        self._row(*step.labels, f"{step.connections:,}", shown, row["status"])
        if remarks := "; ".join(_remarks(row)):
            for line in beside("    ", [remarks]):
                self._write(line)

    def say(self, line: str) -> None:
        """Show a message."""
        for each in beside("", [line]):
            self._write(each)

    def __enter__(self) -> Self:
        self._row("workload", "server", "clients", list(COLUMNS), "")
        return self

    def __exit__(self, *_: object) -> None:
        return

    def _stands(self, parts: list[str]) -> None:
        """Show as many parts of where the step stands as there is room for."""
        workload, server = self._step.labels

        def line(name: str) -> str:
            return f"{workload}, {name}: {', '.join(parts)}; {self._left} left"

        while len(parts) > 1 and len(line(server)) > (self.width or INDENTED):
            parts.pop()
        self._write_within(self._fitting(server, line))

    def _row(
        self, workload: str, server: str, clients: str, values: Iterable[str], status: str
    ) -> None:
        first = workload + f"{clients:>{max(18 - len(workload), len(clients) + 1)}}"
        columns = (f"{text:>{size}}" for text, size in zip(values, COLUMNS.values(), strict=True))
        row = "  ".join([first, *columns, ""])
        self._write_row(self._fitting(server, row.__add__), status)

    @property
    def _left(self) -> str:
        return duration(self.time_left.seconds_left())

    def _fitting(self, server: str, line: Callable[[str], str]) -> str:
        """The line, with as much of the server's name as the terminal has room for."""
        written = line(server)
        if self.width is None or len(written) <= self.width:
            return written
        room = len(server) - (len(written) - self.width)
        return line(wording.shortened(server, max(room, 1)))[: self.width]

    def _write_within(self, text: str) -> None:
        self._write(f"  {text}")

    def _write_row(self, text: str, status: str) -> None:
        self._write(text)


class QuietProgress(Progress):
    """Shows messages, such as warnings, and nothing else."""

    def repeat(self, number: int, of: int) -> None:
        """Show nothing."""

    def see(self, moment: Moment) -> None:
        """Show nothing."""

    def end(self, step: "Trial | CeilingStep", row: Mapping[str, Any]) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self


class LiveProgress(Progress):
    """A table that grows by a row per step, above a line that moves.

    No thread of its own moves it: that would take time from the load.
    """

    every_s = LIVE_EVERY_S

    def __init__(self, left: TimeLeft, console: Console) -> None:
        super().__init__(left, lambda text: console.print(Text(text), soft_wrap=True))
        self.width = console.width - 2
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def begin(self, step: "Trial | CeilingStep") -> None:
        """A step begins, which is shown at once: its server may take long to start."""
        super().begin(step)
        self._stands(["starting"])

    def __enter__(self) -> Self:
        self._live.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _write_within(self, text: str) -> None:
        self._live.update(Text(f"  {text}", "bold", no_wrap=True), refresh=True)

    def _write_row(self, text: str, status: str) -> None:
        marked = Text.from_markup(SYMBOLS.get(status, " ") + " ").append(text)
        self._live.console.print(marked, soft_wrap=True)


def _remarks(row: Mapping[str, Any]) -> Iterator[str]:
    """What a step shows beside its figures: failures and flags."""
    if word := WORDS.get(row["status"]):
        yield f"{word}: {row['reason']}"
    if starved := row.get("starved"):
        yield f"{starved:,} starved: without a reply in a window"
    if unsteady := row.get("unsteady"):
        yield f"no steady state: {unsteady}"
    if row.get("loader_limited"):
        yield "loader-limited"


def duration(seconds: float) -> str:
    """Minutes and seconds: 4:36."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
