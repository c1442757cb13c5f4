"""Opens a million connections, and measures how long that takes and what memory it takes.

    python -m benchmarks.million [CONNECTIONS [SERVER [PICTURE.png]]]

Runs `c10k serve SERVER -c CONNECTIONS` (asyncio_workers by default) and `c10k load … -c
CONNECTIONS` with 5,000 messages/s, until each connection has sent one, and looks at both, and at
the kernel, while connections open. Prints Markdown: at round numbers of connections how long they
took to open, how fast they opened then, the memory of the loader, and what each further connection
took of the server's and the kernel's; then what `c10k load` reports. 1 if not all were open, or if
they opened less than half as fast at nine tenths of them as at a twentieth.

The kernel's memory is what MemAvailable lost and the two programs did not take: what it needs for
both ends of a connection.
"""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import psutil

from benchmarks.measure import machine

CONNECTIONS: Final = 1_000_000
ROUND: Final = (10_000, 30_000, 100_000, 300_000, 500_000, 750_000, 900_000)
MESSAGES_PER_S: Final = 5_000
COUNT_S: Final = 0.2
SAMPLES: Final = 30  # of memory; one takes 0.2 s: the kernel walks all pages of 103 processes
KIB: Final = 1024
C10K: Final = (sys.executable, "-m", "c10k")


class Count(NamedTuple):
    """How many were open at a moment of the opening."""

    t_s: float
    connections: int


class Sample(NamedTuple):
    """At a moment of the opening; memory in bytes."""

    t_s: float
    connections: int
    loader: int
    server: int
    available: int


def tree(pid: int) -> Iterator[int]:
    """A process and those below it."""
    process = psutil.Process(pid)
    yield from (each.pid for each in [process, *process.children(recursive=True)])


def held(pids: Sequence[int]) -> int:
    """The memory of processes, pages that they share once (proc(5), smaps_rollup: Pss)."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * KIB


def connections() -> int:
    """How many there are on this host, both of whose ends are here (proc(5), sockstat)."""
    text = Path("/proc/net/sockstat").read_text()
    words = next(line for line in text.splitlines() if line.startswith("TCP:")).split()
    return int(words[words.index("inuse") + 1]) // 2


def opened(
    loader: "subprocess.Popen[str]", server: int, wanted: int
) -> tuple[list[Count], list[Sample]]:
    """How many are open until all are, or the loader ends; and samples at round numbers of them."""
    counts: list[Count] = []
    samples: list[Sample] = []
    ahead = sorted({*ROUND, *range(0, wanted, max(1, wanted // SAMPLES)), wanted}, reverse=True)
    began_s = time.monotonic()
    while loader.poll() is None and (not counts or counts[-1].connections < wanted):
        counts.append(Count(time.monotonic() - began_s, connections()))
        if counts[-1].connections >= ahead[-1]:
            with suppress(OSError, psutil.NoSuchProcess):  # a process has just ended
                memory = held(list(tree(loader.pid))), held(list(tree(server)))
                samples.append(Sample(*counts[-1], *memory, psutil.virtual_memory().available))
            while ahead and counts[-1].connections >= ahead[-1]:
                ahead.pop()
        time.sleep(COUNT_S)
    return counts, samples


def rate(counts: Sequence[Count], at: int, wanted: int) -> float:
    """Connections per second as so many were open: over a twentieth of all around it."""
    ends = [max(0, at - wanted // 40), min(wanted, at + wanted // 40)]
    times_s = np.interp(ends, [each.connections for each in counts], [each.t_s for each in counts])
    return float(np.diff(ends)[0] / np.diff(times_s)[0])


def table(counts: Sequence[Count], samples: Sequence[Sample], wanted: int) -> Iterator[str]:
    """A row per round number that was reached, in Markdown."""
    rows = []
    for number in (*ROUND, wanted):
        reached = next((each for each in samples if each.connections >= number), None)
        if number <= wanted and reached and reached not in rows:
            rows.append(reached)
    yield (
        "| connections | open after, s | opening, /s | server, B | kernel, B | loader, GB | "
        "added, GB |"
    )
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for before, row in pairwise([rows[0], *rows]):
        more = row.connections - before.connections or math.nan  # of the first: nothing is known
        taken = before.available - row.available
        loader, server = row.loader - before.loader, row.server - before.server
        each = [
            f"{bytes_ / more:,.0f}".replace("nan", "–")
            for bytes_ in (server, taken - loader - server)
        ]
        speed = rate(counts, row.connections, wanted)
        used = (samples[0].available - row.available) / 1e9
        yield (
            f"| {row.connections:,} | {row.t_s:.1f} | {speed:,.0f} | {' | '.join(each)} | "
            f"{row.loader / 1e9:.2f} | {used:.2f} |"
        )


def draw(counts: Sequence[Count], samples: Sequence[Sample], file: Path) -> None:
    """Connections over time, and memory over connections."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    thousands = [each.connections / 1000 for each in samples]
    left.plot([each.t_s for each in counts], [each.connections / 1000 for each in counts])
    left.set(xlabel="seconds", ylabel="open connections, thousands", title="Opening")
    first = samples[0]
    parts = {
        "loader": [each.loader - first.loader for each in samples],
        "server": [each.server - first.server for each in samples],
    }
    taken = [first.available - each.available for each in samples]
    both = [sum(pair) for pair in zip(*parts.values(), strict=True)]
    parts["kernel, both ends"] = [all_ - some for all_, some in zip(taken, both, strict=True)]
    for name, values in parts.items():
        right.plot(thousands, [value / 1e9 for value in values], label=name)
    right.set(xlabel="open connections, thousands", ylabel="memory, GB", title="Memory")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.set(xlim=(0, None), ylim=(0, None))
    figure.savefig(file, dpi=110)


def main() -> int:
    """Open, measure, print; 1 if anything is not as promised."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server_name = sys.argv[2] if len(sys.argv) > 2 else "asyncio_workers"
    serve = [*C10K, "serve", server_name, "-c", str(wanted)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            port = json.loads(server.stdout.readline())["port"]
            one_each_s = math.ceil(wanted / MESSAGES_PER_S)
            load = [*C10K, "load", f"127.0.0.1:{port}", "-c", str(wanted), "-d", f"{one_each_s}s"]
            load += ["--rate", f"{MESSAGES_PER_S / wanted:g}", "--json", "-"]
            with subprocess.Popen(load, stdout=subprocess.PIPE, text=True) as loader:
                try:
                    counts, samples = opened(loader, server.pid, wanted)
                    printed, _ = loader.communicate()
                finally:
                    loader.terminate()
        finally:
            server.terminate()
    print(f"{machine()}, {server_name}\n")
    print("\n".join(table(counts, samples, wanted)))
    found: dict[str, Any] = json.loads(printed)
    print("\n```json")
    print(json.dumps({name: found[name] for name in REPORTED}, indent=2))
    print("```")
    if len(sys.argv) > 3:
        draw(counts, samples, Path(sys.argv[3]))
    early, late = (rate(counts, int(share * wanted), wanted) for share in (0.05, 0.9))
    print(f"\nOpening at a twentieth: {early:,.0f} /s, at nine tenths: {late:,.0f} /s")
    return int(found["connected"] < wanted or not late >= early / 2)


REPORTED: Final = ("connected", "due", "sent", "received", "messages_per_s", "lost", "response_ms")


if __name__ == "__main__":
    sys.exit(main())
