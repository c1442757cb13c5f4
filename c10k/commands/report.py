"""write the page, pictures and tables of a run, or of several side by side"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from c10k.outcome import CommandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run", type=Path, nargs="?", metavar="RUN_DIR", help="the directory of a run"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        metavar="RUN_DIR",
        help="several runs side by side instead, each by the first",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where to write (default: reports/out/RUN, or reports/out/compare)",
    )

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
    """Write the report and print where its page is."""
    if (args.run is None) is (args.compare is None):
        raise CommandError("name the directory of a run, or several after --compare")
    try:
        if args.compare:
            print(write_comparison(args.compare, args.out, args.lang))
        else:
            print(write(args.run, args.out, args.lang))
    except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
        from results.schema import one_line

        what = " and ".join(map(str, args.compare or [args.run]))
        raise CommandError(one_line(f"no report of {what}: {error}")) from None
    return 0


def write(run: Path, out: Path | None, language: str) -> Path:
    """Build the report of `run`; the path of its page."""
    from reports.build import build_report

    # Not Path.resolve, which raises RuntimeError for a loop of links.
    return build_report(run, out or Path("reports/out", Path(os.path.realpath(run)).name), language)


def write_comparison(runs: Sequence[Path], out: Path | None, language: str) -> Path:
    """Build the page of several runs; its path."""
    from reports.compare import build_comparison

    return build_comparison(runs, out or Path("reports/out/compare"), language)
