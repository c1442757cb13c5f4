"""The arguments of `c10k load`, and what it calls."""

import argparse
from typing import Annotated

from c10k.cli.arguments import connections
from c10k.loadgen.option import option
from c10k.loadgen.workload import Workload
from c10k.options import add_options, argument


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="where the server listens: HOST:PORT, tcp://host:port, http://host:port/path or "
        "ws://host:port/path, and over TLS tls://…, https://… or wss://…",
    )
    parser.add_argument(
        "-c",
        "--connections",
        type=connections,
        default=100,
        metavar="N",
        help="connections, such as 100 or 10k (default: 100)",
    )
    parser.add_argument(
        "-d",
        "--duration",
        type=argument(Annotated[float, option("", "duration", gt=0, le=86_400, unit=" s")]),
        default=10.0,
        metavar="TIME",
        help="how long, such as 10s or 2m (default: 10s)",
    )
    parser.add_argument(
        "--warmup",
        type=argument(Annotated[float, option("", "duration", ge=0, le=3600, unit=" s")]),
        metavar="TIME",
        help="wait at most so long before that for a steady throughput; 0 for none (default: 3s, "
        "or --duration if that is less)",
    )
    parser.add_argument(
        "--remote",
        action="store_true",
        help="the target may be another host: load only what is yours",
    )
    parser.add_argument(
        "--max-failed",
        type=argument(Annotated[float, option("", "share", ge=0, le=1)]),
        default=0.01,
        metavar="SHARE",
        help="exit 1 where more of the connections or of the messages were lost; 100%% is never "
        "(default: 1%%)",
    )
    group = parser.add_argument_group("when messages are sent")
    add_options(group, Workload, "rate", "arrivals", "seed", "active", "messages-per-connection")
    add_options(group, Workload, "timeout", "reconnect")
    group = parser.add_argument_group("what is sent")
    add_options(group, Workload, "protocol", "size", "path", "send", "expect")
    _configure_tls(parser.add_argument_group("TLS"))
    _configure_loader(parser.add_argument_group("the loader"))
    _configure_output(parser.add_argument_group("output"))


def _configure_tls(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--tls", action="store_true", help="also to a target HOST:PORT")
    how = group.add_mutually_exclusive_group()
    how.add_argument(
        "--tls-ca",
        metavar="FILE",
        help="the certificates that are trusted, as PEM (default: those that this system trusts)",
    )
    how.add_argument(
        "--tls-insecure", action="store_true", help="do not verify the server's certificate"
    )


def _configure_loader(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--threads",
        type=argument(Annotated[int, option("", "count", ge=1, le=256)]),
        default=1,
        metavar="K",
        help="loader threads (default: 1); processes, as many as it takes, where there are more "
        "connections than one process may have open files",
    )
    group.add_argument(
        "--engine",
        choices=("auto", "native", "portable"),
        default="auto",
        help="what drives the connections: native threads, an event loop of Python's, or native "
        "where it is built (the default)",
    )
    group.add_argument(
        "--cpus", metavar="LIST", help="CPUs for the loader threads in turn, such as 0,2-3"
    )
    group.add_argument(
        "--spin",
        action="store_true",
        help="with --rate and --cpus: poll just before a message is due, to send it on time to "
        "the microsecond",
    )
    group.add_argument(
        "--no-ceiling",
        action="store_false",
        dest="ceiling",
        help="leave out the loader ceiling: what this loader drives of an echo server that does "
        "nothing else, over as many connections. It is measured for a second before a closed loop "
        "of echo; a server that comes to 90%% of it may be faster, and the loader was the "
        "bottleneck",
    )


def _configure_output(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--series", action="store_true", help="print a line per second")
    group.add_argument(
        "--percentiles",
        action="store_true",
        help="print the whole spectrum, in the form of HdrHistogram's tools",
    )
    group.add_argument(
        "--json", metavar="FILE", help="write the figures as JSON to FILE, or to - alone"
    )
    group.add_argument("--hdr", metavar="FILE", help="write the histograms as an HdrHistogram log")
    group.add_argument(
        "-q", "--quiet", action="store_true", help="print errors only: no progress and no figures"
    )


def execute(args: argparse.Namespace) -> int:
    """Open the connections, load for the duration, print the figures."""
    from c10k.load.command import load

    return load(args)
