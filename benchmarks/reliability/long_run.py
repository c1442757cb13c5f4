"""Does a long step cost more and more, or do its figures drift?

python -m benchmarks.reliability.long_run [MINUTES]

`c10k run` and `c10k load` at the same time, each with 2,000 connections of one message per second
to a server of its own, for an hour. Prints Markdown: what each command itself holds after the first
minutes and at the end, and the figures of each sixth of the time. What else the machine does would
look like a drift. So in the middle of each sixth another `c10k load` does the same for half a
minute, on the server of the first: what is fresh cannot have drifted.

1 if a command's memory grew by 20 MB or more, if it has more descriptors, or if the old load's
median response time by the fresh one's, in the same seconds, is half as large again in the last
sixth as in any other (not in a shorter time, of which a busy moment may be a sixth).
"""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.measure import machine
from c10k.results.store import read_run

MINUTES: Final = 60.0
CONNECTIONS: Final = "2000"
PARTS: Final = 6
SETTLED: Final = 0.1  # of the time: what is made once is there
ENDING: Final = 0.95  # of the time: both are still measuring
SAMPLE_S: Final = 1.0
READINGS: Final = 10
MOST_GROWN_MB: Final = 20.0
MOST_SLOWER: Final = 1.5
LONG_MINUTES: Final = 30.0
FRESH_S: Final = 30.0  # at most, of a fresh load
START_S: Final = 4.0  # of `c10k load`, until it measures
C10K: Final = (sys.executable, "-m", "c10k")


class Held(NamedTuple):
    """What a command itself holds."""

    t_s: float
    resident_mb: float
    descriptors: int


class Figures(NamedTuple):
    """Of some time: messages per s, and response times in ms."""

    messages_per_s: float
    p50_ms: float
    p99_ms: float


class Watched(threading.Thread):
    """Reads what a command holds every second, from its start to its end."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__()
        self.process = process
        self.held: list[Held] = []
        self.start()

    def run(self) -> None:
        """Read until it ends."""
        observed, began = psutil.Process(self.process.pid), time.monotonic()
        while self.process.poll() is None:
            resident_mb = observed.memory_info().rss / 2**20
            self.held.append(Held(time.monotonic() - began, resident_mb, observed.num_fds()))
            time.sleep(SAMPLE_S)

    def at(self, t_s: float) -> Held:
        """The reading nearest to this time, with the fewest descriptors of some seconds around it.

        A file that is read at this moment is closed again.
        """
        nearest = sorted(self.held, key=lambda held: abs(held.t_s - t_s))[:READINGS]
        return nearest[0]._replace(descriptors=min(held.descriptors for held in nearest))


def of_run(directory: Path) -> list[Figures]:
    """Of each slice of its step."""
    run = read_run(directory)
    ((server, workload, _, connections),) = run.keys()
    return [
        Figures(responses.total / length_s, *responses.percentiles_ns([50, 99]) / 1e6)
        for _, length_s, responses in run.slices(server, workload, connections)
    ]


def of_load(file: Path) -> list[Figures]:
    """Of each second."""
    series: list[dict[str, Any]] = json.loads(file.read_text())["series"]
    columns = ("messages_per_s", "response_p50_ms", "response_p99_ms")
    # A second without any reply has no percentiles: it counts as the slowest.
    return [
        Figures(*(inf if (value := second[column]) is None else value for column in columns))
        for second in series
    ]


def typical(figures: Sequence[Figures]) -> Figures:
    """The medians."""
    return Figures(*map(median, zip(*figures, strict=True)))


def parts(figures: Sequence[Figures]) -> list[Figures]:
    """The medians of each sixth."""
    bounds = [len(figures) * part // PARTS for part in range(PARTS + 1)]
    return [typical(figures[first:last]) for first, last in pairwise(bounds)]


def fresh_s(seconds: float) -> float:
    """How long a fresh load takes, beside an old one of so many seconds."""
    return min(FRESH_S, seconds / PARTS / 2)


def fresh_loads(load: Sequence[str], seconds: float, file: Path) -> Iterator[tuple[float, Figures]]:
    """In the middle of each sixth, when a fresh load began, in s from now, and its figures."""
    began, length_s = time.monotonic(), fresh_s(seconds)
    command = [*C10K, *load, "--duration", f"{length_s:g}s", "--json", str(file), "--quiet"]
    for part in range(PARTS):
        start_s = (part + 0.5) * seconds / PARTS
        time.sleep(max(0.0, began + start_s - time.monotonic()))
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield start_s, typical(of_load(file))


def main() -> int:
    """Print the tables; 1 if anything is not as promised."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    seconds = 60 * minutes
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        directory, file = Path(scratch) / "run", Path(scratch) / "load.json"
        serve = [*C10K, "serve", "asyncio_protocol"]
        server = stack.enter_context(
            subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        )
        stack.callback(server.terminate)
        assert server.stdout
        address = f"127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        duration = ["--duration", f"{seconds:g}s"]
        run = ["run", "--server", "asyncio_protocol", "--workload", "long,rate=1", *duration]
        run += ["--steps", CONNECTIONS, "--profile", "quick", "--force", "--quiet", "--no-report"]
        load = ["load", address, "-c", CONNECTIONS, "--rate", "1"]
        commands = {
            "run": [*run, "--out", str(directory)],
            "load": [*load, *duration, "--json", str(file), "--quiet"],
        }
        watched = {
            name: Watched(subprocess.Popen([*C10K, *command], text=True, stdout=subprocess.DEVNULL))
            for name, command in commands.items()
        }
        for each in watched.values():
            stack.callback(each.process.terminate)
        fresh = list(fresh_loads(load, seconds, Path(scratch) / "fresh.json"))
        for name, each in watched.items():
            each.join()
            if each.process.returncode:
                sys.exit(f"c10k {name} failed")
        figures = {"run": of_run(directory), "load": of_load(file)}
    wrong = 0
    print(f"{machine()}, {minutes:g} minutes\n")
    print("| command | at | resident memory, MB | descriptors |\n| --- | ---: | ---: | ---: |")
    for name, each in watched.items():
        first, last = each.at(SETTLED * seconds), each.at(ENDING * seconds)
        for held in (first, last):
            minute, resident_mb = held.t_s / 60, held.resident_mb
            print(f"| {name} | {minute:.1f} min | {resident_mb:.1f} | {held.descriptors:,} |")
        wrong += last.resident_mb - first.resident_mb >= MOST_GROWN_MB
        wrong += last.descriptors > first.descriptors
    print(
        "\n| command | part | messages/s | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: |"
    )
    for name, all_of_it in figures.items():
        for number, part in enumerate(parts(all_of_it), start=1):
            cells = f"{part.messages_per_s:,.0f} | {part.p50_ms:.3f} | {part.p99_ms:.3f}"
            print(f"| {name} | {number} of {PARTS} | {cells} |")

    print("\n| part | old load, p50 ms | fresh load, p50 ms | old ÷ fresh |")
    print("| --- | ---: | ---: | ---: |")
    ratios = []
    for number, (start_s, new) in enumerate(fresh, start=1):
        first = int(start_s - START_S)  # both begin to measure some seconds after they start
        old = typical(figures["load"][first : first + int(fresh_s(seconds))])
        ratios.append(old.p50_ms / new.p50_ms)
        print(f"| {number} of {PARTS} | {old.p50_ms:.3f} | {new.p50_ms:.3f} | {ratios[-1]:.2f} |")
    wrong += minutes >= LONG_MINUTES and ratios[-1] > MOST_SLOWER * max(ratios[:-1])
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
