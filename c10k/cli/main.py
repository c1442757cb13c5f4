"""The command line: parses it and runs one command."""

# PYTHON_ARGCOMPLETE_OK

import argparse
import errno
import io
import os
import re
import signal
import sys
from collections.abc import Container, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from threading import Timer
from typing import Final, NoReturn, TextIO

from c10k import VERSION
from c10k.outcome import CommandError, Status, say

COMMANDS: Final = {
    "run": "run the experiment, then write the report",
    "load": "load any server and print its figures",
    "ab": "compare two servers side by side, until it is known whether one is worse",
    "audit": "judge any load generator by what it reports of servers whose behaviour is known",
    "report": "write the page, pictures and tables of a run",
    "compare": "compare two stored runs: what has become worse, better, or stayed the same",
    "history": "show the figures of many runs over time, and the commits at which they changed",
    "export": "write a run as other programs read it: pytest-benchmark's JSON, CSV or JSON",
    "servers": "list the servers that can be measured",
    "serve": "run one server of the catalogue in the foreground",
    "client": "talk to an echo server, line by line",
    "doctor": "check whether this machine can run the experiment, and say what to change",
    "ui": "load servers by hand in Locust's web UI, watch them, and keep what was measured",
    "worker": "drive load for a `c10k run` on this or another host",
}
"""The commands, each a module here, and what they do. Only the one that is called is imported, and
it imports what it runs when it runs, so that every command and --help answer at once."""

ANYWHERE: Final = ("report", "compare", "history", "export", "servers", "client")
"""The commands that need no Linux: they neither measure nor start a server."""

NO_VALUE: Final = re.compile("--?[^=-][^=]*=--")
"""--option=--, of which argparse makes an empty list up to Python 3.12."""

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Parser(argparse.ArgumentParser):
    """A parser that refuses an argument in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Raise CommandError."""
        raise CommandError(f"{message.removeprefix('argument ')}; see `{self.prog} --help`")


def build_parser(named: Container[str] = COMMANDS) -> Parser:
    """Build the parser of the command line, with the arguments of those commands alone."""
    parser = Parser(
        prog="c10k",
        description="Measure what a server's concurrency model costs, "
        "from 10 to 10,000 connections.",
        epilog="Start with `c10k run --profile quick`. "
        "Exit status: 0 done, 1 measured and failed, 2 wrong request, "
        "3 not possible here, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"c10k {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name in named:
            module = import_module(f"c10k.cli.{name}")
            module.configure(command)
            command.set_defaults(execute=module.execute, refuse=command.error)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if it is closed
            stream.reconfigure(errors="replace")  # an odd character must not end the command
    failure = None
    try:
        if argv is None:
            sys.unraisablehook = _interrupt_again
        status = _answer(sys.argv[1:] if argv is None else argv)
    except BrokenPipeError:  # the reader of our output has closed it, as `head` does
        status = Status.DONE
    except OSError as error:
        failure, status = error, Status.UNABLE
    except KeyboardInterrupt:
        if argv is None:
            _end_on_signals()
        say("interrupted")
        status = Status.INTERRUPTED
    if argv is None:
        _end_on_signals()
    failure = _flushed(sys.stdout) or failure
    if failure and not isinstance(failure, BrokenPipeError):
        if not failure.filename and failure.errno in NO_ROOM:
            say(f"the output cannot be written: {failure.strerror}")
            status = Status.FAILED
        else:
            where = f"{failure.filename}: " if failure.filename else ""
            say(f"{where}{failure.strerror or failure}")
    _flushed(sys.stderr)
    return status


def _answer(argv: Sequence[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for completions
        from c10k.cli import completion

        completion.answer(build_parser())
    try:
        for word in filter(NO_VALUE.fullmatch, takewhile("--".__ne__, argv)):
            raise CommandError(f"{word}: -- is not a value")
        args, unknown = build_parser(argv).parse_known_args(argv)
        if sys.platform != "linux" and argv[0] not in ANYWHERE:
            raise CommandError(
                f"{argv[0]} needs Linux, for its epoll and /proc: run it in a container or a "
                "virtual machine",
                Status.UNABLE,
            )
        if unknown:  # names the command's own --help
            args.refuse(f"unrecognized arguments: {' '.join(unknown)}")
        _interrupt_on_signals()
        return int(args.execute(args))
    except SystemExit as ended:  # after --help and --version
        return int(ended.code or 0)
    except CommandError as error:
        say(str(error))
        return error.status
    except ModuleNotFoundError as error:  # an extra
        from c10k.extras import missing

        if error.name is None or error.name.startswith("c10k"):
            raise
        lacking = missing(error.name.partition(".")[0], argv[0])
        say(str(lacking))
        return lacking.status
    except MemoryError:
        say("there is not enough memory: measure fewer connections or smaller messages")
        return Status.UNABLE


def _interrupt_on_signals() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, so that it leaves nothing behind.

    What `nohup` ignores stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _interrupt_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Deliver a Ctrl-C once more that came while an object was deleted: Python would print it with
    a traceback, and go on.
    """
    if unraisable.exc_type is KeyboardInterrupt:
        Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()  # once that is over
    else:
        sys.__unraisablehook__(unraisable)


def _end_on_signals() -> None:
    """Let a further Ctrl-C end the process at once, now that its command has ended.

    The interpreter needs some 0.1 s to exit, and would answer with a traceback or abort.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.default_int_handler:
            signal.signal(number, signal.SIG_DFL)


def _flushed(stream: TextIO | None) -> OSError | None:
    """Flush the stream; the error if it cannot be written.

    Then it is redirected to nowhere: the interpreter flushes it again at exit and would complain.
    """
    if stream is None:  # closed from the start
        return None
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None
