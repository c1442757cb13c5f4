"""What a person sees while a run goes on: a row for each step, and on a terminal a live line.

The name of the server comes last: however long, it moves no column. It is shortened on a terminal
alone, for a program may read a pipe.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from c10k.cli.columns import beside
from c10k.experiment.cycle import PHASES
from c10k.experiment.plan import Trial
from c10k.experiment.trial import Moment
from c10k.reports import wording
from c10k.results.store import StepRecord

# Few lines are enough for a log, yet a watcher of one must see that it goes on.
LINE_EVERY_S: Final = 5.0
LIVE_EVERY_S: Final = 0.12
COLUMNS: Final = (("msg/s", 7), ("p99 ms", 6), ("memory", 7), ("µs/msg", 6), ("left", 5))
INDENTED: Final = 78  # what 80 columns leave to a line that is indented
SYMBOLS: Final = {"ok": "[green]✓[/]", "partial": "[yellow]![/]", "failed": "[red]✗[/]"}


class Clock:
    """How much time the trials still take: as planned, corrected by how long others really took.

    `trials` maps each to the seconds that it was planned to take.
    """

    def __init__(self, trials: Mapping[Trial, float]) -> None:
        self._left = dict(trials)
        self._planned_s = self._taken_s = 0.0
        self._began = time.monotonic()

    def expect(self, trials: Mapping[Trial, float]) -> None:
        """Count these as well, or with another time than before."""
        self._left |= trials

    def begin(self) -> None:
        """A trial begins."""
        self._began = time.monotonic()

    def end(self, trial: Trial) -> None:
        """A trial has ended."""
        self._planned_s += self._left.pop(trial)
        self._taken_s += time.monotonic() - self._began

    def seconds_left(self) -> float:
        """Until the last trial ends."""
        pace = self._taken_s / self._planned_s if self._planned_s else 1.0
        return max(0.0, pace * sum(self._left.values()) - (time.monotonic() - self._began))


class Rows:
    """How steps are written, below one heading: at most 80 columns, but for a longer name.

    `width` is the terminal's; without one, nothing is shortened.
    """

    def __init__(self, clock: Clock, width: int | None = None) -> None:
        self._clock = clock
        self._width = width

    @property
    def heading(self) -> str:
        """The names of the columns; CPU time is per message."""
        names = [name for name, _ in COLUMNS]
        return self._fitting("server", lambda server: _row("workload", "clients", names, server))

    def step(self, trial: Trial, record: StepRecord) -> str:
        """How a step went; what was not measured is left out."""
        values = [
            text(record.step.get(column, math.nan))
            for column, text in (
                ("messages_per_s", wording.rate),
                ("response_p99_ms", wording.number),
                ("resident_bytes", wording.size),
                ("cpu_us_per_message", wording.number),
            )
        ]
        shown = ["" if value == wording.MISSING else value for value in values] + [self._left]
        clients = f"{trial.connections:,}"
        return self._fitting(
            _server(trial), lambda server: _row(trial.workload, clients, shown, server)
        )

    def moment(self, trial: Trial, moment: Moment) -> str:
        """Where a step stands: as much of it as there is room for."""
        wanted = f" of {trial.connections:,}" if moment.phase == "open" else ""
        parts = [
            f"{PHASES[moment.phase]}: {moment.ready:,}{wanted} ready",
            *([f"{moment.failed:,} failed"] if moment.failed else []),
            f"{wording.rate(moment.messages_per_s)} msg/s",
            f"p99 {wording.milliseconds(moment.response_p99_ms)}",
            wording.size(moment.rss_bytes),
        ]
        return self._now(trial, [part for part in parts if wording.MISSING not in part])

    def begun(self, trial: Trial) -> str:
        """That a step begins."""
        return self._now(trial, ["starting"])

    def _now(self, trial: Trial, parts: list[str]) -> str:
        def line(server: str) -> str:
            return f"{trial.workload}, {server}: {', '.join(parts)}; {self._left} left"

        while len(parts) > 1 and len(line(_server(trial))) > (self._width or INDENTED):
            parts.pop()
        return self._fitting(_server(trial), line)

    @property
    def _left(self) -> str:
        return duration(self._clock.seconds_left())

    def _fitting(self, server: str, line: Callable[[str], str]) -> str:
        """The line, with as much of the server's name as the terminal has room for."""
        written = line(server)
        if self._width is None or len(written) <= self._width:
            return written
        room = len(server) - (len(written) - self._width)
        return line(wording.shortened(server, max(room, 1)))[: self._width]


