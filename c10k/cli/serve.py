"""The arguments of `c10k serve`, and what it calls."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from c10k.cli.arguments import connections, port_or_0
from c10k.host.ports import check_free
from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from c10k.servers.catalogue import ServerSpec
    from c10k.servers.process import ServerProcess


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("server", metavar="SPEC", help="a server, such as threaded,stack=256k")
    parser.add_argument("--port", type=port_or_0, default=0, help="the port (default: a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="the address (default: loopback)")
    parser.add_argument(
        "-c",
        "--connections",
        type=connections,
        default=1,
        metavar="N",
        help="give a server that has workers as many as so many connections need",
    )
    parser.add_argument("--verbose", action="store_true", help="log connections and messages")


def execute(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP, or until the server ends by itself."""
    spec = _holding(runnable(args.server), args.connections)
    check_free(args.host, args.port)
    options = {"host": args.host, "port": args.port, "verbose": args.verbose, "foreground": True}
    try:
        with (
            started(spec, f"serve/{spec.server.name}/log", **options) as server,
            _certificate(server) as certificate,
        ):
            print(_where(server, certificate), flush=True)
            status = server.wait()
    except KeyboardInterrupt:
        return Status.DONE
    if status:
        ended = f"signal {-status}" if status < 0 else f"exit status {status}"
        raise CommandError(f"{spec.text} died ({ended})", Status.FAILED)
    return Status.DONE


def runnable(text: str) -> "ServerSpec":
    """The server that a SPEC names, if it can run here; else CommandError."""
    from c10k.servers.catalogue import parse_spec

    try:
        spec = parse_spec(text)
    except ValueError as error:
        raise CommandError(str(error)) from None
    if spec.missing:
        raise CommandError(f"{spec.text} cannot run here: {spec.missing}", Status.UNABLE)
    return spec


def _holding(spec: "ServerSpec", connections: int) -> "ServerSpec":
    """The server with enough workers for so many connections, if its SPEC leaves that open."""
    from c10k.host.limits import server_workers

    if (workers := server_workers(connections)) == 1 or "workers" in spec.options:
        return spec
    if not spec.server.spreads:
        raise CommandError(
            f"{spec.text} has one process, whose limit of open files (ulimit -Hn) is below "
            f"{connections:,}: serve asyncio_workers, or raise it with "
            "`sudo prlimit --pid $$ --nofile=N:N`",
            Status.UNABLE,
        )
    return replace(spec, options={**spec.options, "workers": str(workers)})


@contextmanager
def started(spec: "ServerSpec", log: str, **options: Any) -> Iterator["ServerProcess"]:  # noqa: ANN401 (those of ServerSpec.process)
    """Run a server with a log of this name in the cache. CommandError if it does not start."""
    from c10k.host.limits import raise_soft_descriptor_limit
    from c10k.servers.cache import cache_directory
    from c10k.servers.process import ServerStartError

    raise_soft_descriptor_limit()
    try:
        with spec.process(log=cache_directory() / log, **options) as server:
            yield server
    except ServerStartError as error:
        raise CommandError(str(error), Status.UNABLE) from None


@contextmanager
def _certificate(server: "ServerProcess") -> Iterator[str]:
    """Keep the certificate of a server of TLS in a file while it runs; the path, else empty."""
    if not server.certificate:
        yield ""
        return
    with NamedTemporaryFile("w", prefix="c10k-", suffix=".pem") as file:
        file.write(server.certificate)
        file.flush()
        yield file.name


def _where(server: "ServerProcess", certificate: str) -> str:
    """Return a sentence for a terminal; for a pipe JSON, as the servers print it, but with the path
    of the certificate.
    """
    if sys.stdout.isatty():
        trust = f"; its certificate is {certificate}" if certificate else ""
        where = f"{server.name} listens on {_named(server)} (pid {server.pid})"
        return f"{where}{trust}; Ctrl-C ends it"
    said: dict[str, int | str] = {"port": server.port, "pid": server.pid}
    if server.host != "127.0.0.1":
        said["host"] = server.host
    if certificate:
        said["certificate"] = certificate
    return json.dumps(said)


def _named(server: "ServerProcess") -> str:
    if server.host.startswith("unix:"):
        return server.host
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"
