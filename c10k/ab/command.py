"""What `c10k ab` does: it checks the request, measures pairs, and says what they show."""

import argparse
import os
import secrets
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace
from rich.console import Console

from c10k.ab import pair, written
from c10k.ab.pairs import Pairs, SideFailedError
from c10k.ab.plan import Request
from c10k.ab.progress import Budget, LivePairs, PairProgress, QuietPairs
from c10k.ab.sides import Sides, planned, sides
from c10k.experiment import config, loader_ceiling, manifest, run_directory
from c10k.experiment.feasibility import check_limits
from c10k.experiment.plan import Plan, PlannedServer, load_on
from c10k.experiment.profile import Profile
from c10k.host.cpus import CpuSplit
from c10k.host.limits import raise_soft_descriptor_limit
from c10k.loadgen.telemetry.system_calls import CountingError, SystemCalls
from c10k.options import given, read, where_of
from c10k.outcome import CommandError, Status, say
from c10k.output.files import opened
from c10k.results.store import RunError, RunWriter
from c10k.results.verdicts import LEAST_PAIRS, UNDECIDED, Verdict

WARMUP_S: Final = 0.2
WARMUP_LIMIT_S: Final = 0.6
STARTING_S: Final = 0.5  # what a server takes to start and to end, roughly


class Ended(NamedTuple):
    """How the measuring of pairs ended: whether it was interrupted, or which server failed."""

    interrupted: bool = False
    failure: str = ""


def ab(args: argparse.Namespace) -> int:
    """Measure pairs, print the verdicts, and the run's directory last."""
    raise_soft_descriptor_limit()
    request = _request(args)
    cpus = CpuSplit.of_this_process()
    if cpus.shared:
        raise CommandError(
            "there is one CPU for the loader and the servers, which would measure each other: "
            "give the process two or more",
            Status.UNABLE,
        )
    directory = args.out or run_directory.named()
    with ExitStack() as stack:
        files = opened(args, written.FORMATS, stack)
        one = stack.enter_context(run_directory.one_run(directory, force=args.force))
        if not args.out:
            directory = run_directory.made(directory)
        asked = stack.enter_context(sides(request, directory / "logs"))
        plan = _plan(request, asked)
        seed = secrets.randbelow(1 << 32) if args.seed is None else args.seed
        why = _uncountable()
        pairs = Pairs(
            {each.metric: each.within for each in request.margin},
            {"system_calls": why} if why else {},
            seed,
        )
        try:
            description = manifest.describe(plan, cpus, sys.argv[1:])
            writer = stack.enter_context(RunWriter(directory).create(description))
            run_directory.record_others(writer, [one.other] if one.other else [])
            shown = not args.quiet and args.json != "-"
            ended, seconds = _measure(request, plan, pairs, writer, cpus, shown=shown)
            run_directory.record_others(writer, one.concurrent)
            found = written.Found(
                asked, plan, pairs, seed, seconds, ended.failure, ended.interrupted
            )
            writer.update_manifest(comparison=found.as_json())
        except RunError as error:
            raise CommandError(str(error), Status.UNABLE) from None
        if args.json != "-":
            print("\n".join(written.lines(found)))
        for name, file in files.items():
            file.write(written.FORMATS[name](found))
    if args.json != "-":
        print(directory)
    return _status(found, ended, directory)


def _status(found: "written.Found", ended: Ended, directory: Path) -> Status:
    if ended.interrupted:
        say(f"interrupted: what was measured is kept in {directory}")
        return Status.INTERRUPTED
    if ended.failure:
        say(f"{ended.failure}; its log is in {directory / 'logs'}: repair it, and compare again")
        return Status.UNABLE
    worse = [each for each in found.pairs.judged if each.verdict is Verdict.REGRESSION]
    if worse:
        say("a regression: " + ", ".join(each.metric.noun for each in worse))
    undecided = all(each.verdict in UNDECIDED for each in found.pairs.judged)
    if undecided and (made := len(found.pairs.rows)) < LEAST_PAIRS:
        say(f"a verdict needs {LEAST_PAIRS} pairs, and there are {made}: raise --budget")
    return Status.FAILED if worse else Status.DONE