class Progress(ABC):
    """Shows how a run goes on: a row when a step ends, and what happens within it now and then."""

    every_s: float  # between two lines within a step

    def __init__(self, clock: Clock, width: int | None = None) -> None:
        self._clock = clock
        self._rows = Rows(clock, width)
        self._trial: Trial | None = None
        self._shown = 0.0

    def expect(self, trials: Mapping[Trial, float]) -> None:
        """Count these in the time left, each with so many seconds."""
        self._clock.expect(trials)

    def begin(self, trial: Trial) -> None:
        """A trial begins."""
        self._clock.begin()
        self._trial = trial
        self._shown = time.monotonic()

    def see(self, moment: Moment) -> None:
        """Show where the trial stands, if nothing was shown for a while."""
        if self._trial and time.monotonic() - self._shown > self.every_s:
            self._shown = time.monotonic()
            self._now(self._rows.moment(self._trial, moment))

    def end(self, trial: Trial, record: StepRecord) -> None:
        """Show how the step went."""
        self._clock.end(trial)
        self._row(self._rows.step(trial, record), record.step["status"])
        for line in _remarks(record):
            self._line(line)

    def say(self, line: str) -> None:
        """Show what is to be known."""
        for each in beside("", [line]):
            self._line(each)

    def __enter__(self) -> Self:
        self._line(self._rows.heading)
        return self

    def __exit__(self, *_: object) -> None:
        self._trial = None

    def _row(self, text: str, status: str) -> None:
        self._line(text)

    @abstractmethod
    def _now(self, text: str) -> None:
        """Show a line that says where a step stands."""

    @abstractmethod
    def _line(self, text: str) -> None:
        """Show a line that stands."""


class PlainProgress(Progress):
    """Line by line, for a log or a pipe."""

    every_s = LINE_EVERY_S

    def __init__(self, clock: Clock, write: Callable[[str], None]) -> None:
        super().__init__(clock)
        self._write = write

    def _now(self, text: str) -> None:
        self._write(f"  {text}")

    def _line(self, text: str) -> None:
        self._write(text)


class QuietProgress(PlainProgress):
    """Shows what is to be known, and nothing else."""

    def see(self, moment: Moment) -> None:
        """Show nothing."""

    def end(self, trial: Trial, record: StepRecord) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self


class LiveProgress(Progress):
    """A table that grows by a row per step, above a line that moves.

    No thread of its own moves it: that would take time from the load.
    """

    every_s = LIVE_EVERY_S

    def __init__(self, clock: Clock, console: Console) -> None:
        super().__init__(clock, console.width - 2)
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def begin(self, trial: Trial) -> None:
        """A trial begins, which is shown at once: its server may take long to start."""
        super().begin(trial)
        self._now(self._rows.begun(trial))

    def __enter__(self) -> Self:
        self._live.start()
        self._print(Text(f"  {self._rows.heading}"))
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _now(self, text: str) -> None:
        self._live.update(Text(f"  {text}", "bold", no_wrap=True), refresh=True)

    def _row(self, text: str, status: str) -> None:
        self._print(Text.from_markup(SYMBOLS[status] + " ").append(text))

    def _line(self, text: str) -> None:
        self._print(Text(text))

    def _print(self, text: Text) -> None:
        self._live.console.print(text, soft_wrap=True)


def _row(workload: str, clients: str, values: Sequence[str], server: str) -> str:
    first = workload + f"{clients:>{18 - len(workload)}}"
    columns = (f"{value:>{width}}" for value, (_, width) in zip(values, COLUMNS, strict=True))
    return "  ".join([first, *columns, server])


def _server(trial: Trial) -> str:
    return trial.server + (f" #{trial.repeat + 1}" if trial.repeat else "")


def _remarks(record: StepRecord) -> Iterator[str]:
    """What is to be known of a step beside its figures, in lines below them."""
    step = record.step
    remarks = []
    if step["status"] == "failed":
        remarks.append(f"failed: {step['reason']}")
    elif step["status"] == "partial":
        remarks.append(f"partly failed: {step['reason']}")
    if starved := step.get("starved"):
        remarks.append(f"{starved:,} starved: without a reply in a window")
    if unsteady := step.get("unsteady"):
        remarks.append(f"no steady state: {unsteady}")
    if step.get("loader_limited"):
        remarks.append("loader-limited")
    if remarks:
        yield from beside("    ", ["; ".join(remarks)])


def duration(seconds: float) -> str:
    """Minutes and seconds: 4:36."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
