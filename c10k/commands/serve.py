"""run one server of the catalogue in the foreground"""

import argparse
import os
import socket

from c10k.outcome import CommandError, Status


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("server", metavar="SPEC", help="a server, such as threaded,stack=256k")
    parser.add_argument("--port", type=int, default=0, help="the port (default: a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="the address (default: loopback)")
    parser.add_argument("--verbose", action="store_true", help="log connections and messages")


def execute(args: argparse.Namespace) -> int:
    """Become the server: signals and standard streams are its own."""
    from c10k.limits import raise_soft_descriptor_limit
    from servers.catalogue import parse_spec

    if not 0 <= args.port <= 65535:
        raise CommandError(f"--port must be from 0 to 65535, not {args.port}")
    try:
        command = parse_spec(args.server).command(host=args.host, port=args.port)
    except ValueError as error:
        raise CommandError(str(error)) from None
    try:
        socket.create_server((args.host, args.port)).close()
    except OSError as error:  # said here in one way, whatever the server
        raise CommandError(
            f"cannot listen: {error.strerror}; choose another --port or --host, or end the program "
            "that has it"
        ) from None
    raise_soft_descriptor_limit()
    try:
        os.execv(command[0], command + ["--verbose"] * args.verbose)
    except OSError as error:
        raise CommandError(f"{command[0]} cannot be run: {error.strerror}", Status.UNABLE) from None
