"""Do the time and the memory of a run and of its report grow in proportion to its steps?

python -m benchmarks.reliability.growth

Ramps of 50 and 200 steps, then 250 and 1,000 trials: the same steps five times. Prints a Markdown
table of what each command took by itself, its children left out: CPU time and the most memory; 1 if
four times the steps took more than six times the time, or added more than five times the memory.
Takes half an hour.
"""

import subprocess
import sys
import tempfile
from typing import Final, NamedTuple

from benchmarks.measure import machine

SMALL, LARGE = 50, 200
REPEATS: Final = (1, 5)
MOST_TIME, MOST_MEMORY = 6.0, 5.0
RUN: Final = (
    *("run", "--server", "asyncio_protocol", "--workload", "small,rate=50", "--profile", "quick"),
    *("--duration", "0.05", "--force", "--quiet", "--no-report"),
)
# What the command used of the CPU itself, in s, and its most memory, in MB.
MEASURED: Final = """
import resource, sys
from c10k.cli.main import main
status = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(status)
"""


class Used(NamedTuple):
    """What a command took by itself."""

    cpu_s: float
    most_mb: float


def used(*arguments: str) -> Used:
    """Run the command. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-c", MEASURED, *arguments]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    cpu_s, most_mb = map(float, out.splitlines()[-1].split())
    return Used(cpu_s, most_mb)


def main() -> int:
    """Print the table; 1 if anything is not as promised."""
    wrong = 0
    print(f"{machine()}\n")
    print("| command | steps × repeats | CPU, s | CPU per trial, ms | most memory, MB |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for repeats in REPEATS:
            runs, reports = [], []
            for steps in (1, SMALL, LARGE):
                directory = f"{scratch}/{steps}-{repeats}"
                apart = LARGE // steps  # the same connections a step, in the mean
                numbers = ",".join(map(str, range(apart, LARGE + 1, apart)))
                plan = ("--steps", numbers, "--repeat", str(repeats), "--out", directory)
                runs.append(used(*RUN, *plan))
                reports.append(used("report", directory))
                for name, each in (("run", runs[-1]), ("report", reports[-1])):
                    per_ms = each.cpu_s / steps / repeats * 1e3
                    cells = f"{each.cpu_s:.1f} | {per_ms:.0f} | {each.most_mb:.0f}"
                    print(f"| {name} | {steps} × {repeats} | {cells} |", flush=True)
            for one, small, large in (runs, reports):
                wrong += large.cpu_s - one.cpu_s > MOST_TIME * (small.cpu_s - one.cpu_s)
                added = small.most_mb - one.most_mb
                wrong += large.most_mb - one.most_mb > MOST_MEMORY * added
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
