"""How often servers that are the same differ, in real runs (an A/A test).

    python -m benchmarks.same_servers [option of `c10k run` …]
    python -m benchmarks.same_servers RUN …

Measures two programs under two labels each (an option with its default value changes nothing), or
reads such runs. Two labels of a program are compared as a page of these two would: at each step and
under each workload, by what the page compares, without the trials that decide nothing there. Prints
the outcomes as a Markdown table, each difference that is clear, and how many trials are left out.
"""

import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from c10k.results.comparison import Comparison, Outcome, Pairs, compare
from c10k.results.fitness import fit
from c10k.results.histogram import PERCENTILES
from c10k.results.store import RunError, read_run

if TYPE_CHECKING:
    import pandas as pd

SERVERS: Final = (
    "threaded",
    "threaded,buffer=1024",
    "asyncio_streams",
    "asyncio_streams,buffer=1024",
)
MEASURES: Final = {
    "saturated": (
        "messages_per_s",
        "cpu_us_per_message",
        "resident_bytes",
        "response_p50_ms",
        "response_p99_ms",
    ),
    "paced": ("cpu_us_per_message", "resident_bytes", "response_p50_ms", "response_p99_ms"),
}
BEHIND: Final = 10  # messages beyond a percentile, at least
LEAST_MS: Final = 0.05
MOST_STARVED: Final = 0.01


class Compared(NamedTuple):
    """Two labels of a program, by a measure at a step."""

    workload: str
    measure: str
    servers: tuple[str, str]
    connections: int
    comparison: Comparison


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
        runs = [read_run(Path(directory)).steps for directory in directories]
    except RunError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(table([each for steps in runs for each in compared(steps)])))
    left_out = sum(int((~fair(steps)).sum()) for steps in runs)
    print(f"\nleft out: {left_out} of {sum(map(len, runs))} trials (disturbed or loader-limited)")
    return 0


def fair(steps: "pd.DataFrame") -> "pd.Series[bool]":
    """Which trials may decide."""
    return steps.apply(fit, axis="columns")


def compared(steps: "pd.DataFrame") -> Iterator[Compared]:
    """The comparisons of a run. Those of two labels are a family."""
    undisturbed = steps[fair(steps)]
    for servers in combinations(steps["server"].unique().tolist(), 2):
        if servers[0].partition(",")[0] == servers[1].partition(",")[0]:
            keys, family = [], []
            for key, pairs in measured(undisturbed, servers):
                keys.append(key)
                family.append(pairs)
            for (workload, measure, connections), comparison in zip(
                keys, compare(family), strict=True
            ):
                yield Compared(workload, measure, servers, connections, comparison)


def measured(
    steps: "pd.DataFrame", servers: tuple[str, str]
) -> Iterator[tuple[tuple[str, str, int], Pairs]]:
    """What there is of two servers to compare, by workload, measure and connections."""
    for workload, measures in MEASURES.items():
        for connections in sorted(steps["connections"].unique().tolist()):
            here = steps[(steps["workload"] == workload) & (steps["connections"] == connections)]
            one, other = (here[here["server"] == server].set_index("repeat") for server in servers)
            for measure in measures:
                if tells(measure, one) and tells(measure, other):
                    yield (
                        (workload, measure, connections),
                        paired(one[measure], other[measure], (workload, measure)),
                    )


def tells(measure: str, side: "pd.DataFrame") -> bool:
    """Whether a server's figures can be quoted: percentiles need messages, and of all clients."""
    if side.empty or not measure.startswith("response_"):
        return not side.empty
    beyond = 1 - PERCENTILES[measure.split("_")[1]] / 100
    starved = (side["starved"] > MOST_STARVED * side["connections"]).any()
    return side["messages"].sum() * beyond >= BEHIND and not starved


def paired(one: "pd.Series[float]", other: "pd.Series[float]", group: tuple[str, str]) -> Pairs:
    """What is compared, by repeat."""
    one, other = one.align(other)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratios = np.log(one / other)
    in_ms = group[1].endswith("_ms")
    apart = not in_ms or bool(abs(one.mean() - other.mean()) >= LEAST_MS)
    return Pairs(log_ratios, group, apart)


def table(found: Sequence[Compared]) -> Iterator[str]:
    """The lines to be printed."""
    yield "| workload | measure | comparisons | clear | equivalent | undecided | half-width |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    found = [each for each in found if each.comparison.outcome is not Outcome.INDICATIVE]
    for workload, measures in MEASURES.items():
        for measure in measures:
            here = [each for each in found if each[:2] == (workload, measure)]
            yield row(workload, measure, [each.comparison for each in here])
    yield row("all", "", [each.comparison for each in found])
    clear = [each for each in found if each.comparison.outcome is Outcome.CLEAR]
    if clear:
        yield ""
    for workload, measure, servers, connections, comparison in clear:
        ratio = f"{comparison.ratio:.2f}× ({comparison.low:.2f} to {comparison.high:.2f})"
        yield f"- clear: {' ÷ '.join(servers)}, {workload}, {connections}: {measure} {ratio}"


def row(workload: str, measure: str, comparisons: Sequence[Comparison]) -> str:
    """How many have which outcome, and the median half-width of the intervals as a ratio."""
    outcomes = [each.outcome for each in comparisons]
    widths = [math.sqrt(each.high / each.low) for each in comparisons if each.low > 0]
    counts = [
        outcomes.count(each) for each in (Outcome.CLEAR, Outcome.EQUIVALENT, Outcome.UNDECIDED)
    ]
    width = f"{np.median(widths):.2f}×" if widths else "–"
    return (
        f"| {workload} | {measure} | {len(outcomes)} | {' | '.join(map(str, counts))} | {width} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
