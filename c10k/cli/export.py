"""The arguments of `c10k export`, and what it calls."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from c10k.results.store import Run

FORMATS: Final = ("pytest-benchmark", "csv", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="the JSON of pytest-benchmark, with the repeats as rounds (default), or every column "
        "of the steps as CSV or JSON",
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", default="-", help="where to write (default: standard output)"
    )


def execute(args: argparse.Namespace) -> int:
    """Write the run."""
    from c10k.output.files import OutputFile, json_text
    from c10k.results.exports import tables
    from c10k.results.exports.pytest_benchmark import pytest_benchmark
    from c10k.results.store import RunError, read_run

    write: dict[str, Callable[[Run], str]] = {
        "pytest-benchmark": lambda run: json_text(pytest_benchmark(run)),
        "csv": tables.as_csv,
        "json": tables.as_json,
    }
    with OutputFile("--out", args.out, or_stdout=True) as file:
        try:
            run = read_run(args.run)
        except RunError as error:
            raise CommandError(str(error)) from None
        if run.steps.empty:
            raise CommandError(f"{args.run} holds no step yet: let at least one end, then export")
        file.write(write[args.format](run))
    return Status.DONE
