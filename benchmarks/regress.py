"""Compares the Python servers of the working tree with those of its merge base, side by side.

    python -m benchmarks.regress [--base REF] [--budget TIME] [--always] [SERVER …]

Runs `c10k ab` for each server, and writes what it found as Markdown to results/runs/regress.md, and
to the page of the job where GitHub runs it.

exit status: 0 no server is worse; 1 one is; 2 wrong usage; 3 it could not be measured.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SERVERS: Final = ("threaded", "asyncio_streams")
FOUND: Final = ROOT / "results" / "runs" / "regress.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("servers", nargs="*", default=SERVERS, metavar="SERVER")
    parser.add_argument("--base", help="a commit (default: the merge base with main)")
    parser.add_argument("--budget", default="4m", help="for each server (default: 4m)")
    parser.add_argument("--always", action="store_true", help="although no server has changed")
    options = parser.parse_args(arguments)
    base = options.base or merge_base()
    if base is None:
        print("there is no merge base with main: name a commit by --base", file=sys.stderr)
        return 2
    if not options.always and unchanged(base):
        print(f"servers/ is as at {base}: there is nothing to compare (--always does)")
        return 0
    FOUND.parent.mkdir(parents=True, exist_ok=True)
    FOUND.write_text("")
    statuses = [compare(name, base, options.budget) for name in options.servers]
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as page:
            page.write(FOUND.read_text(encoding="utf-8"))
    return max(statuses)


def merge_base() -> str | None:
    """The commit at which this branch left main; None where there is none."""
    for main in ("origin/main", "main"):
        found = subprocess.run(
            ["git", "merge-base", "HEAD", main], cwd=ROOT, capture_output=True, text=True
        )
        if not found.returncode:
            return found.stdout.strip()
    return None


def unchanged(base: str) -> bool:
    """Whether the servers are the same in the working tree and at the base."""
    differ = ["git", "diff", "--quiet", base, "--", "servers"]
    return not subprocess.run(differ, cwd=ROOT).returncode


def compare(name: str, base: str, budget: str) -> int:
    """Compare one server, and add what was found to FOUND; the exit status of `c10k ab`."""
    markdown = FOUND.with_suffix(f".{name}.md")
    command = [sys.executable, "-m", "c10k", "ab", "--base-ref", base, "--budget", budget]
    command += ["--command", f"{name}-here={sys.executable} servers {name} --port {{port}}"]
    status = subprocess.run([*command, "--markdown", str(markdown)], cwd=ROOT).returncode
    if markdown.exists():
        with FOUND.open("a", encoding="utf-8") as found:
            found.write(markdown.read_text(encoding="utf-8") + "\n")
        markdown.unlink()
    return status if status >= 0 else 3  # it was killed


if __name__ == "__main__":
    sys.exit(main())