def _request(args: argparse.Namespace) -> Request:
    """What is asked for, by the file and the options that override it. Raises CommandError."""
    overrides = given(args, Request)
    try:
        content = config.content_of(args.config) if args.config else {}
        return read(Request, {**content, **overrides}, where_of(Request, overrides, args.config))
    except ValueError as error:
        raise CommandError(str(error)) from None


def _plan(request: Request, asked: Sides) -> Plan:
    """The plan of a pair. Raises CommandError where it cannot be measured here."""
    base, head = (each.spec for each in asked.servers)
    workload = request.workload
    for spec in (base, head):
        if missing := spec.missing:
            raise CommandError(f"{spec.text} cannot run here: {missing}", Status.UNABLE)
    if base.server.protocol != head.server.protocol or base.server.request != head.server.request:
        raise CommandError(
            f"base speaks {base.server.protocol} and head {head.server.protocol}, or they are "
            "asked for different things: compare two that serve the same"
        )
    try:
        for spec in (base, head):
            load_on(spec, workload)
    except ValueError as error:
        raise CommandError(str(error)) from None
    profile = Profile("ab", WARMUP_S, WARMUP_LIMIT_S, 1, request.duration, 1)
    servers = tuple(planned(each, workload.name, request.connections) for each in asked.servers)
    plan = Plan(
        servers=servers, workloads=(workload,), steps=(request.connections,), profile=profile
    )
    # A pair takes whole turns, and both hold their connections at the same time.
    window_s = pair.slices(plan) * pair.slice_s(plan)
    plan = replace(plan, profile=replace(profile, window_s=window_s))
    try:
        check_limits(replace(plan, servers=tuple(map(_twice, servers))))
    except CommandError as error:
        raise CommandError(f"of both servers together: {error}", Status.UNABLE) from None
    pair_s = sum(plan.seconds(each, workload, request.connections) for each in servers)
    pair_s += len(servers) * STARTING_S
    if request.budget < pair_s:
        raise CommandError(
            f"--budget {request.budget:g}s is too short for a pair, which takes about "
            f"{pair_s:.0f} s: a verdict needs at least {LEAST_PAIRS} pairs, so allow "
            f"{LEAST_PAIRS * pair_s / 60:.0f}m or more"
        )
    return plan


def _twice(planned: PlannedServer) -> PlannedServer:
    return replace(planned, steps=tuple(2 * step for step in planned.steps))


def _uncountable() -> str:
    """Why system calls cannot be counted here; empty where they can."""
    try:
        with SystemCalls([os.getpid()]) as calls:
            calls.start()
            calls.stop()
    except CountingError as error:
        return str(error)
    return ""


def _measure(
    request: Request, plan: Plan, pairs: Pairs, writer: RunWriter, cpus: CpuSplit, *, shown: bool
) -> tuple[Ended, float]:
    """Measure pairs within the budget; how that ended, and how long it took."""
    budget = Budget(request.budget)
    os.sched_setaffinity(0, cpus.loader)
    failure, interrupted = "", False
    try:
        with _progress(budget, shown=shown) as progress:
            ceiling = loader_ceiling.of_run(plan, writer, cpus, progress)
            pairs.measure(plan, writer, cpus, ceiling, progress)
    except SideFailedError as error:
        failure = str(error)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        os.sched_setaffinity(0, {*cpus.loader, *cpus.server})
    finished_at = None if interrupted else datetime.now().astimezone().isoformat()
    writer.update_manifest(interrupted=interrupted, finished_at=finished_at)
    return Ended(interrupted, failure), time.monotonic() - budget.began


def _progress(budget: Budget, *, shown: bool) -> PairProgress:
    if not shown:
        return QuietPairs(budget, say)
    console = Console()
    return LivePairs(budget, console) if console.is_terminal else PairProgress(budget, print)
