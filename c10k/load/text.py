"""A load as people read it: progress, series, figures and percentiles."""

import sys
import time
from typing import Any, Final

from c10k.experiment.cycle import PHASES, Cycle, Slice
from c10k.load.figures import KINDS, recorded
from c10k.load.measure import Measurement
from c10k.loadgen.workload import ECHOING, Workload
from c10k.output.columns import show
from c10k.results import spectrum

OPENING_KNOWN_S: Final = 1.0
"""From when on the rate at which connections open says how long it will take."""


def show_progress(cycle: Cycle, what: str = "") -> None:
    """A line that changes, on a terminal only; `what` replaces the phase."""
    if sys.stderr.isatty():
        status = cycle.fleet.progress()
        failed = f", {status.failed:,} failed" if status.failed else ""
        phase = PHASES[cycle.phase] + _left(cycle, status.ready)
        line = f"{status.ready:,} ready{failed}, {status.messages:,} messages, {what or phase}"
        print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)


def _left(cycle: Cycle, ready: int) -> str:
    """How long a window still takes; how long the opening will take at the rate so far."""
    if cycle.phase == "window":
        return f", {cycle.left_s:.0f} s left"
    open_s = time.monotonic() - cycle.began_s
    if cycle.phase != "open" or open_s < OPENING_KNOWN_S or not ready:
        return ""
    per_s = ready / open_s
    return f", {per_s:,.0f} /s, {(cycle.fleet.connections - ready) / per_s:.0f} s left"


def hide_progress() -> None:
    """Clear that line."""
    if sys.stderr.isatty():
        print("\r" + " " * 78 + "\r", end="", file=sys.stderr, flush=True)


def print_slice(part: Slice) -> None:
    """One line of the series, under a heading before the first."""
    hide_progress()
    if part.start_s == 0:
        print(f"{'s':>8}{'messages/s':>12}{'p50 ms':>12}{'p99 ms':>12}{'max ms':>12}{'failed':>8}")
    values = part.responses.summary_ms()
    cells = "".join(
        f"{_ms(values[name]) if part.responses.total else '–':>12}"
        for name in ("p50", "p99", "max")
    )
    rate = part.responses.total / part.seconds
    end_s = part.start_s + part.seconds
    print(f"{end_s:>8.1f}{rate:>12,.0f}{cells}{part.failed:>8,}", flush=True)


def print_figures(figures: dict[str, Any]) -> None:
    """The summary."""
    _print_messages(figures)
    _print_times(figures)
    _print_troubles(figures)
    _print_loader(figures)


def _print_messages(figures: dict[str, Any]) -> None:
    active = figures["active"]
    silent = f", {active:,} of them active" if active < figures["connections"] else ""
    print(
        f"{figures['connected']:,} of {figures['connections']:,} connections to "
        f"{figures['target']} in {figures['setup_s']:.2f} s{silent}\n"
        f"  {figures['loop']} loop, {_what(figures)}, {figures['duration_s']:.1f} s"
    )
    offered = figures["offered_per_s"]
    if figures["unsteady"]:
        print(f"  no steady state after {figures['warmup_s']:.1f} s: {figures['unsteady']}")
    if figures["stops"]:
        print("  this command was stopped and continued meanwhile: its figures include that")
    print(
        f"  {figures['received']:,} {_done(figures)}, {figures['messages_per_s']:,.0f} /s"
        + ("" if offered is None else f" of {offered:,.0f} /s due, {figures['late']:,} sent late")
    )
    lost, due = figures["lost"], figures["due"]
    what = "sent" if offered is None else "due"
    share = f" ({lost / due:.2%})" if lost else ""
    print(f"  lost: {lost:,} of {due:,} messages {what} had no correct reply by the end{share}")
    if figures["opened"]:
        print(f"  {figures['opened']:,} connections opened anew, {figures['opened_per_s']:,.0f} /s")


def _print_times(figures: dict[str, Any]) -> None:
    names = list(figures["response_ms"])
    print(f"\n  {'ms':<11}" + "".join(f"{name.replace('_', '.'):>9}" for name in names))
    connect, *others = KINDS
    handshake = ["handshake"] * (figures["handshake_ms"]["mean"] is not None)
    for kind in (connect, *handshake, *others):
        values = figures[f"{kind}_ms"].values()
        cells = "".join(f"{'–' if value is None else _ms(value):>9}" for value in values)
        print(f"  {kind.replace('_', ' '):<11}{cells}")


def _print_troubles(figures: dict[str, Any]) -> None:
    causes = ", ".join(f"{count:,} × {cause}" for cause, count in figures["errors"].items())
    print()
    show(causes or "none", "  errors: ")
    if figures["starved"]:
        print(f"  starved: {figures['starved']:,} connections completed nothing")
    if figures["littles_law_ratio"] is not None:
        print(f"  Little's law: {figures['littles_law_ratio']:.3f}")


def _print_loader(figures: dict[str, Any]) -> None:
    loader = figures["loader"]
    if loader["cpu_us_per_message"] is not None:
        limited = ", the loader was the bottleneck" if loader["limited"] else ""
        print(f"  loader: {loader['cpu_us_per_message']:.1f} µs of CPU per message{limited}")
    if loader["ceiling_messages_per_s"] is not None:
        print(
            f"  loader ceiling: {loader['ceiling_messages_per_s']:,.0f} /s of an echo server that "
            "does nothing else"
        )


def print_percentiles(workload: Workload, measurement: Measurement) -> None:
    """The spectrum of the response times, and of the service times where they differ."""
    times = {kind: histogram for kind, _, histogram in recorded(workload, measurement)}
    times["response"] += times["waiting"]
    kinds = ("response",) if workload.sent_when_due else ("response", "service")
    for kind in kinds:
        print(f"\n{kind.capitalize()} times, ms\n")
        print(spectrum.text(times[kind]), end="")


def _what(figures: dict[str, Any]) -> str:
    if figures["protocol"] in ECHOING:
        return f"{figures['size_bytes']:,} bytes per message"
    if figures["protocol"] == "http":
        return "HTTP"
    return f"{figures['reply_bytes']:,} bytes per reply"


def _done(figures: dict[str, Any]) -> str:
    return {
        "echo": "echoed and verified",
        "websocket": "echoed and verified",
        "http": "answered with 2xx",
        "raw": "answered at full length",
        "download": "downloaded and verified",
    }[figures["protocol"]]


def _ms(value: float) -> str:
    """To the microsecond where 80 columns have room for it."""
    return f"{value:.{3 if value < 1_000 else 1 if value < 100_000 else 0}f}"
