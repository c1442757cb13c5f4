"""write the page, pictures and tables of a run"""

import argparse
from pathlib import Path

from c10k.outcome import CommandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the directory of a run")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: reports/out/RUN)"
    )


def execute(args: argparse.Namespace) -> int:
    """Write the report and print where its page is."""
    try:
        print(write(args.run, args.out))
    except (ValueError, OSError) as error:  # RunError and ReportError are ValueErrors
        raise CommandError(f"no report of {args.run}: {error}") from None
    return 0


def write(run: Path, out: Path | None = None) -> Path:
    """Build the report of `run`; the path of its page."""
    from reports.build import build_report

    return build_report(run, out or Path("reports/out", run.resolve().name))
