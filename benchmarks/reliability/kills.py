"""Is anything lost or left behind when `c10k run` is killed at a random moment?

python -m benchmarks.reliability.kills [KILLS]

One run goes on to its end. Each of the others is ended by SIGKILL at a random moment within the
time that this took. Then nothing that it started may be left, its directory must be readable,
`c10k run --resume` must finish it, and its report must have the tables, rows and pictures of the
uninterrupted run's. Of a run that is killed before it has a run.json there is nothing to resume:
the same command is given again. Prints a Markdown table; 1 if anything is not as promised. Takes
half a minute a kill.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
import psutil

from benchmarks.measure import machine
from c10k.results.store import RunError, read_run

KILLS: Final = 50
SEED: Final = 1
PLAN: Final = (
    *("--server", "threaded", "--server", "asyncio_workers,workers=2", "--workload", "saturated"),
    *("--workload", "chat,rate=50", "--steps", "2,5,10", "--profile", "quick"),
    *("--duration", "0.3", "--repeat", "2", "--force", "--quiet"),
)
LEAVE_S: Final = 15.0  # what a server does not do within 2 s of SIGTERM is done for it
MARK: Final = "C10K_CAMPAIGN"
KEY: Final = ["workload", "connections", "server"]


class Shape(NamedTuple):
    """What of a report does not depend on the figures in it."""

    files: frozenset[str]
    steps: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, run: Path) -> "Shape":
        """That of a run's report. Raises OSError where there is none."""
        report = run / "report"
        steps = pd.read_csv(report / "tables" / "steps.csv")[KEY].astype(str)
        files = (str(path.relative_to(report)) for path in report.rglob("*") if path.is_file())
        return cls(frozenset(files), tuple(sorted(map(tuple, steps.to_numpy()))))


def c10k(arguments: Sequence[str], mark: str) -> subprocess.Popen[str]:
    """The command, in an environment with a mark that all processes below it inherit."""
    return subprocess.Popen(
        [sys.executable, "-m", "c10k", "run", *arguments],
        env={**os.environ, MARK: mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(mark: str) -> list[str]:
    """What still runs of the processes with this mark, once they have had time to end."""
    deadline = time.monotonic() + LEAVE_S
    while (found := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _marked(mark: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark:
                found.append(" ".join(process.cmdline()))
    return found


def kill(directory: Path, after_s: float, whole: Shape) -> tuple[str, list[str]]:
    """Kill a run after so long; in which state it was, and what is not as promised."""
    mark = uuid.uuid4().hex
    continued = planned = [*PLAN, "--out", str(directory)]
    with c10k(planned, mark) as killed:
        time.sleep(after_s)
        killed.kill()
    wrong = [f"left: {each}" for each in left(mark)]
    state, steps = "before run.json", 0
    if (directory / "run.json").exists():
        continued = ["--resume", str(directory), "--force", "--quiet"]
        try:
            run = read_run(directory)
        except RunError as error:
            return "unreadable", [*wrong, str(error)]
        steps = len(run.steps)
        state = "finished" if run.manifest["finished_at"] else f"{steps} steps"
    with c10k(continued, mark) as resumed:
        _, said = resumed.communicate()
    if resumed.returncode:
        wrong.append(f"resumed: status {resumed.returncode}: {said.strip()}")
    else:
        kept = read_run(directory).steps.sort_values("started_at", ignore_index=True)
        if steps and not kept.head(steps).equals(
            run.steps.sort_values("started_at", ignore_index=True)
        ):
            wrong.append("a step that was whole was measured again")
        shape = Shape.of(directory)
        wrong += [f"only in one report: {each}" for each in sorted(shape.files ^ whole.files)]
        if shape.steps != whole.steps:
            wrong.append("its report has other steps")
    return state, wrong


def main() -> int:
    """Print the table; 1 if anything is not as promised."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    moments, states, faults = random.Random(SEED), Counter[str](), []
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as scratch:
        began = time.monotonic()
        with c10k((*PLAN, "--out", f"{scratch}/whole"), "whole") as process:
            if process.wait():
                sys.exit(f"the run itself failed: {process.communicate()[1]}")
        lasts_s, whole = time.monotonic() - began, Shape.of(Path(scratch) / "whole")
        for number in range(kills):
            state, wrong = kill(Path(scratch) / str(number), moments.uniform(0, lasts_s), whole)
            states[state] += 1
            faults += [f"kill {number + 1}, {state}: {each}" for each in wrong]
    print("| killed | runs |\n| --- | ---: |")
    for state, count in sorted(states.items(), key=lambda item: (len(item[0]), item)):
        print(f"| {state} | {count} |")
    print(f"\n{kills} kills within {lasts_s:.1f} s of a run; not as promised: {len(faults)}")
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
