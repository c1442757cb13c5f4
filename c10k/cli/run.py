"""The arguments of `c10k run`, and what it calls."""

import argparse
import sys
from contextlib import ExitStack, redirect_stdout, suppress
from pathlib import Path
from typing import Final, TextIO, cast

from c10k.cli import report
from c10k.experiment.plan import Plan
from c10k.options import add_options, options_of
from c10k.outcome import Status
from c10k.output.columns import show
from c10k.output.files import opened
from c10k.output.standard_output import Output
from c10k.workers.options import Workers

OPTIONS: Final = (
    *("servers", "commands", "workloads", "rate", "size", "steps", "profile", "duration"),
    *("repeat", "fit", "find-max", "slo", "slo-p99", "map"),
    *("serve-on", "serve-address", "serve-python"),
)
"""The keys of a plan that the command line may override."""
LIST: Final = object()  # --config without a value


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_options(parser, Plan, *OPTIONS)
    parser.add_argument(
        "--config",
        nargs="?",
        const=LIST,
        metavar="EXPERIMENT",
        help="an experiment: its name, such as chapter, or a FILE.toml of your own; other options "
        "override it. Without a value: list the experiments",
    )
    parser.add_argument(
        "--out",
        type=_directory,
        metavar="DIR",
        help="the run's directory (default: results/runs/DATE)",
    )
    parser.add_argument(
        "--resume",
        type=_directory,
        metavar="DIR",
        help="continue an interrupted run, with its own plan",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="measure although another run is under way on this machine; both record a warning "
        "(c10k load and c10k ui do not count)",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the steps, the thresholds and the outcome as JSON to FILE; with -, JSON is all "
        "that standard output has, and the rest goes to standard error",
    )
    for flag, what in (("junit", "JUnit XML"), ("markdown", "Markdown")):
        parser.add_argument(
            f"--{flag}",
            metavar="FILE",
            help=f"write the thresholds, met and missed, and the outcome as {what} to FILE",
        )
    parser.add_argument(
        "--no-report",
        action="store_true",
        help="write no page and print no summary; `c10k report` makes them later",
    )
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print no progress, only warnings, the summary and the directory",
    )
    group = parser.add_argument_group("workers, which drive the load instead of this process")
    add_options(group, Workers, *options_of(Workers))
    report.add_language(parser)
    parser.epilog = (
        "Exit status: 0 every step was measured (the last lines name connections or messages that "
        "failed); 1 a step failed or missed a threshold; 2 wrong request; 3 not possible on this "
        "machine, or another run is under way; 130 interrupted by Ctrl-C, SIGTERM, SIGHUP or the "
        "loss of standard output. What was measured is kept."
    )


def _directory(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("needs the name of a directory")
    return Path(text)


def execute(args: argparse.Namespace) -> int:
    """Measure, write the report, and print the run's directory last."""
    if args.config is LIST:
        from c10k.experiment import shipped

        for name, summary in shipped.summaries():
            show(summary, f"{name:<22} ")
        return Status.DONE
    from c10k.cli.run_experiment import run
    from c10k.experiment.written import FORMATS

    with ExitStack() as stack:
        files = opened(args, FORMATS, stack)
        alone = args.json == "-"
        output = Output(sys.stderr if alone else sys.stdout)
        with redirect_stdout(cast("TextIO", output)):
            ending = run(args, output, essential=not alone)
        for name, file in files.items():
            with suppress(BrokenPipeError):
                file.write(FORMATS[name](ending))
    return ending.status
