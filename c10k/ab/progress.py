"""What a person sees while pairs are measured: the table as it stands, above a line that moves."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from c10k.ab import text
from c10k.experiment.progress import Progress, TimeLeft

if TYPE_CHECKING:
    from c10k.ab.pairs import Pairs
    from c10k.experiment.loader_ceiling import CeilingStep
    from c10k.experiment.plan import Trial

LINE_EVERY_S: Final = 10.0


class Budget(TimeLeft):
    """How much time is left, whatever was measured."""

    def __init__(self, seconds: float) -> None:
        super().__init__({})
        self.began = time.monotonic()
        self.deadline = self.began + seconds

    def end(self, step: object) -> None:
        """A step has ended."""

    def seconds_left(self) -> float:
        """Until the deadline."""
        return max(0.0, self.deadline - time.monotonic())


class PairProgress(Progress):
    """Shows how a comparison goes on, line by line."""

    def __init__(self, clock: Budget, write: Callable[[str], None]) -> None:
        super().__init__(clock, write)
        self.budget = clock
        self._said = time.monotonic()

    def see(self, moment: object) -> None:
        """Show nothing: a pair takes some seconds."""

    def pair(self, pairs: "Pairs") -> None:
        """A pair was measured."""
        if time.monotonic() - self._said < LINE_EVERY_S:
            return
        self._said = time.monotonic()
        decided = [each for each in pairs.judged if each.decided]
        self._write(
            f"{self._pairs(len(pairs.rows))}: {len(decided)} of {len(pairs.judged)} metrics decided"
        )

    def _pairs(self, number: int) -> str:
        return f"{number} pair{'s' * (number != 1)}, {self._left} left"

    def end(self, step: "Trial | CeilingStep", row: Mapping[str, Any]) -> None:
        """Show nothing: the pair counts."""

    def __enter__(self) -> Self:
        return self


class QuietPairs(PairProgress):
    """Shows messages alone."""

    def pair(self, pairs: "Pairs") -> None:
        """Show nothing."""


class LivePairs(PairProgress):
    """The table so far, redrawn after each pair, above a line with the time left."""

    def __init__(self, clock: Budget, console: Console) -> None:
        super().__init__(clock, lambda line: console.print(Text(line), soft_wrap=True))
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def pair(self, pairs: "Pairs") -> None:
        """A pair was measured."""
        pair_s = (time.monotonic() - self.budget.began) / len(pairs.rows)
        self._show(*text.plain(pairs.judged, pair_s), number=len(pairs.rows))

    def __enter__(self) -> Self:
        self._live.start()
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _show(self, *table: str, number: int = 0) -> None:
        lines = (Text(line, no_wrap=True) for line in table)
        last = Text(f"  {self._pairs(number)}", "bold", no_wrap=True)
        self._live.update(Group(*lines, last), refresh=True)
