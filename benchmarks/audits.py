"""Audits load generators, and prints what each reports wrong as a table in Markdown.

    python -m benchmarks.audits [LOADER …]

Audits those of LOADERS that are installed, with 100 connections for 10 s under each behaviour: two
minutes each. c10k sends 3 messages/s on each connection, whatever has been answered, so that no
message waits for one that takes 250 ms; so does FleetUser. The others send the next message of a
connection once they have the reply.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.measure import ROOT, machine

C10K: Final = (
    *("c10k", "load", "tcp://{host}:{port}", "-c", "100", "-d", "10s", "--warmup", "0"),
    *("--rate", "3", "--arrivals", "uniform", "--timeout", "10s", "--no-ceiling", "--json", "-"),
    "--engine",
)
LOCUST: Final = (
    *("locust", "--headless", "--only-summary", "--csv", "{output}", "-u", "100", "-r", "100"),
    *("-t", "10s"),
)
HTTP: Final = "http://{host}:{port}/"
LOADERS: Final = {
    "c10k load, native": (*C10K, "native"),
    "c10k load, portable": (*C10K, "portable"),
    "Locust, FleetUser": (
        *(*LOCUST, "-f", str(ROOT / "loadgen/locustfile.py"), "-H", "tcp://{host}:{port}"),
        *("--rate", "3", "--arrivals", "uniform", "--timeout", "10", "FleetUser"),
    ),
    "Locust, HttpUser": (
        *LOCUST,
        *("-f", str(Path(__file__).with_name("audited_locustfile.py")), "-H", HTTP),
    ),
    "wrk": ("wrk", "--latency", "-t1", "-c100", "-d10s", "--timeout", "10s", HTTP),
    "ab": ("ab", "-q", "-k", "-r", "-s", "30", "-c", "100", "-t", "10", "-n", "10000000", HTTP),
    "hey": ("hey", "-c", "100", "-z", "10s", HTTP),
    "h2load": ("h2load", "--h1", "-c", "100", "-D", "10", HTTP),
    "siege": ("siege", "-b", "-c", "100", "-t", "10S", HTTP),
}


def audited(command: tuple[str, ...]) -> list[dict[str, Any]]:
    """What `c10k audit` found under each behaviour. Ends the program where it could not audit."""
    finished = subprocess.run(
        [sys.executable, "-m", "c10k", "audit", "--json", "-", "--", *command],
        stdout=subprocess.PIPE,
        text=True,
    )
    if finished.returncode not in (0, 1):
        sys.exit(finished.returncode)
    rows: list[dict[str, Any]] = json.loads(finished.stdout)["behaviours"]
    return rows


def wrong(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures that are wrong under a behaviour, by how much, and why."""
    found = []
    for each in row["figures"]:
        if each["wrong"]:
            known = each["reported"] is not None and each["should"]
            off = f" {each['reported'] / each['should'] - 1:+.0%}" if known else ""
            found.append((each["figure"].replace("_", " ") + off, each["wrong"]))
    return found


def table(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """A row per loader, in Markdown; CPU time is the median over the behaviours."""
    behaviours = [f"`{row['behaviour']}`" for row in next(iter(found.values()))]
    yield f"| loader | {' | '.join(behaviours)} | µs of CPU per message |"
    yield f"| --- | {'--- | ' * len(behaviours)}---: |"
    for name, rows in found.items():
        cells = [", ".join(figure for figure, _ in wrong(row)) or "right" for row in rows]
        cpu_us = median(row["cpu_us_per_message"] for row in rows)
        yield f"| {name} | {' | '.join(cells)} | {cpu_us:.0f} |"


def main() -> None:
    """Audit, print a table of all loaders, and why their wrong figures are."""
    chosen = sys.argv[1:] or [name for name in LOADERS if shutil.which(LOADERS[name][0])]
    found = {}
    for name in chosen:
        print(name, file=sys.stderr)
        found[name] = audited(LOADERS[name])
    print(f"{machine()}, 100 connections, 10 s\n")
    print("\n".join(table(found)), end="\n\n")
    for name, rows in found.items():
        for row in rows:
            for figure, why in wrong(row):
                print(f"- {name}, `{row['behaviour']}`: {figure}: {why}")


if __name__ == "__main__":
    main()
