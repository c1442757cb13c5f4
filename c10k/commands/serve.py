"""run one server of the catalogue in the foreground"""

import argparse
import json
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
    from servers.cache import cache_directory
    from servers.catalogue import Place, parse_spec
    from servers.process import ServerStartError, launcher

    if not 0 <= args.port <= 65535:
        raise CommandError(f"--port must be from 0 to 65535, not {args.port}")
    try:
        spec = parse_spec(args.server)
    except ValueError as error:
        raise CommandError(str(error)) from None
    if spec.missing:
        raise CommandError(f"{spec.text} cannot run here: {spec.missing}", Status.UNABLE)
    try:
        family = socket.AF_INET6 if ":" in args.host else socket.AF_INET
        socket.create_server((args.host, args.port), family=family).close()
    except OSError as error:  # said here in one way, whatever the server
        raise CommandError(
            f"cannot listen: {error.strerror}; choose another --port or --host, or end the program "
            "that has it"
        ) from None
    raise_soft_descriptor_limit()
    directory = cache_directory() / "serve" / spec.server.name
    launch = spec.launch(Place(args.host, args.port, directory, args.verbose))
    command = [*launcher(spec.cpus or None, spec.limits), *launch.command]
    try:
        if launch.prepare:
            directory.mkdir(parents=True, exist_ok=True)
            launch.prepare()
        if launch.directory:
            os.chdir(launch.directory)
        if launch.address:  # it does not say itself where it will listen
            host, port = launch.address
            print(json.dumps({"port": port, "pid": os.getpid(), "host": host}), flush=True)
        os.execve(command[0], command, {**os.environ, **launch.environment})
    except ServerStartError as error:
        raise CommandError(str(error), Status.UNABLE) from None
    except OSError as error:
        raise CommandError(f"{command[0]} cannot be run: {error.strerror}", Status.UNABLE) from None
