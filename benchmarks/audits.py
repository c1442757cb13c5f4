"""Audits load generators, and prints what each reports wrong as tables in Markdown.

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
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import ROOT, machine

C10K: Final = (
    *("c10k", "load", "tcp://{host}:{port}", "-c", "100", "-d", "10s", "--rate", "3"),
    *("--arrivals", "uniform", "--timeout", "10s", "--no-ceiling", "--json", "-", "--engine"),
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


def cell(row: dict[str, Any]) -> str:
    """What is wrong under a behaviour: each figure, by how much, and why."""
    wrong = []
    for each in row["figures"]:
        if each["wrong"]:
            off = ""
            if each["reported"] is not None and each["should"]:
                off = f" {each['reported'] / each['should'] - 1:+.0%}"
            wrong.append(f"{each['figure'].replace('_', ' ')}{off}: {each['wrong']}")
    return "; ".join(wrong) or "right"


def widest(row: dict[str, Any]) -> float:
    """By what share the worst of the right figures is off."""
    known = [each for each in row["figures"] if not each["wrong"] and each["should"]]
    return max((abs(each["reported"] / each["should"] - 1) for each in known), default=0.0)


def main() -> None:
    """Audit, print a table of each loader, and one of them all."""
    chosen = sys.argv[1:] or [name for name in LOADERS if shutil.which(LOADERS[name][0])]
    found = {}
    print(f"{machine()}, 100 connections, 10 s")
    for name in chosen:
        found[name] = rows = audited(LOADERS[name])
        print(f"\n{name}:\n\n| behaviour | finding | µs of CPU per message |\n| --- | --- | ---: |")
        for row in rows:
            cpu_us = row["cpu_us_per_message"]
            print(f"| `{row['behaviour']}` | {cell(row)} | {cpu_us:.1f} |", flush=True)
    print("\n| loader | right under | right figures are within |\n| --- | ---: | ---: |")
    for name, rows in found.items():
        right = sum(not any(each["wrong"] for each in row["figures"]) for row in rows)
        print(f"| {name} | {right} of {len(rows)} | {max(map(widest, rows)):.1%} |")


if __name__ == "__main__":
    main()
