"""The arguments of `c10k ab`, and what it calls."""

import argparse
from pathlib import Path

from c10k.ab.plan import Request
from c10k.options import add_options, digits


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    group = parser.add_argument_group("what is compared")
    add_options(group, Request, "base", "head", "base-command", "head-command")
    add_options(group, Request, "base-ref", "command", "setup")
    group = parser.add_argument_group("how")
    add_options(group, Request, "workload", "connections", "duration", "budget", "margin")
    group.add_argument(
        "--seed", type=digits, metavar="N", help="of the coin that decides who comes first"
    )
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="read these options from a TOML file"
    )
    group.add_argument(
        "--force", action="store_true", help="although another run is under way on this machine"
    )
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's directory (default: results/runs/DATE)"
    )
    for flag, what in (("json", "JSON"), ("junit", "JUnit XML"), ("markdown", "Markdown")):
        group.add_argument(f"--{flag}", metavar="FILE", help=f"write the verdicts as {what}")
    group.add_argument(
        "-q", "--quiet", action="store_true", help="print the verdicts and the directory alone"
    )
    parser.epilog = (
        "Exit status: 0 no metric is worse; 1 a regression; 2 wrong request; 3 not possible on "
        "this machine, a server failed, or another run is under way; 130 interrupted. What was "
        "measured is kept."
    )


def execute(args: argparse.Namespace) -> int:
    """Measure pairs, print the verdicts, and the run's directory last."""
    from c10k.ab.command import ab

    return ab(args)
