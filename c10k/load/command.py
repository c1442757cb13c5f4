"""What `c10k load` does: it checks the request, measures, prints, and says how that ended."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from math import nan
from pathlib import Path
from typing import Final

from c10k.experiment.cycle import Cycle, Slice
from c10k.experiment.loader_ceiling import bare_server, bounds, driven
from c10k.experiment.workload_config import check_useful
from c10k.host.cpus import parse_cpus
from c10k.host.limits import loader_processes, port_limits, raise_soft_descriptor_limit
from c10k.load import measure, text, unserved
from c10k.load.figures import figures, histogram_log, lost_beyond
from c10k.loadgen.address import Address
from c10k.loadgen.engines import engine_of, loss
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.target import Target, parse_target
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload
from c10k.options import given, read
from c10k.outcome import CommandError, Status, say
from c10k.output.files import OutputFile, json_text, opened
from c10k.servers.framework.quantities import unescaped
from c10k.servers.process import ServerStartError

CEILING_S: Final = 0.4


def load(args: argparse.Namespace) -> int:
    """Check the request, open the connections, load for the duration, print the figures."""
    try:
        target = parse_target(args.target)
        workload = _workload(args, target)
        tls = _tls(args, target)
        cpus = None if args.cpus is None else parse_cpus(args.cpus)
    except ValueError as error:
        raise CommandError(str(error)) from None
    with ExitStack() as stack:
        outputs = _outputs(args, stack)
        address = _address(args, target)
        raise_soft_descriptor_limit()
        fleet_to = partial(_fleet, args, workload, cpus)
        # Over TLS it is not known: the bare echo server does not speak it.
        ceiling_per_s = nan if tls else _ceiling(args, workload, cpus, fleet_to)
        fleet = stack.enter_context(fleet_to(address, tls))
        if args.engine == "auto" and not args.quiet and (lost := loss()):
            say(lost)
        return _measure(args, workload, fleet, address, tls, outputs, ceiling_per_s)


def _workload(args: argparse.Namespace, target: Target) -> Workload:
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


def _tls(args: argparse.Namespace, target: Target) -> Tls | None:
    """How the server is verified; None without TLS."""
    if not (args.tls or target.tls):
        if args.tls_ca or args.tls_insecure:
            raise ValueError(
                "--tls-ca and --tls-insecure need --tls, or a target https://, wss:// or tls://"
            )
        return None
    if args.tls_ca is None:
        return Tls(verify=not args.tls_insecure)
    try:
        tls = Tls(Path(args.tls_ca).read_text() or "nothing")  # which names the system's
        tls.context()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"--tls-ca: {args.tls_ca} cannot be used: {reason}; name a file of certificates in PEM"
        ) from None
    return tls


def _outputs(args: argparse.Namespace, stack: ExitStack) -> dict[str, OutputFile]:
    """The output files, opened before anything is measured."""
    if args.quiet and (args.series or args.percentiles):
        raise CommandError("--quiet prints nothing: leave out --series and --percentiles")
    return opened(args, ("json", "hdr"), stack)


def _address(args: argparse.Namespace, target: Target) -> Address:
    """Where the connections go. Another host must be asked for by --remote."""
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
    args: argparse.Namespace,
    workload: Workload,
    cpus: Sequence[int] | None,
    address: Address,
    tls: Tls | None = None,
) -> Fleet:
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
            tls=tls,
        )
    except OSError as error:
        raise CommandError(
            f"the loader cannot start: {error.strerror or error}", Status.UNABLE
        ) from None


def _ceiling(
    args: argparse.Namespace,
    workload: Workload,
    cpus: Sequence[int] | None,
    fleet_to: Callable[[Address], Fleet],
) -> float:
    """The loader ceiling in messages/s; NaN where it does not bound the workload or is unknown.

    It is measured first, while the server is idle: afterwards closing connections may keep it busy.
    The bare echo server has as many threads as the loader, so that it is no bottleneck itself.
    """
    # That server is native, and one process holds no more connections than its limit.
    native = engine_of("auto") == "native" and loader_processes(args.connections) == 1
    if not (args.ceiling and native and bounds(workload)):
        return nan
    others = sorted(os.sched_getaffinity(0) - {*(cpus or ())}) or None
    progress = partial(text.show_progress, what="measuring the loader ceiling")
    try:
        with (
            bare_server(Path(os.devnull), others, args.threads) as server,
            fleet_to(Address.resolve(server.host, server.port)) as fleet,
        ):
            on_progress = _silent if args.quiet else progress
            row = driven(fleet, args.connections, CEILING_S, on_progress)
        ceiling_per_s, why = row["messages_per_s"], row["reason"]
    except (ServerStartError, OSError, MemoryError) as error:
        why = str(error).split("\n", 1)[0]
    text.hide_progress()
    if why and not args.quiet:
        say(f"the loader ceiling is unknown: {why}")
    return nan if why else ceiling_per_s


def _silent(_: object) -> None:
    """Show nothing."""


def _measure(
    args: argparse.Namespace,
    workload: Workload,
    fleet: Fleet,
    address: Address,
    tls: Tls | None,
    outputs: dict[str, OutputFile],
    ceiling_per_s: float,
) -> int:
    def on_slice(part: Slice) -> None:
        try:
            text.print_slice(part)
        except OSError:  # nobody reads it any more: end, with what was measured
            raise KeyboardInterrupt from None

    shown = not args.quiet and args.json != "-"
    progress = _silent if args.quiet else text.show_progress
    cycle = Cycle(fleet, progress, slice_s=measure.SERIES_S)
    opening = opened, snapshot = cycle.open(args.connections)
    if not opened.connected:
        text.hide_progress()
        why = unserved.reason(args.target, address, workload, snapshot, tls)
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
    measurement: measure.Measurement,
) -> bool:
    """Write the output files; whether all could be written."""
    written = True
    for name, output in outputs.items():
        try:
            output.write(
                json_text(found) if name == "json" else histogram_log(workload, measurement)
            )
        except CommandError as error:
            say(str(error))
            written = False
    return written
