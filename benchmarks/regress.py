"""Runs the benchmarks and compares them with this machine's baseline."""

import argparse
import math
import statistics
import sys
from collections.abc import Sequence

from benchmarks.measure import ROOT, NotMeasured, measure
from benchmarks.regression import (
    BASELINES,
    BaselineError,
    Comparison,
    Machine,
    Measures,
    RegressionVerdict,
    combined,
    compare,
    load_baseline,
    save_baseline,
)

COMMAND = "python -m benchmarks.regress"
THRESHOLD = 1.5
TRIES = 3

DESCRIPTION = f"""\
Measures echo round trips of servers, the loader, and reading a run, each as a ratio to its floor (a
bare C echo server, a bare C loop, the same files read by pandas alone), in short rounds taken in
turn. Compares the median of the rounds' ratios with the baseline: of the time, and of the CPU time
of the server, loader or reader. A baseline is the median of {TRIES} runs. A measure beyond the
threshold is measured again; it is a regression if {TRIES} runs say so."""

EPILOG = """\
exit status: 0 no regression; 1 a measure is slower than the threshold allows, or is missing;
2 wrong usage; 3 nothing to compare: no baseline of this machine, or the benchmarks failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    options = _parser().parse_args(arguments)
    machine = Machine.here()
    try:
        if options.save:
            typical = combined([ratios() for _ in range(TRIES)], statistics.median)
            path = save_baseline(BASELINES, machine, typical)
            print(f"saved {path.relative_to(ROOT)} for {machine}")
            return 0
        base = load_baseline(BASELINES, machine)  # before the time is spent on measuring
        runs: list[Measures] = []
        while len(runs) < TRIES:
            runs.append(ratios())
            comparisons = compare(base, combined(runs, min), options.threshold)
            if not any(
                comparison.verdict is RegressionVerdict.SLOWER for comparison in comparisons
            ):
                break
    except BaselineError as error:
        print(f"{error}: save one with `{COMMAND} --save`", file=sys.stderr)
        return 3
    except NotMeasured as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    print(table(comparisons))
    slower = [comparison.name for comparison in comparisons if comparison.failed]
    if slower:
        print(f"a regression: {', '.join(slower)}", file=sys.stderr)
    return 1 if slower else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--save", action="store_true", help="save the results as this machine's baseline"
    )
    parser.add_argument(
        "--threshold",
        type=_threshold,
        default=THRESHOLD,
        metavar="TIMES",
        help=f"a ratio may be at most so many times the baseline's (default: {THRESHOLD})",
    )
    return parser


def _threshold(text: str) -> float:
    value = float(text)
    if not 1 < value < math.inf:
        raise argparse.ArgumentTypeError("a number above 1 is needed")
    return value


def ratios() -> Measures:
    """Run the benchmarks; their ratios to the floor. Raises NotMeasured if they fail."""
    return {
        f"{benchmark['name'].removeprefix('test_')} {measured}": (
            benchmark["extra_info"][measured]["times_floor"]["median"]
        )
        for benchmark in measure("benchmarks", "-m", "not survey")
        for measured in benchmark["extra_info"]["compared"]
    }


def table(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as text, one per line; base and head are ratios to the floor."""
    rows: list[tuple[str, ...]] = [("times the floor", "base", "head", "ratio", "limit", "verdict")]
    for each in comparisons:
        numbers = (f"{n:.2f}" for n in (each.base, each.head, each.ratio, each.threshold))
        rows.append((each.name, *numbers, each.verdict))
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{name:{width}}{base:>9}{head:>9}{ratio:>8}{limit:>7}  {verdict}"
        for name, base, head, ratio, limit, verdict in rows
    )


if __name__ == "__main__":
    sys.exit(main())
