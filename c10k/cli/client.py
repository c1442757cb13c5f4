"""talk with an echo server, line by line"""

import argparse
import os
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from c10k.cli.arguments import port
from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from c10k.echo_client import EchoClient

CHUNK_BYTES: Final = 65_536
QUIT: Final = (b"quit", b"quit\r")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Send each line of standard input, until one is `quit` or the input ends, "
        "and print what the server sends."
    )
    parser.add_argument(
        "host", metavar="HOST", help="a name, each of whose addresses is tried, or an address"
    )
    parser.add_argument("port", metavar="PORT", type=port, help="where the server listens")


def execute(args: argparse.Namespace) -> int:
    """Converse until the input ends and all has come back."""
    from c10k.echo_client import ConversationError, EchoClient, UnreachableError

    if sys.stdin is None or sys.stdout is None:
        raise CommandError("standard input and output must be open")
    try:
        with EchoClient(args.host.strip("[]"), args.port, _show) as client:
            address = client.connected.result()
            if sys.stdin.isatty():
                print(f"connected to {address}; `quit` or Ctrl-D ends", file=sys.stderr)
            for line in lines_until_quit(_chunks(client)):
                client.send_message(line)
    except UnreachableError as error:
        raise CommandError(
            f"{error}; is an echo server listening there? "
            f"`c10k serve asyncio_streams --port {args.port}` starts one",
            Status.UNABLE,
        ) from None
    except ConversationError as error:
        raise CommandError(str(error), Status.FAILED) from None
    except BrokenPipeError:
        raise
    except OSError as error:  # the connection's own are ConversationErrors
        raise CommandError(f"standard input or output: {error.strerror}", Status.FAILED) from None
    return Status.DONE


def lines_until_quit(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, with their ends, up to one that is `quit`.

    A line of more than CHUNK_BYTES comes in several pieces, so that none needs unbounded memory.
    """
    rest, begins = b"", True  # of the line that has not ended; whether with its beginning
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if begins and line in QUIT:
                return
            yield line + b"\n"
            begins = True
        if len(rest) >= CHUNK_BYTES:
            yield rest
            rest, begins = b"", False
    if rest and not (begins and rest in QUIT):
        yield rest


def _chunks(client: "EchoClient") -> Iterator[bytes]:
    """What comes from standard input, until it ends or the conversation does.

    Waits for both, as a server may go away while a user thinks. Reads past Python's buffer, which
    would hide what it holds from select.
    """
    stdin = sys.stdin.fileno()
    over, ending = os.pipe()
    client.ended.add_done_callback(lambda _: os.write(ending, b"."))
    # A signal that comes between Python's last look for one and select would not end select.
    os.set_blocking(ending, False)
    signal.set_wakeup_fd(ending)
    while over not in select.select([stdin, over], [], [])[0]:
        if not (chunk := os.read(stdin, CHUNK_BYTES)):
            return
        yield chunk


def _show(data: bytes) -> None:
    """Write to standard output, past Python's buffer: while a thread waits in it for a slow reader,
    the interpreter cannot exit."""
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]
