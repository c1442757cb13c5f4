"""The arguments of `c10k ui`, and what it calls."""

import argparse
from pathlib import Path

from c10k.cli.arguments import port


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--server",
        action="append",
        metavar="SPEC",
        help="a server to choose in the form; repeat for more (default: threaded and "
        "asyncio_streams)",
    )
    parser.add_argument(
        "--command",
        action="append",
        metavar="NAME=CMDLINE",
        help="any program that serves, as for `c10k run`; repeat for more",
    )
    parser.add_argument("--port", type=port, default=8089, help="of the web UI (default: 8089)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="of the web UI (default: 127.0.0.1); one that other machines reach needs --login",
    )
    parser.add_argument(
        "--login",
        metavar="USER",
        help="require a login of this user, with the password in C10K_UI_PASSWORD, or else one "
        "that is made up and printed",
    )
    parser.add_argument(
        "--any-host",
        action="store_true",
        help="let the form load other hosts than the servers that this command starts; what these "
        "use is not observed, and no step is stored",
    )
    parser.add_argument(
        "--locustfile",
        type=Path,
        action="append",
        metavar="FILE",
        help="a file with user classes or shapes of your own, to choose in the form beside "
        "FleetUser, EchoUser and ChapterRamp; repeat for more",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the directory of the run (default: results/runs/DATE)",
    )
    parser.epilog = (
        "Each test begins on a fresh process of its server. A number of users that stays the same "
        "for 10 s or more is stored as a step, of one run per session; when a test stops, the "
        "report is built. Exit status: 0 or 130 ended by you; 1 Locust ended; 2 wrong request; "
        "3 not possible here."
    )


def execute(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from c10k.ui.command import run

    return run(args)
