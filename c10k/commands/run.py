"""ramp the servers through all steps, then write the report"""

import argparse
import os
import shlex
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from c10k.commands import report
from c10k.outcome import CommandError, Status
from loadgen.workload import WORKLOADS

if TYPE_CHECKING:
    from c10k.cpus import CpuSplit
    from c10k.plan import Plan, Visit
    from c10k.progress import Progress
    from results.store import RunWriter

# Of a run that is resumed the plan is fixed: its steps must stay comparable.
PLANNING = (
    *("server", "command", "workload", "steps", "profile", "hold", "repeat", "find_max"),
    *("slo_p99", "map", "config", "out"),
)
# What the options are called in an experiment file, where it is not the same.
KEYS = {"servers": "--server", "commands": "--command", "workloads": "--workload"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--server",
        action="append",
        metavar="SPEC",
        help="a server of the catalogue with its options, such as threaded,stack=256k; "
        "repeat for more (default: threaded and asyncio_streams, unless there is a --command)",
    )
    parser.add_argument(
        "--command",
        action="append",
        metavar="NAME=CMDLINE",
        help="any program that serves, such as 'mine=./server --port {port}'; {port} and {host} "
        "are replaced, and no shell is used. It echoes, unless NAME,protocol=http,path=/… or "
        r"NAME,protocol=raw,send=PING\r\n,expect=7 says otherwise; repeat for more",
    )
    parser.add_argument(
        "--workload",
        action="append",
        metavar="NAME",
        help="; ".join(f"{load.name}: {load.summary}" for load in WORKLOADS.values())
        + "; repeat for more (default: steady and saturated)",
    )
    parser.add_argument(
        "--steps",
        metavar="N,N,…",
        help="numbers of connections, ascending (default: 10,100,500,1000,5000,10000)",
    )
    parser.add_argument(
        "--profile",
        choices=("quick", "standard", "thorough"),
        help="how long to measure both servers: quick (under 2 minutes), standard (6, default), "
        "thorough (5 repeats)",
    )
    parser.add_argument(
        "--hold",
        type=float,
        metavar="SECONDS",
        help="time measured a step, instead of the profile's",
    )
    parser.add_argument(
        "--repeat", type=int, metavar="N", help="ramps on fresh servers, instead of the profile's"
    )
    parser.add_argument(
        "--fit",
        action="store_true",
        default=None,
        help="leave out the steps that this machine's limits forbid",
    )
    parser.add_argument(
        "--find-max",
        action="store_true",
        default=None,
        help="then search for the most connections that each server serves under each workload, "
        "to within 2 %% and up to ten times the largest step: about 5 to 9 steps more for each",
    )
    parser.add_argument(
        "--slo-p99",
        type=float,
        metavar="MS",
        help="the response time that 99 of 100 messages must have for a server to serve its "
        "connections (default: 100)",
    )
    parser.add_argument(
        "--map",
        action="store_true",
        default=None,
        help="then measure 1, 10, 100 and 1000 messages/s a client at every step, for a map of the "
        "response time over connections and rate",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE.toml",
        help="an experiment file, such as experiments/c10k.toml; the other options override it",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's directory (default: results/runs/DATE)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with an interrupted run, by its own plan"
    )
    report.add_language(parser)


def execute(args: argparse.Namespace) -> int:
    """Measure, report, and print the run's directory last."""
    from c10k.cpus import CpuSplit
    from c10k.limits import raise_soft_descriptor_limit
    from loadgen.engines import loss
    from reports.language import speaking
    from results.store import RunError

    try:
        with speaking(args.lang):  # what cannot be told is refused before it is measured
            pass
    except ValueError as error:
        raise CommandError(str(error)) from None
    if lost := loss():
        print(f"c10k: {lost}", file=sys.stderr)
    raise_soft_descriptor_limit()
    cpus = CpuSplit.of_this_process()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        writer, plan = _resumed(args) if args.resume else _new(args, cpus)
        with writer:
            interrupted = _measure(plan, writer, cpus)
    except RunError as error:
        raise CommandError(str(error), Status.UNABLE) from None
    reported = _report(writer.directory, args.lang)
    print(writer.directory)
    if interrupted:
        return Status.INTERRUPTED
    return Status.DONE if reported else Status.FAILED


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _new(args: argparse.Namespace, cpus: "CpuSplit") -> "tuple[RunWriter, Plan]":
    from c10k import manifest
    from results.store import RunError, RunWriter

    plan, left_out = _planned(args)
    for line in left_out:
        print(f"left out: {line}")
    directory = args.out or Path("results/runs", f"{datetime.now():%Y-%m-%d_%H%M%S}")  # noqa: DTZ005 (a name for people)
    try:
        description = manifest.describe(plan, cpus, sys.argv[1:], left_out)
        return RunWriter(directory).create(description), plan
    except RunError as error:
        raise CommandError(str(error)) from None


