"""The arguments of `c10k report`, and what it calls."""

import argparse
import sys
import webbrowser
from pathlib import Path

from c10k.outcome import CommandError
from c10k.output.files import RUNS


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run",
        type=Path,
        nargs="?",
        metavar="RUN_DIR",
        help=f"the directory of a run (default: the newest in {RUNS})",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: RUN_DIR/report)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    add_language(parser)


def add_language(parser: argparse.ArgumentParser) -> None:
    """Declare the language of reports."""
    parser.add_argument(
        "--lang",
        metavar="en|ko",
        default="en",
        help="the language of the report: English (default) or Korean",
    )


def execute(args: argparse.Namespace) -> int:
    """Write the report and print the path of its page."""
    from c10k.reports.build import build_report
    from c10k.reports.output import UnwritableError
    from c10k.results.schema import one_line

    run = args.run or _newest()
    try:
        page = build_report(run, args.out or run / "report", args.lang)
    except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
        remedy = ": write it elsewhere with --out DIR" if isinstance(error, UnwritableError) else ""
        raise CommandError(one_line(f"no report of {run}: {error}{remedy}")) from None
    print(page, flush=True)
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        print("c10k: no browser can be opened here", file=sys.stderr)
    return 0


def _newest() -> Path:
    from c10k.results.store import newest_run

    newest = newest_run(RUNS)
    if newest is None:
        raise CommandError(f"there is no run in {RUNS}: name a run's directory, or c10k run first")
    print(f"the newest run: {newest}", file=sys.stderr)
    return newest
