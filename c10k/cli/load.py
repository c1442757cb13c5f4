"""load any server and print its figures"""

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from c10k.cli.arguments import connections
from c10k.cli.outputs import OutputFile, json_text
from c10k.experiment.workload_config import check_useful
from c10k.loadgen.option import option
from c10k.loadgen.workload import Workload
from c10k.options import add_options, argument, given, read
from c10k.outcome import CommandError, Status, say
from c10k.servers.framework.quantities import unescaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from c10k.experiment.cycle import Slice
    from c10k.load.measure import Measurement
    from c10k.load.target import Target
    from c10k.loadgen.address import Address
    from c10k.loadgen.fleet import Fleet


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="where the server listens: HOST:PORT, tcp://host:port or http://host:port/path",
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
    _configure_loader(parser.add_argument_group("the loader"))
    _configure_output(parser.add_argument_group("output"))


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
    from c10k.host.cpus import parse_cpus
    from c10k.host.limits import raise_soft_descriptor_limit
    from c10k.load.target import parse_target
    from c10k.loadgen.engines import loss

    try:
        target = parse_target(args.target)
        workload = _workload(args, target)
        cpus = None if args.cpus is None else parse_cpus(args.cpus)
    except ValueError as error:
        raise CommandError(str(error)) from None
    with ExitStack() as stack:
        outputs = _outputs(args, stack)
        address = _address(args, target)
        raise_soft_descriptor_limit()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        ceiling_per_s = _ceiling(args, workload, cpus)
        fleet = _fleet(args, address, workload, cpus)
        if args.engine == "auto" and not args.quiet and (lost := loss()):
            say(lost)
        with fleet:
            return _measure(args, workload, fleet, address, outputs, ceiling_per_s)


def _outputs(args: argparse.Namespace, stack: ExitStack) -> dict[str, OutputFile]:
    """The output files, opened before anything is measured."""
    if args.quiet and (args.series or args.percentiles):
        raise CommandError("--quiet prints nothing: leave out --series and --percentiles")
    given = {"--json": args.json, "--hdr": args.hdr}
    outputs = {
        option: stack.enter_context(OutputFile(option, path, or_stdout=option == "--json"))
        for option, path in given.items()
        if path is not None
    }
    names = [Path(output.path).resolve() for output in outputs.values() if not output.is_stdout]
    if len({*names}) < len(names) and names[0].is_file():
        raise CommandError("--json and --hdr name the same file: name two")
    return outputs


def _address(args: argparse.Namespace, target: "Target") -> "Address":
    """Where the connections go. Another host must be asked for by --remote."""
    from c10k.loadgen.address import Address

    try:
        addresses = Address.resolve_all(target.host, target.port)
    except OSError as error:
        raise CommandError(f"cannot reach {args.target}: {error.strerror}", Status.UNABLE) from None
    for address in addresses:
        if not args.remote and not address.is_of_this_host:
            raise CommandError(
                f"{address.host} is another host: load only what is yours, and then with --remote"
            )
    return addresses[0]


def _fleet(
    args: argparse.Namespace, address: "Address", workload: Workload, cpus: "Sequence[int] | None"
) -> "Fleet":
    from c10k.host.limits import loader_processes, port_limits
    from c10k.loadgen.fleet import Fleet

    for limit in port_limits(args.connections, 1 + len(address.sources)):
        if not limit.suffices:
            raise CommandError(
                f"{args.connections:,} connections do not fit: {limit}", Status.UNABLE
            )
    processes = loader_processes(args.connections)
    try:
        return Fleet(
            address,
            workload,
            threads=max(args.threads, processes),
            processes=processes > 1,
            engine=args.engine,
            cpus=cpus,
            spin=args.spin,
        )
    except OSError as error:
        raise CommandError(
            f"the loader cannot start: {error.strerror or error}", Status.UNABLE
        ) from None


