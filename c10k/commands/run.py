"""ramp the servers through all steps, then write the report"""

import argparse
import dataclasses
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from c10k.outcome import CommandError, Status

if TYPE_CHECKING:
    from c10k.cpus import CpuSplit
    from c10k.plan import Plan, Profile, Visit
    from c10k.progress import Progress
    from results.store import RunWriter

# Of a run that is resumed the plan is fixed: its steps must stay comparable.
PLANNING = ("server", "command", "workload", "steps", "profile", "hold", "repeat", "out")


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
        help="steady (1 message/s a client) or saturated (closed loop); repeat for more "
        "(default: both)",
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
        "--fit", action="store_true", help="leave out the steps that this machine's limits forbid"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's directory (default: results/runs/DATE)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with an interrupted run, by its own plan"
    )


def execute(args: argparse.Namespace) -> int:
    """Measure, report, and print the run's directory last."""
    from c10k.cpus import CpuSplit
    from c10k.limits import raise_soft_descriptor_limit
    from loadgen.engines import loss
    from results.store import RunError

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
    _report(writer.directory)
    print(writer.directory)
    return Status.INTERRUPTED if interrupted else Status.DONE


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _new(args: argparse.Namespace, cpus: "CpuSplit") -> "tuple[RunWriter, Plan]":
    from c10k import manifest
    from results.store import RunError, RunWriter

    plan = _fitting(_present(_planned(args)), fit=args.fit)
    directory = args.out or Path("results/runs", f"{datetime.now():%Y-%m-%d_%H%M%S}")  # noqa: DTZ005 (a name for people)
    try:
        return RunWriter(directory).create(manifest.describe(plan, cpus, sys.argv[1:])), plan
    except RunError as error:
        raise CommandError(str(error)) from None


def _resumed(args: argparse.Namespace) -> "tuple[RunWriter, Plan]":
    from c10k import manifest
    from results.store import RunWriter, read_run

    if given := [f"--{name}" for name in PLANNING if getattr(args, name) is not None]:
        raise CommandError(f"--resume goes on with the run's own plan: leave out {given[0]}")
    try:
        plan = manifest.plan_of(read_run(args.resume).manifest)
    except (KeyError, TypeError) as error:
        raise CommandError(f"the plan in {args.resume} cannot be read: {error}") from None
    except ValueError as error:  # RunError too
        raise CommandError(str(error)) from None
    _fitting(_present(plan), fit=False)
    writer = RunWriter.open(args.resume)
    writer.update_manifest(interrupted=False, finished_at=None)
    return writer, plan


def _planned(args: argparse.Namespace) -> "Plan":
    from c10k import plan
    from loadgen.workload import WORKLOADS
    from servers.catalogue import parse_command, parse_spec

    commands = args.command or []
    servers = args.server or (() if commands else plan.DEFAULT_SERVERS)
    workloads = args.workload or plan.DEFAULT_WORKLOADS
    if unknown := [name for name in workloads if name not in WORKLOADS]:
        raise CommandError(f"unknown workload {unknown[0]!r}; there are {', '.join(WORKLOADS)}")
    try:
        specs = [parse_spec(text) for text in servers]
        specs += [parse_command(text, Path.cwd()) for text in commands]
        plan.check_unique([spec.text for spec in specs], "server")
        plan.check_unique(workloads, "workload")
        return plan.Plan(
            tuple(specs),
            tuple(WORKLOADS[name] for name in workloads),
            plan.parse_steps(args.steps) if args.steps is not None else plan.DEFAULT_STEPS,
            _profile(args),
        )
    except ValueError as error:
        raise CommandError(str(error)) from None


def _profile(args: argparse.Namespace) -> "Profile":
    from c10k.plan import PROFILES

    profile = PROFILES[args.profile or "standard"]
    if args.hold is not None:
        if not 0 < args.hold <= 3600:
            raise CommandError("--hold must be above 0 and at most 3600 seconds")
        profile = dataclasses.replace(profile, window_s=args.hold / profile.windows)
    if args.repeat is not None:
        if args.repeat < 1:
            raise CommandError("--repeat must be 1 or more")
        profile = dataclasses.replace(profile, repeats=args.repeat)
    return profile


def _present(plan: "Plan") -> "Plan":
    """The plan, if all that it measures can run here."""
    for spec in plan.servers:
        if spec.missing:
            raise CommandError(f"{spec.text} cannot run here: {spec.missing}", Status.UNABLE)
    return plan


def _fitting(plan: "Plan", *, fit: bool) -> "Plan":
    """The plan, if this machine's limits allow it; with `fit` the steps that they allow."""
    from c10k.limits import shortfalls

    short = shortfalls(plan.steps, max(spec.server.threads_per_connection for spec in plan.servers))
    if not short:
        return plan
    largest = max(short)
    reasons = "; ".join(str(limit) for limit in short[largest])
    steps = tuple(step for step in plan.steps if step not in short)
    if not fit or not steps:
        hint = "; or leave such steps out with --fit" if steps else ""
        raise CommandError(f"{largest:,} connections do not fit: {reasons}{hint}", Status.UNABLE)
    print(f"left out: {', '.join(f'{step:,}' for step in short)} connections: {reasons}")
    return dataclasses.replace(plan, steps=steps)


def _measure(plan: "Plan", writer: "RunWriter", cpus: "CpuSplit") -> bool:
    """Walk the plan; whether Ctrl-C ended it."""
    from c10k import ceiling
    from c10k.experiment import Experiment

    remaining = {} if writer.manifest.get("ceiling") is not None else ceiling.seconds(plan)
    remaining |= {
        visit: plan.seconds(visit)
        for _, _, visits in plan.ramps()
        for visit in visits
        if visit.key not in writer.done()
    }
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

    clock = Clock(visits)
    servers = " and ".join(spec.text for spec in plan.servers)
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


def _report(directory: Path) -> None:
    from c10k.commands import report
    from reports.summary import terminal_summary
    from results.store import RunError, read_run

    try:
        print("\n" + terminal_summary(read_run(directory)))
        print(f"report: {report.write(directory)}")
    except (RunError, ValueError) as error:
        print(f"c10k: no report: {error}", file=sys.stderr)
