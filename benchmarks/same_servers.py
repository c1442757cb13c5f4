"""How often servers that are the same differ, in real runs (an A/A test).

    python -m benchmarks.same_servers [option of `c10k run` …]
    python -m benchmarks.same_servers RUN …

Measures two programs under two labels each (an option with its default value changes nothing), or
reads such runs. The two labels of a program are compared as a report of just these two would.
Prints the outcomes as a Markdown table, and each difference that is clear.
"""

import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np

from c10k.reports.comparisons.pairs import MEASURES, Comparisons, Contrast
from c10k.reports.model.measured import Measured
from c10k.results.comparison import Outcome
from c10k.results.store import RunError, read_run

SERVERS: Final = (
    "threaded",
    "threaded,buffer=1024",
    "asyncio_streams",
    "asyncio_streams,buffer=1024",
)
DECIDED: Final = (Outcome.CLEAR, Outcome.EQUIVALENT, Outcome.UNDECIDED)


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    directories = list(arguments)
    if not arguments or arguments[0].startswith("-"):
        command = [sys.executable, "-m", "c10k", "run", "--no-report", *arguments]
        for server in SERVERS:
            command += ["--server", server]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if finished.returncode not in (0, 1):
            return finished.returncode
        directories = finished.stdout.split("\n")[-2:-1]
    try:
        runs = [Measured(read_run(Path(directory))) for directory in directories]
    except RunError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(table([each for measured in runs for each in compared(measured)])))
    return 0


def compared(measured: Measured) -> Iterator[Contrast]:
    """The comparisons of a run. Those of two labels are a family."""
    for pair in combinations(measured.servers, 2):
        if len({server.label.partition(",")[0] for server in pair}) == 1:
            yield from Comparisons(measured, pair)


def table(found: Sequence[Contrast]) -> Iterator[str]:
    """The lines to be printed."""
    yield "| measure | comparisons | clear | equivalent | undecided | not compared | half-width |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for measure in MEASURES:
        yield row(measure.noun, [each for each in found if each.measure is measure])
    yield row("all", found)
    clear = [each for each in found if each.outcome is Outcome.CLEAR]
    if clear:
        yield ""
    for each in clear:
        at = f"{each.workload}, {each.step}" if each.step else each.workload
        ratio = each.ratio
        yield (
            f"- clear: {each.one} ÷ {each.other}, {at}: {each.measure.noun} "
            f"{ratio.value:.2f}× ({ratio.low:.2f} to {ratio.high:.2f})"
        )


def row(name: str, contrasts: Sequence[Contrast]) -> str:
    """How many have which outcome, and the median half-width of the intervals as a ratio."""
    shown = [each for each in contrasts if each.known]
    outcomes = [each.outcome for each in shown]
    counts = [len(shown), *map(outcomes.count, DECIDED), len(contrasts) - len(shown)]
    sides = [(each.comparison.low, each.comparison.high) for each in shown]
    widths = [math.sqrt(high / low) for low, high in sides if low > 0]
    width = f"{np.median(widths):.2f}×" if widths else "–"
    return f"| {name} | {' | '.join(map(str, counts))} | {width} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
