"""load any server, anywhere, and print what it did"""

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from c10k.commands.servers import write_json
from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from loadgen.fleet import Cut, Fleet
    from loadgen.workload import Workload


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="HOST:PORT", help="where the server listens")
    parser.add_argument(
        "-c", "--connections", type=int, default=100, metavar="N", help="connections (default: 100)"
    )
    parser.add_argument(
        "-d",
        "--duration",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long (default: 10)",
    )
    _configure_schedule(parser.add_argument_group("when messages are sent"))
    _configure_messages(parser.add_argument_group("what is sent"))
    _configure_loader(parser.add_argument_group("the loader"))
    _configure_output(parser.add_argument_group("output"))


def _configure_schedule(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--rate",
        type=float,
        metavar="PER_CONNECTION",
        help="messages/s of each connection, due at fixed times (default: a closed loop, in which "
        "each sends its next message when the reply to the last has come)",
    )
    group.add_argument(
        "--arrivals",
        choices=("uniform", "poisson"),
        help="with --rate: evenly spread (the default), or as random as independent users are",
    )
    group.add_argument("--seed", type=int, metavar="N", help="of poisson arrivals (default: 0)")
    group.add_argument(
        "--active",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="of the connections that send; the others stay open and silent (default: 1)",
    )
    group.add_argument(
        "--messages-per-connection",
        type=int,
        metavar="N",
        help="close a connection after N messages and open another (default: keep it)",
    )
    group.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="after which a message counts as lost and its connection is closed (default: 30)",
    )


def _configure_messages(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--protocol",
        choices=("echo", "http", "raw"),
        help="echo: random bytes, each of which must come back (the default); http: GET requests "
        "answered with 2xx; raw: the same bytes each time, answered by so many",
    )
    group.add_argument(
        "--size", type=int, metavar="BYTES", help="of a message to be echoed (default: 64)"
    )
    group.add_argument("--path", help="what http asks for (default: /)")
    group.add_argument("--send", metavar="BYTES", help=r"what raw sends, such as 'PING\r\n'")
    group.add_argument("--expect", type=int, metavar="N", help="bytes of a reply to raw")
    group.add_argument(
        "--download",
        type=int,
        metavar="N",
        help="send the line N, and verify the N bytes that come, byte i being i mod 251",
    )


