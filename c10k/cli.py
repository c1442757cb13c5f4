"""The command line: what may be asked, and which command answers."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from c10k import VERSION
from c10k.commands import client, doctor, load, report, run, serve, servers, ui
from c10k.outcome import CommandError, Status

# Imported above are only arguments and texts: each command imports what it works with when it
# runs, so that --help answers at once.
COMMANDS: Final = {
    "run": run,
    "load": load,
    "report": report,
    "servers": servers,
    "serve": serve,
    "client": client,
    "doctor": doctor,
    "ui": ui,
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="c10k",
        description="Measure what a server's concurrency model costs, "
        "from 10 to 10,000 connections.",
        epilog="Start with `c10k run --profile quick`. "
        "Exit status: 0 done, 1 measured and failed, 2 wrong request, "
        "3 not possible on this machine, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"c10k {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").split("\n", 1)[0]
        command = commands.add_parser(name, help=summary, description=summary)
        module.configure(command)
        command.set_defaults(execute=module.execute)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.execute(args))
    except CommandError as error:
        print(f"c10k: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("c10k: interrupted", file=sys.stderr)
        return Status.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has closed it, as `head` does; keep the interpreter from
        # complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
