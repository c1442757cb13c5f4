"""FleetUser and EchoUser in Locust, on the same bare C echo server: prints a table in Markdown.

`python -m benchmarks.locust_users [USERS [SECONDS]]` loads in a closed loop with 10,000 users for
20 s each, one class after the other. Locust has one CPU and the server another, if there are two.
EchoUsers connect with a long think time, which then ends: under load they would need minutes.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.floor import compile_program
from benchmarks.measure import ROOT, machine
from c10k.host.limits import raise_soft_descriptor_limit
from c10k.servers.process import ServerProcess

USERS = 10_000
SECONDS = 20.0
SPAWN_RATE = 2_000
CLASSES = ("FleetUser", "EchoUser")
START_S = 120.0  # at most, until the users are connected

HEADINGS = (
    "user",
    "connected",
    "messages/s",
    "mean, ms",
    "Locust's p50, ms",
    "HDR's p50, ms",
    "messages/s × mean ÷ users",
    "Locust's CPU, cores",
)


def main(users: int = USERS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    raise_soft_descriptor_limit()
    cpus = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        program = str(compile_program("echo_server", Path(directory)))
        log = Path(directory, "log")
        with ServerProcess("floor", [program, "0"], log=log, cpus=cpus[1:] or cpus) as server:
            os.sched_setaffinity(0, cpus[:1])
            host = f"tcp://{server.host}:{server.port}"
            found = {name: _measured(name, host, users, seconds) for name in CLASSES}
    print(f"{machine()}; {users:,} users, closed loop, 64-byte messages\n")
    print(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}")
    for name, each in found.items():
        print(f"| {' | '.join(_cells(name, each))} |")
    fleet, echo = (_messages_per_s(found[name]) for name in CLASSES)
    print(f"\nFleetUser drives {fleet / echo:.1f} times the messages/s of EchoUser.")


def _measured(name: str, host: str, users: int, seconds: float) -> dict[str, float]:
    locustfile = Path(__file__).with_name("measured_locustfile.py")
    command = [
        *(sys.executable, "-m", "locust", "-f", str(locustfile), "--host", host, "--headless"),
        *("--users", str(users), "--spawn-rate", str(SPAWN_RATE), "--only-summary", name),
    ]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "WINDOW_S": str(seconds)},
        capture_output=True,
        text=True,
        timeout=START_S + seconds,
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if not lines:
        sys.exit(f"Locust ended with status {ended.returncode}:\n{ended.stderr}")
    measured: dict[str, float] = json.loads(lines[-1])
    if measured["failures"]:
        sys.exit(f"{measured['failures']:,} of {name}'s requests failed:\n{ended.stderr}")
    return measured


def _messages_per_s(found: dict[str, float]) -> float:
    return found["messages"] / found["seconds"]


def _cells(name: str, found: dict[str, float]) -> list[str]:
    per_s = _messages_per_s(found)
    hdr = f"{found['hdr_p50_ms']:.3f}" if "hdr_p50_ms" in found else "–"
    return [
        name,
        f"{found['connected']:,}",
        f"{per_s:,.0f}",
        f"{found['mean_ms']:.3f}",
        f"{found['p50_ms']:g}",
        hdr,
        f"{per_s * found['mean_ms'] / 1e3 / found['users']:.3f}",
        f"{found['locust_cpu_cores']:.3f}",
    ]


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
