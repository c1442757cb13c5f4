"""Fetches the runs of earlier nights, and prints the commit of the last of them.

    python3 nightly.py DIRECTORY

Each run of bench.yml on main left an artefact `run`, which GitHub keeps for 90 days. It goes to
DIRECTORY/ID. A night without one (it was cancelled, say) measured nothing and does not count.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 60  # runs: two months


def main(directory: Path) -> None:
    """Fetch them, the last first."""
    directory.mkdir(parents=True, exist_ok=True)
    last = ""
    listing = ["run", "list", "--workflow", "bench.yml", "--branch", "main"]
    listing += ["--status", "completed", "--limit", str(MOST), "--json", "databaseId,headSha"]
    for run in json.loads(gh(*listing).stdout):
        name = str(run["databaseId"])
        if gh("run", "download", name, "--name", "run", "--dir", str(directory / name)).returncode:
            print(f"run {name} has left nothing", file=sys.stderr)
        else:
            last = last or run["headSha"]
    print(last)


def gh(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run GitHub's command."""
    return subprocess.run(["gh", *arguments], stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
