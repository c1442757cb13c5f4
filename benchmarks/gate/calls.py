"""How often `c10k ab` is right, in real calls: of the same server twice, and of one made worse.

    python -m benchmarks.gate.calls DIR [KIND=N …] [--burn] [-- option of `c10k ab` …]

KIND is one of same, cpu_10, cpu_5, memory, system_call and p99; N is how many calls of it there are
to be in DIR in all. So a second command goes on where the first ended. With --burn another process
keeps a CPU busy half of the time. Prints a Markdown table of all calls in DIR.

A call of a worse server ends once the worse metric has its verdict: the others may differ by ANY.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from benchmarks.gate.call import call, split
from c10k.results.metrics import METRICS

SERVER: Final = f"{sys.executable} -P -m benchmarks.gate.server --port {{port}}"
BURNER: Final = """
import time
while True:
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        pass
    time.sleep(0.05)
"""
WORSE_BYTES: Final = 3072
LATE_EVERY: Final = 50  # 2 % of the messages: so the p99 is one of them
LATER: Final = 1.2
FIRST_S: Final = 60
SPIN: Final = 100
ANY: Final = "100%"
VERDICTS: Final = ("regression", "inconclusive", "equivalent", "improvement")
METRIC: Final = {
    "same": "",
    "cpu_10": "cpu",
    "cpu_5": "cpu",
    "memory": "memory",
    "system_call": "system_calls",
    "p99": "p99",
}
"""By kind, the metric that is worse in the head."""


def worse(known: dict[str, float]) -> dict[str, str]:
    """The options that make the head worse, by kind."""
    spin = {part: round(part * known["cpu"] / known["spin_us"]) for part in (0.05, 0.1)}
    return {
        "same": "",
        "cpu_10": f"--spin {spin[0.1]}",
        "cpu_5": f"--spin {spin[0.05]}",
        "memory": f"--keep {WORSE_BYTES}",
        "system_call": "--calls 1",
        "p99": late(known["late_s"]),
    }


def others(kind: str) -> Iterator[str]:
    """The options that let a call end once the metric that is worse has its verdict."""
    if METRIC[kind]:
        for name in METRICS.keys() - {METRIC[kind]}:
            yield from ("--margin", f"{name}={ANY}")


def late(seconds: float) -> str:
    """The options by which some messages are answered so much later."""
    return f"--late-every {LATE_EVERY} --late-s {seconds:.6f}"


def sides(head: str = "") -> tuple[str, ...]:
    """The options that name base and head; the latter has options of its own."""
    return "--base-command", f"base={SERVER}", "--head-command", f"head={SERVER} {head}".rstrip()


def known_of(directory: Path, options: Sequence[str]) -> dict[str, float]:
    """What the base's metrics are here, what a loop costs, and how late a message must be for the
    p99 to be a fifth more: measured once for all calls.
    """
    path = directory / "known.json"
    if not path.exists():
        options = [*options, "--budget", f"{FIRST_S}s"]
        base, head = _values(call(sides(f"--spin {SPIN}"), directory / "known-spin", options))
        known = base | {"spin_us": (head["cpu"] - base["cpu"]) / SPIN}
        late_s = (LATER * base["p99"] - base["p50"]) / 1e3
        base, head = _values(call(sides(late(late_s)), directory / "known-late", options))
        known["late_s"] = late_s + (LATER * base["p99"] - head["p99"]) / 1e3
        path.write_text(json.dumps(known, indent=2))
    found: dict[str, float] = json.loads(path.read_text())
    return found


def _values(found: dict[str, Any]) -> Iterator[dict[str, float]]:
    """The metrics of base, and those of head."""
    for side in ("base", "head"):
        yield {each["metric"]: each[side] for each in found["metrics"]}


@contextmanager
def burning() -> Iterator[None]:
    """Let another process keep a CPU busy half of the time."""
    process = subprocess.Popen([sys.executable, "-c", BURNER])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def table(directory: Path) -> Iterator[str]:
    """Of each kind: in how many calls which verdict was given on the metric that is worse; of the
    same server, in how many any metric was called worse or better.
    """
    yield "| head | calls | found | inconclusive | equivalent | better | ratio | pairs | minutes |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for kind, metric in METRIC.items():
        calls = [json.loads(path.read_text()) for path in sorted(directory.glob(f"{kind}-*.json"))]
        if not calls:
            continue
        found = [
            [each for each in call["metrics"] if each["metric"] == metric or not metric]
            for call in calls
        ]
        verdicts = [{each["verdict"] for each in metrics} for metrics in found]
        counts = [sum(word in each for each in verdicts) for word in VERDICTS]
        ratio = f"{statistics.median(each['ratio'] for (each,) in found):.3f}" if metric else ""
        pairs = statistics.median(call["pairs"] for call in calls)
        minutes = statistics.median(call["seconds"] for call in calls) / 60
        cells = [kind, len(calls), *counts, ratio, f"{pairs:.0f}", f"{minutes:.1f}"]
        yield f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Make the calls that are lacking, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("kinds", nargs="*", help="KIND=N")
    parser.add_argument("--burn", action="store_true")
    own, options = split(sys.argv[1:])
    args = parser.parse_args(own)
    args.directory.mkdir(parents=True, exist_ok=True)
    with burning() if args.burn else nullcontext():
        for wanted in args.kinds:
            kind, _, number = wanted.partition("=")
            for index in range(int(number)):
                path = args.directory / f"{kind}-{index:02}.json"
                if not path.exists():
                    head = worse(known_of(args.directory, options))[kind]
                    found = call(sides(head), path.with_suffix(""), [*others(kind), *options])
                    path.write_text(json.dumps(found, indent=2))
    print("\n".join(table(args.directory)))


if __name__ == "__main__":
    main()