def _configure_loader(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--threads",
        type=int,
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


def _configure_output(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--series", action="store_true", help="print a line each second")
    group.add_argument(
        "--percentiles",
        action="store_true",
        help="print the whole spectrum, in the form of HdrHistogram's tools",
    )
    group.add_argument(
        "--json", metavar="FILE", help="write the figures as JSON to FILE, or to - alone"
    )
    group.add_argument(
        "--hdr", type=Path, metavar="FILE", help="write the histograms as an HdrHistogram log"
    )


def execute(args: argparse.Namespace) -> int:
    """Open the connections, load for the duration, print the figures."""
    from c10k.cpus import parse_cpus
    from c10k.limits import loader_processes, port_limits, raise_soft_descriptor_limit
    from loadgen.address import Address
    from loadgen.engines import loss
    from loadgen.fleet import Fleet

    host, port = _target(args.target)
    if args.connections < 1 or not 1 <= args.threads <= 256 or not 0 < args.duration <= 86400:
        raise CommandError(
            "-c must be 1 or more, --threads 1 to 256, -d above 0 and at most 86400 seconds"
        )
    try:
        workload = _workload(args)
        cpus = parse_cpus(args.cpus) if args.cpus else None
    except ValueError as error:
        raise CommandError(str(error)) from None
    raise_soft_descriptor_limit()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes = loader_processes(args.connections)
    try:
        addresses = 1 + len(Address.resolve(host, port).sources)
        for limit in port_limits(args.connections, addresses):
            if not limit.suffices:
                raise CommandError(
                    f"{args.connections:,} connections do not fit: {limit}", Status.UNABLE
                )
        fleet = Fleet(
            (host, port),
            workload,
            threads=max(args.threads, processes),
            processes=processes > 1,
            engine=args.engine,
            cpus=cpus,
            spin=args.spin,
        )
    except OSError as error:
        raise CommandError(f"{args.target}: {error.strerror or error}", Status.UNABLE) from None
    if args.engine == "auto" and (lost := loss()):
        print(f"c10k: {lost}", file=sys.stderr)
    with fleet:
        return _measure(args, workload, fleet)


def _target(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(f"the target is HOST:PORT, such as 127.0.0.1:9000; got {text!r}")
    return host.strip("[]"), int(port)


def _workload(args: argparse.Namespace) -> "Workload":
    """What is asked for. An option that would change nothing is refused: it was meant to."""
    from loadgen.workload import Workload

    if args.rate is None and (args.arrivals or args.seed is not None or args.spin):
        raise ValueError("--arrivals, --seed and --spin need --rate: a closed loop has no schedule")
    if args.download is not None and args.protocol:
        raise ValueError("--download is a protocol of its own: leave out --protocol")
    protocol = args.protocol or ("echo" if args.download is None else "download")
    for option, owner in (("size", "echo"), ("path", "http"), ("send", "raw"), ("expect", "raw")):
        if getattr(args, option) is not None and protocol != owner:
            raise ValueError(f"--{option} is for --protocol {owner}; this is {protocol}")
    if protocol == "raw" and (args.send is None or args.expect is None):
        raise ValueError("--protocol raw needs --send BYTES and --expect N")
    return Workload(
        "load",
        rate_per_connection=args.rate,
        arrivals=args.arrivals or "uniform",
        seed=args.seed or 0,
        protocol=protocol,
        size_bytes=64 if args.size is None else args.size,
        path=args.path or "/",
        send=_unescape(args.send or ""),
        expect_bytes=args.download or args.expect or 0,
        active=args.active,
        messages_per_connection=args.messages_per_connection,
        timeout_s=args.timeout,
    )


def _unescape(text: str) -> str:
    r"""The bytes that a shell can hardly hold, written as in C: \r, \n, \x00."""
    try:
        return text.encode().decode("unicode_escape")
    except ValueError as error:
        raise ValueError(f"--send: {error}") from None


def _measure(args: argparse.Namespace, workload: "Workload", fleet: "Fleet") -> int:
    from c10k.load import log, measure, text
    from c10k.load.figures import figures

    alone = args.json == "-"

    def look(what: str) -> None:
        text.show_progress(fleet, what)

    measurement = measure.open_connections(fleet, args.connections, look)
    if not measurement.opened.connected:
        text.hide_progress()
        raise _nobody_served(args.target, workload, measurement.opening)
    tell = text.print_interval if args.series and not alone else lambda _: None
    measure.hold(fleet, measurement, args.duration, look, tell)
    text.hide_progress()
    window = measurement.window
    assert window is not None
    found = figures(args.target, fleet.engine, workload, measurement)
    if args.hdr:
        args.hdr.write_text(log.text(workload, measurement))
    if args.json:
        write_json(found, args.json)
    if not alone:
        text.print_figures(found)
        if args.percentiles:
            text.print_percentiles(workload, window)
    if measurement.interrupted:
        return Status.INTERRUPTED
    return Status.DONE if window.messages else Status.FAILED


def _nobody_served(target: str, workload: "Workload", opening: "Cut") -> CommandError:
    cause, _ = Counter(opening.errors).most_common(1)[0]
    remedy = f"does what listens there speak {workload.protocol}?"
    if workload.protocol == "echo":
        remedy = (
            "is an echo server listening there? "
            f"`c10k serve asyncio_streams --port {target.rpartition(':')[2]}` starts one"
        )
    return CommandError(f"no connection to {target} was served ({cause}): {remedy}", Status.UNABLE)
