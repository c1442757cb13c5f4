"""load any echo server, anywhere, and print what it did"""

import argparse
import math
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from c10k.commands.servers import write_json
from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from loadgen.fleet import Cut, Fleet, Opened
    from loadgen.workload import Workload

SCHEMA: Final = "c10k.load/1"
SETTLE_S: Final = 0.5
OPEN_TIMEOUT_S: Final = 120.0
KINDS: Final = ("connect", "response", "service", "send_lag")
WINDOW_KINDS: Final = ("response", "service", "send_lag", "waiting")


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
    parser.add_argument(
        "--rate",
        type=float,
        metavar="PER_CONNECTION",
        help="messages/s of each connection, due at fixed times (default: a closed loop, in which "
        "each sends its next message when the echo of the last has come)",
    )
    parser.add_argument(
        "--arrivals",
        choices=("uniform", "poisson"),
        help="with --rate: evenly spread (the default), or as random as independent users are",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of poisson arrivals (default: 0)")
    parser.add_argument(
        "--spin",
        action="store_true",
        help="with --rate and --cpus: poll just before a message is due, to send it on time to "
        "the microsecond",
    )
    parser.add_argument(
        "--size", type=int, default=64, metavar="BYTES", help="of a message (default: 64)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="after which a message counts as lost and its connection is closed (default: 30)",
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="K", help="loader threads (default: 1)"
    )
    parser.add_argument(
        "--cpus", metavar="LIST", help="CPUs for the loader threads in turn, such as 0,2-3"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write the figures as JSON to FILE, or to - alone"
    )
    parser.add_argument(
        "--hdr", type=Path, metavar="FILE", help="write the histograms as an HdrHistogram log"
    )


def execute(args: argparse.Namespace) -> int:
    """Open the connections, load for the duration, print the figures."""
    from c10k.cpus import parse_cpus
    from c10k.limits import raise_soft_descriptor_limit, shortfalls
    from loadgen.fleet import Fleet
    from loadgen.workload import Workload

    host, port = _target(args.target)
    if args.connections < 1 or not 1 <= args.threads <= 256 or not 0 < args.duration <= 86400:
        raise CommandError(
            "-c must be 1 or more, --threads 1 to 256, -d above 0 and at most 86400 seconds"
        )
    if args.rate is None and (args.arrivals or args.seed is not None or args.spin):
        raise CommandError(
            "--arrivals, --seed and --spin need --rate: a closed loop has no schedule"
        )
    try:
        workload = Workload(
            "load",
            args.rate,
            args.arrivals or "uniform",
            args.seed or 0,
            args.size,
            timeout_s=args.timeout,
        )
        cpus = parse_cpus(args.cpus) if args.cpus else None
    except ValueError as error:
        raise CommandError(str(error)) from None
    if short := shortfalls([args.connections], threads_per_connection=0):
        reasons = "; ".join(map(str, short[args.connections]))
        raise CommandError(f"{args.connections:,} connections do not fit: {reasons}", Status.UNABLE)
    raise_soft_descriptor_limit()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        fleet = Fleet((host, port), workload, threads=args.threads, cpus=cpus, spin=args.spin)
    except OSError as error:
        raise CommandError(f"{args.target}: {error.strerror or error}", Status.UNABLE) from None
    with fleet:
        return _drive(args, workload, fleet)


def _target(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(f"the target is HOST:PORT, such as 127.0.0.1:9000; got {text!r}")
    return host.strip("[]"), int(port)


def _drive(args: argparse.Namespace, workload: "Workload", fleet: "Fleet") -> int:
    fleet.resize(args.connections)
    opened = fleet.wait_open(OPEN_TIMEOUT_S, lambda _: _show(fleet, "opening"))
    fleet.load()
    opening = fleet.cut()
    if not opened.connected:
        _refuse(args.target, opening)
    _hold(fleet, min(SETTLE_S, args.duration))
    settling = fleet.cut()
    interrupted = False
    try:
        _hold(fleet, args.duration)
    except KeyboardInterrupt:
        interrupted = True
    window = fleet.cut()
    _hide()
    figures = _figures(args.target, workload, opened, (opening, settling, window))
    if args.hdr:
        _write_log(args.hdr, workload, opened, opening, window)
    if args.json:
        write_json(figures, args.json)
    if args.json != "-":
        _print(figures)
    if interrupted:
        return Status.INTERRUPTED
    return Status.DONE if window.messages else Status.FAILED


def _refuse(target: str, opening: "Cut") -> None:
    cause, _ = Counter(opening.errors).most_common(1)[0]
    raise CommandError(
        f"no connection to {target} was served ({cause}): is an echo server listening there? "
        f"`c10k serve asyncio_streams --port {target.rpartition(':')[2]}` starts one",
        Status.UNABLE,
    )


def _hold(fleet: "Fleet", seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(0.25, left))
        _show(fleet, f"{max(left, 0):.0f} s left")


def _show(fleet: "Fleet", text: str) -> None:
    """Progress, where a person watches: never in what a program reads."""
    if sys.stderr.isatty():
        seen = fleet.progress()
        failed = f", {seen.failed:,} failed" if seen.failed else ""
        line = f"{seen.ready:,} ready{failed}, {seen.messages:,} messages, {text}"
        print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)


def _hide() -> None:
    if sys.stderr.isatty():
        print("\r" + " " * 78 + "\r", end="", file=sys.stderr, flush=True)


def _figures(
    target: str, workload: "Workload", opened: "Opened", cuts: "tuple[Cut, Cut, Cut]"
) -> dict[str, Any]:
    """The JSON of the contract; null where nothing was measured."""
    from results.aggregate import Recording, latency_columns
    from results.histogram import SUMMARY, Histogram

    opening, _, window = cuts
    errors: Counter[str] = Counter()
    for cut in cuts:
        errors.update(cut.errors)
    latencies = latency_columns(
        Recording(kind, 0.0, 0.0, Histogram.from_buffer(cut.counts[kind]))
        for cut, kinds in ((opening, ("connect",)), (window, WINDOW_KINDS))
        for kind in kinds
    )
    connections = opened.connected + opened.failed
    closed = workload.loop == "closed"
    return {
        "schema": SCHEMA,
        "target": target,
        "engine": "native",
        "loop": workload.loop,
        "protocol": "echo",
        "connections": connections,
        "rate_per_connection": workload.rate_per_connection,
        "arrivals": None if closed else workload.arrivals,
        "seed": None if closed else workload.seed,
        "offered_per_s": None if closed else window.due / window.seconds,
        "size_bytes": workload.size_bytes,
        "duration_s": window.seconds,
        "setup_s": opened.setup_s,
        "connected": opened.connected,
        "due": None if closed else window.due,
        "late": None if closed else window.late,
        "sent": window.sent,
        "received": window.messages,
        "messages_per_s": window.messages / window.seconds,
        "errors": dict(errors),
        "starved": window.starved,
        **{
            f"{kind}_ms": {name: _or_none(latencies[f"{kind}_{name}_ms"]) for name in SUMMARY}
            for kind in KINDS
        },
        "littles_law_ratio": window.littles_law_ratio(connections) if closed else None,
        "loader": {
            "cpu_s": window.cpu_s,
            "cpu_us_per_message": window.cpu_s / window.messages * 1e6 if window.messages else None,
            "limited": window.loader_limited,
        },
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _write_log(
    path: Path, workload: "Workload", opened: "Opened", opening: "Cut", window: "Cut"
) -> None:
    from results import histogram_log
    from results.histogram import Histogram
    from results.histogram_log import Tag

    now_ns = time.monotonic_ns()
    began = datetime.fromtimestamp(time.time() - (now_ns - opening.began_ns) / 1e9, UTC)
    connections = opened.connected + opened.failed
    lines = [
        histogram_log.line(
            Tag("load", workload.loop, 0, connections, kind),
            (cut.began_ns - opening.began_ns) / 1e9,
            cut.seconds,
            Histogram.from_buffer(cut.counts[kind]),
        )
        for cut, kinds in ((opening, ("connect",)), (window, WINDOW_KINDS))
        for kind in kinds
    ]
    path.write_text(histogram_log.header(began) + "".join(lines))


def _print(figures: dict[str, Any]) -> None:
    loader = figures["loader"]
    print(
        f"{figures['connected']:,} of {figures['connections']:,} connections to "
        f"{figures['target']} in {figures['setup_s']:.2f} s, {figures['loop']} loop, "
        f"{figures['size_bytes']:,} bytes a message, {figures['duration_s']:.1f} s"
    )
    offered = figures["offered_per_s"]
    print(
        f"  {figures['received']:,} echoed and verified, {figures['messages_per_s']:,.0f} /s"
        + ("" if offered is None else f" of {offered:,.0f} /s due, {figures['late']:,} sent late")
    )
    names = list(figures["response_ms"])
    print(f"\n  {'ms':<9}" + "".join(f"{name.replace('_', '.'):>10}" for name in names))
    for kind in KINDS:
        values = figures[f"{kind}_ms"].values()
        cells = "".join(f"{'–' if value is None else f'{value:.3f}':>10}" for value in values)
        print(f"  {kind.replace('_', ' '):<9}{cells}")
    causes = ", ".join(f"{count:,} × {cause}" for cause, count in figures["errors"].items())
    print(f"\n  errors: {causes or 'none'}")
    if figures["starved"]:
        print(f"  starved: {figures['starved']:,} connections completed nothing")
    if figures["littles_law_ratio"] is not None:
        print(f"  Little's law: {figures['littles_law_ratio']:.3f}")
    if loader["cpu_us_per_message"] is not None:
        limited = ", the loader was the bottleneck" if loader["limited"] else ""
        print(f"  loader: {loader['cpu_us_per_message']:.1f} µs of CPU a message{limited}")
