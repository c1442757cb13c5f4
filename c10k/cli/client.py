"""The arguments of `c10k client`, and what it calls."""

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
    """Send lines until the input ends and all bytes have come back."""
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
    except OSError as error:  # those of the connection are ConversationErrors
        raise CommandError(f"standard input or output: {error.strerror}", Status.FAILED) from None
    return Status.DONE


def lines_until_quit(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream, with their ends, up to one that is `quit`.

    A line of more than CHUNK_BYTES comes in several pieces, which bounds the memory.
    """
    rest, begins = b"", True  # of the line that has not ended; whether it has its beginning
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
    """Yield what comes from standard input, until it ends or the conversation does.

    It waits for both: the server may close while the user types nothing. It reads the descriptor,
    since select does not know what Python's own buffer holds.
    """
    stdin = sys.stdin.fileno()
    over, ending = os.pipe()
    client.ended.add_done_callback(lambda _: os.write(ending, b"."))
    # select does not end for a signal that came just before it; a byte in this pipe ends it.
    os.set_blocking(ending, False)
    signal.set_wakeup_fd(ending)
    while over not in select.select([stdin, over], [], [])[0]:
        if not (chunk := os.read(stdin, CHUNK_BYTES)):
            return
        yield chunk


def _show(data: bytes) -> None:
    """Write to the descriptor of standard output. While a thread waits in Python's own buffer for a
    slow reader, the interpreter cannot exit."""
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]