def _resumed(args: argparse.Namespace) -> "tuple[RunWriter, Plan]":
    from c10k import manifest
    from c10k.planning import check_limits
    from results.store import RunWriter, read_run

    if given := [name for name in PLANNING if getattr(args, name) is not None]:
        option = f"--{given[0].replace('_', '-')}"
        raise CommandError(f"--resume goes on with the run's own plan: leave out {option}")
    try:
        plan = manifest.plan_of(read_run(args.resume).manifest)
    except (KeyError, TypeError) as error:
        raise CommandError(f"the plan in {args.resume} cannot be read: {error}") from None
    except ValueError as error:  # RunError too
        raise CommandError(str(error)) from None
    check_limits(plan)
    writer = RunWriter.open(args.resume)
    writer.update_manifest(interrupted=False, finished_at=None)
    return writer, plan


def _planned(args: argparse.Namespace) -> "tuple[Plan, list[str]]":
    """The plan, and a line for each thing that was asked for and is left out."""
    from c10k import experiment_file, plan, planning

    given = {
        "servers": args.server,
        "commands": args.command,
        "workloads": args.workload,
        "profile": args.profile,
        "hold": args.hold,
        "repeat": args.repeat,
        "fit": args.fit,
        "find-max": args.find_max,
        "slo-p99": args.slo_p99,
        "map": args.map,
    }
    options = {key: value for key, value in given.items() if value is not None}

    def where(key: str) -> str:
        return KEYS.get(key, f"--{key}") if key in options else f"{args.config}: {key}"

    try:
        if args.steps is not None:
            options["steps"] = plan.parse_steps(args.steps)
        content = experiment_file.read(args.config) if args.config else {}
        settings = experiment_file.parse(experiment_file.overridden(content, options), where)
    except ValueError as error:
        raise CommandError(str(error)) from None
    return planning.planned(settings, named=options)


def _measure(plan: "Plan", writer: "RunWriter", cpus: "CpuSplit") -> bool:
    """Walk the plan; whether Ctrl-C ended it."""
    from c10k import ceiling
    from c10k.experiment import Experiment

    remaining = {} if writer.manifest.get("ceiling") is not None else ceiling.seconds(plan)
    remaining |= {v: s for v, s in plan.time().items() if v.key not in writer.done()}
    # The servers choose their own CPUs when they start; what runs here is the loader's side.
    os.sched_setaffinity(0, cpus.loader)
    interrupted = False
    try:
        with _progress(plan, remaining, cpus) as progress:
            Experiment(plan, writer, cpus, progress, time.monotonic()).walk()
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted: what was measured is kept", file=sys.stderr)
    finally:
        os.sched_setaffinity(0, {*cpus.loader, *cpus.server})
    finished_at = None if interrupted else datetime.now().astimezone().isoformat()
    writer.update_manifest(interrupted=interrupted, finished_at=finished_at)
    return interrupted


def _progress(plan: "Plan", visits: "dict[Visit, float]", cpus: "CpuSplit") -> "Progress":
    from rich.console import Console

    from c10k.progress import Clock, LiveProgress, PlainProgress, duration
    from reports.wording import joined

    clock = Clock(visits)
    servers = joined([spec.text for spec in plan.servers])
    steps = ", ".join(f"{step:,}" for step in plan.steps)
    print(
        f"{servers}: {steps} connections, {plan.profile.windows} × {plan.profile.window_s:g} s "
        f"a step, about {duration(clock.seconds_left())}; {cpus}",
        flush=True,
    )
    console = Console()
    if console.is_terminal:
        return LiveProgress(clock, console)
    return PlainProgress(clock, lambda line: print(line, flush=True))


def _report(directory: Path, language: str) -> bool:
    """Print the summary and write the page; whether it could be written."""
    from reports.language import speaking
    from reports.output import UnwritableError
    from reports.summary import terminal_summary, terminal_width
    from results.schema import one_line
    from results.store import read_run

    try:
        with speaking(language):
            print("\n" + terminal_summary(read_run(directory), terminal_width()))
        print(f"report: {report.write(directory, None, language)}")
    except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
        written = shlex.join(["c10k", "report", str(directory), "--out"])
        remedy = f": {written} DIR" if isinstance(error, UnwritableError) else ""
        print(one_line(f"c10k: no report: {error}{remedy}"), file=sys.stderr)
        return False
    return True