def _ceiling(args: argparse.Namespace, workload: Workload, cpus: "Sequence[int] | None") -> float:
    """The loader ceiling; NaN where it does not bound the workload or cannot be measured.

    It is measured first, while the server is idle: afterwards closing connections may keep it busy.
    """
    from math import nan

    from c10k.experiment.loader_ceiling import bounds
    from c10k.host.limits import loader_processes
    from c10k.load import measure, text
    from c10k.loadgen.engines import engine_of

    # The bare server is native, and one process holds no more connections than its limit.
    native = engine_of("auto") == "native" and loader_processes(args.connections) == 1
    if not (args.ceiling and native and bounds(workload)):
        return nan

    progress = partial(text.show_progress, what="measuring the loader ceiling")
    others = sorted(os.sched_getaffinity(0) - {*(cpus or ())})
    ceiling_per_s, why = measure.ceiling_per_s(
        lambda address: _fleet(args, address, workload, cpus),
        args.connections,
        args.threads,
        others or None,
        _silent if args.quiet else progress,
    )
    if not args.quiet:
        text.hide_progress()
        if why:
            say(f"the loader ceiling is unknown: {why}")
    return ceiling_per_s


def _workload(args: argparse.Namespace, target: "Target") -> Workload:
    """The workload. An option that would change nothing is refused."""
    asked = given(args, Workload)
    if "rate" not in asked and (asked.keys() & {"arrivals", "seed"} or args.spin):
        raise ValueError("--arrivals, --seed and --spin need --rate: a closed loop has no schedule")
    if target.protocol and asked.get("protocol", target.protocol) != target.protocol:
        raise ValueError(f"the target says {target.protocol}: write HOST:PORT for another protocol")
    if target.path and "path" in asked:
        raise ValueError("the target has a path of its own: leave out --path")
    if target.protocol:
        asked["protocol"] = target.protocol
    if target.path:
        asked["path"] = target.path
    if "send" in asked:
        try:
            asked["send"] = unescaped(asked["send"])
        except ValueError as error:
            raise ValueError(f"--send: {error}") from None
    check_useful(asked, "--{}".format)
    return read(Workload, {"name": "load", **asked}, "--{}".format)


def _silent(_: object) -> None:
    """Show nothing."""


def _measure(
    args: argparse.Namespace,
    workload: Workload,
    fleet: "Fleet",
    address: "Address",
    outputs: dict[str, OutputFile],
    ceiling_per_s: float,
) -> int:
    from c10k.experiment.cycle import Cycle
    from c10k.load import measure, text, unserved
    from c10k.load.figures import figures, lost_beyond

    def on_slice(part: "Slice") -> None:
        try:
            text.print_slice(part)
        except OSError:  # nobody reads it any more: end, with what was measured
            raise KeyboardInterrupt from None

    shown = not args.quiet and args.json != "-"
    progress = _silent if args.quiet else text.show_progress
    cycle = Cycle(fleet, progress, slice_s=measure.SERIES_S)
    opening = opened, snapshot = cycle.open(args.connections, measure.OPEN_TIMEOUT_S)
    if not opened.connected:
        text.hide_progress()
        why = unserved.reason(args.target, address, workload, snapshot)
        raise CommandError(why, Status.UNABLE)
    show = on_slice if args.series and shown else _silent
    measurement = measure.measure(cycle, opening, args.duration, args.warmup, show)
    text.hide_progress()
    found = figures(args.target, fleet.engine, workload, measurement, ceiling_per_s)
    beyond = lost_beyond(found, args.max_failed)
    found |= {"max_failed": args.max_failed, "failed": bool(beyond) or not found["received"]}
    try:
        if shown:
            text.print_figures(found)
            if args.percentiles:
                text.print_percentiles(workload, measurement)
            sys.stdout.flush()
    finally:
        written = _write(outputs, found, workload, measurement)
    if measurement.interrupted:
        return Status.INTERRUPTED
    if not found["received"]:
        say("no message was answered in that time")
    elif beyond:
        say(f"{beyond} were lost, more than --max-failed {args.max_failed * 100:g}%")
    return Status.FAILED if found["failed"] or not written else Status.DONE


def _write(
    outputs: dict[str, OutputFile],
    found: dict[str, object],
    workload: Workload,
    measurement: "Measurement",
) -> bool:
    """Write the output files; whether all could be written."""
    from c10k.load import log

    written = True
    for flag, output in outputs.items():
        try:
            output.write(json_text(found) if flag == "--json" else log.text(workload, measurement))
        except CommandError as error:
            say(str(error))
            written = False
    return written
