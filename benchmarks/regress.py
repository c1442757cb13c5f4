"""Compares the benchmarks with this machine's baseline in results/baseline/.

Measures echo round trips of servers, the loader, and reading a run, each as a ratio to its floor (a
bare C echo server, a bare C loop, the same files read by pandas alone), in short rounds taken in
turn: a drift of the machine affects both alike. Compares the median of the rounds' ratios with the
baseline: of the time, and of the CPU time of the server, loader or reader. A baseline is the median
of 3 runs. A measure beyond the threshold is measured again; it is a regression if 3 runs say so.

exit status: 0 no regression; 1 a measure is slower than the threshold allows, or is missing;
2 wrong usage; 3 nothing to compare: no baseline of this machine, or the benchmarks failed.
"""

import argparse
import hashlib
import json
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from benchmarks.measure import ROOT, machine, measure

BASELINES = ROOT / "results" / "baseline"
COMMAND = "python -m benchmarks.regress"
THRESHOLD = 1.5
TRIES = 3

Ratios = dict[str, float]
"""Name of a measure -> its ratio to the floor."""


class Baseline(msgspec.Struct):
    """What is read of a file of results/baseline, whose name is a hash of the kind of machine.

    Machines differ even in ratios, so each kind has its own file.
    """

    ratio_to_floor: dict[str, Annotated[float, msgspec.Meta(gt=0)]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--save", action="store_true", help="save the results as this machine's baseline"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="TIMES",
        help=f"a ratio may be at most so many times the baseline's (default: {THRESHOLD})",
    )
    options = parser.parse_args(arguments)
    if not 1 < options.threshold < math.inf:
        parser.error("argument --threshold: a number above 1 is needed")
    path = BASELINES / f"{hashlib.sha256(machine().encode()).hexdigest()[:8]}.json"
    if options.save:
        save(path)
        return 0
    try:
        base = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except FileNotFoundError:
        why = f"no baseline of this machine, {machine()}"
    except msgspec.MsgspecError as error:
        why = f"the baseline {path} cannot be used: {error}"
    else:
        return compare(base.ratio_to_floor, options.threshold)
    print(f"{why}: save one with `{COMMAND} --save`", file=sys.stderr)
    return 3


def save(path: Path) -> None:
    """Measure, and make the result the baseline of such machines."""
    typical = combined([ratios() for _ in range(TRIES)], statistics.median)
    rounded = {name: float(f"{ratio:.4g}") for name, ratio in typical.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "ratio_to_floor": rounded}
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    print(f"saved {path.relative_to(ROOT)} for {machine()}")


def compare(base: Ratios, threshold: float) -> int:
    """Measure, print each measure beside the baseline's, and return the exit status."""
    runs: list[Ratios] = []
    while len(runs) < TRIES:
        runs.append(ratios())
        head = combined(runs, min)
        found = verdicts(base, head, threshold)
        if "SLOWER" not in found.values():
            break
    title = "times the floor"
    width = max(map(len, [title, *found]))
    print(f"{title:{width}}     base     head   ratio  limit  verdict")
    for name, verdict in found.items():
        before, now = base.get(name, math.nan), head.get(name, math.nan)
        numbers = f"{before:>9.2f}{now:>9.2f}{now / before:>8.2f}{threshold:>7.2f}"
        print(f"{name:{width}}{numbers}  {verdict}")
    failed = [name for name, verdict in found.items() if verdict in ("SLOWER", "GONE")]
    if failed:
        print(f"a regression: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def verdicts(base: Ratios, head: Ratios, threshold: float) -> dict[str, str]:
    """What each measure of either side is: at the threshold it is still the same."""
    found = dict.fromkeys(base, "GONE") | dict.fromkeys(head, "new")
    for name in base.keys() & head.keys():
        ratio = head[name] / base[name]
        slower, faster = not ratio <= threshold, ratio < 1 / threshold  # NaN is slower
        found[name] = "SLOWER" if slower else "faster" if faster else "same"
    return found


def ratios() -> Ratios:
    """Run the benchmarks; their ratios to the floor."""
    return {
        f"{benchmark['name'].removeprefix('test_')} {measured}": (
            benchmark["extra_info"][measured]["median"]
        )
        for benchmark in measure("benchmarks", "-m", "not survey")
        for measured in benchmark["extra_info"]["compared"]
    }


def combined(runs: Sequence[Ratios], statistic: Callable[[list[float]], float]) -> Ratios:
    """One value per measure from several runs, such as their median; only what all runs have."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    return {name: statistic([run[name] for run in runs]) for name in names}


if __name__ == "__main__":
    sys.exit(main())
