"""The arguments of `c10k audit`, and what it calls."""

import argparse
from typing import Annotated

from c10k.loadgen.option import option
from c10k.options import argument


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.usage = "%(prog)s [options] -- COMMAND"
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="the loader, with {host} and {port} for where the server listens, and {output} for a "
        "file that it may write: wrk --latency -t1 -c100 -d10s http://{host}:{port}/",
    )
    parser.add_argument(
        "--reader",
        metavar="NAME",
        help="what reads its report: the name of a loader that is known, or a TOML file (default: "
        "by the command's first word)",
    )
    parser.add_argument(
        "--protocol",
        choices=("echo", "http"),
        help="what the loader speaks (default: by its reader)",
    )
    parser.add_argument(
        "--behaviour",
        action="append",
        metavar="NAME",
        help="audit it against this one alone, such as stall; may be repeated",
    )
    parser.add_argument(
        "--limit",
        type=argument(Annotated[float, option("", "duration", gt=0, le=3600, unit=" s")]),
        default=120.0,
        metavar="TIME",
        help="how long the loader may run each time (default: 120s)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the findings as JSON; - to print it")
    parser.epilog = (
        "Its duration must be at least 8 s (wrk2: 23 s), or the silences of the server fall "
        "outside. Exit status: 0 no figure is wrong; 1 one is; 2 wrong request; 3 it cannot be "
        "audited."
    )


def execute(args: argparse.Namespace) -> int:
    """Audit the loader."""
    from c10k.audit.command import audit

    return audit(args)
