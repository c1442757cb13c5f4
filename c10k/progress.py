"""What a person sees while a run goes on: a live line on a terminal, plain lines elsewhere."""

import math
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from c10k.plan import Visit
from c10k.visit import Moment
from results.store import StepRecord

# Few lines are enough for a log, yet a watcher of one must see that it goes on.
LINE_EVERY_S: Final = 5.0
MARKS: Final = {"ok": "[green]✓[/]", "partial": "[yellow]![/]", "failed": "[red]✗[/]"}


class Clock:
    """How much is left of the visits, corrected by how long they really took.

    `visits` maps each to the seconds that it was planned to take.
    """

    def __init__(self, visits: Mapping[Visit, float]) -> None:
        self._left = dict(visits)
        self._planned_s = self._taken_s = 0.0
        self._began = time.monotonic()

    def expect(self, visits: Mapping[Visit, float]) -> None:
        """These are to come as well, or take another time than was thought."""
        self._left |= visits

    def begin(self) -> None:
        """A visit begins."""
        self._began = time.monotonic()

    def end(self, visit: Visit) -> None:
        """A visit has ended."""
        self._planned_s += self._left.pop(visit)
        self._taken_s += time.monotonic() - self._began

    def seconds_left(self) -> float:
        """Until the last visit ends."""
        pace = self._taken_s / self._planned_s if self._planned_s else 1.0
        return max(0.0, pace * sum(self._left.values()) - (time.monotonic() - self._began))


class Progress(Protocol):
    """Is told how a run goes on."""

    def expect(self, visits: Mapping[Visit, float]) -> None:
        """These are to come as well, each in so many seconds."""

    def begin(self, visit: Visit) -> None:
        """A visit begins."""

    def see(self, moment: Moment) -> None:
        """This is to be seen of it."""

    def end(self, visit: Visit, record: StepRecord) -> None:
        """It has ended with this record."""

    def say(self, line: str) -> None:
        """This is to be known, and stands."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class PlainProgress:
    """One line a step, and one every few seconds within it."""

    def __init__(self, clock: Clock, write: Callable[[str], None]) -> None:
        self._clock = clock
        self._write = write
        self._visit: Visit | None = None
        self._said = 0.0

    def expect(self, visits: Mapping[Visit, float]) -> None:
        """Count them in the time left."""
        self._clock.expect(visits)

    def begin(self, visit: Visit) -> None:
        """Remember the visit; its line comes when there is something to say."""
        self._clock.begin()
        self._visit = visit
        self._said = time.monotonic()

    def see(self, moment: Moment) -> None:
        """Say it, if nothing was said for a while."""
        if self._visit and time.monotonic() - self._said > LINE_EVERY_S:
            self._said = time.monotonic()
            self._write(f"  {_title(self._visit)}  {_moment(moment)}  {self._time_left()}")

    def end(self, visit: Visit, record: StepRecord) -> None:
        """Say how the step went."""
        self._clock.end(visit)
        self._write(f"{_title(visit)}  {_outcome(record)}  {self._time_left()}")

    def say(self, line: str) -> None:
        """Write it."""
        self._write(line)

    def _time_left(self) -> str:
        return f"[{duration(self._clock.seconds_left())} left]"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class LiveProgress:
    """A table that grows by a row a step, above a line that moves."""

    def __init__(self, clock: Clock, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._visit: Visit | None = None

    def expect(self, visits: Mapping[Visit, float]) -> None:
        """Count them in the time left."""
        self._clock.expect(visits)

    def begin(self, visit: Visit) -> None:
        """Show that the visit begins."""
        self._clock.begin()
        self._visit = visit
        self._show(f"{_title(visit)}  starting")

    def see(self, moment: Moment) -> None:
        """Show it in the moving line."""
        if self._visit:
            self._show(f"{_title(self._visit)}  {_moment(moment)}")

    def end(self, visit: Visit, record: StepRecord) -> None:
        """Let the step's line stand above the moving one."""
        self._clock.end(visit)
        mark = MARKS[record.step["status"]]
        self._live.console.print(
            Text.from_markup(mark + " ").append(f"{_title(visit)}  {_outcome(record)}"),
            soft_wrap=True,
        )

    def say(self, line: str) -> None:
        """Let it stand above the moving line."""
        self._live.console.print(Text(line), soft_wrap=True)

    def _show(self, line: str) -> None:
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(Text(line, "bold"), f"{duration(self._clock.seconds_left())} left")
        self._live.update(grid)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()


def _title(visit: Visit) -> str:
    again = f" #{visit.repeat + 1}" if visit.repeat else ""
    return f"{visit.workload:<11} {visit.connections:>6,}  {visit.server}{again}"


def _moment(moment: Moment) -> str:
    failed = f", {moment.failed:,} failed" if moment.failed else ""
    return (
        f"{moment.phase}: {moment.ready:,} ready{failed}, {_number(moment.messages_per_s)} msg/s, "
        f"p99 {_milliseconds(moment.response_p99_ms)}, RSS {_mebibytes(moment.rss_bytes)}"
    )


def _outcome(record: StepRecord) -> str:
    step = record.step
    if step["status"] == "failed":
        return f"failed: {step['reason']}"
    marks = f"  ({step['reason']})" if step["reason"] else ""
    marks += f"  ({step['starved']:,} starved)" if step["starved"] else ""
    marks += f"  ({step['unsettled']} not settled)" if step["unsettled"] else ""
    marks += "  (limited by the loader)" if step["loader_limited"] else ""
    return (
        f"{step['connected']:,} connected, {_number(step['messages_per_s'])} msg/s, "
        f"p50 {_milliseconds(step['response_p50_ms'])}, "
        f"p99 {_milliseconds(step['response_p99_ms'])}, "
        f"resident {_mebibytes(step['resident_bytes'])}, "
        f"CPU {_number(step['cpu_us_per_message'])} µs/msg{marks}"
    )


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f}"


def _milliseconds(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def _mebibytes(value: float) -> str:
    return "–" if math.isnan(value) else f"{value / 2**20:,.0f} MiB"


def duration(seconds: float) -> str:
    """Minutes and seconds: 4:36."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
