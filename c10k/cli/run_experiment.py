"""What `c10k run` does: it plans, measures, writes the report, and says how that ended."""

import argparse
import os
import shlex
import shutil
import sys
import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from msgspec.structs import replace
from rich.console import Console

from c10k.experiment import config, loader_ceiling, manifest, run_directory, shipped, written
from c10k.experiment.failures import failures_of
from c10k.experiment.feasibility import check_limits, feasible, for_loader
from c10k.experiment.plan import Plan
from c10k.experiment.progress import LiveProgress, Progress, QuietProgress, TimeLeft
from c10k.experiment.progress import duration as spelled
from c10k.experiment.runner import Experiment
from c10k.experiment.server_host import ServerHost
from c10k.experiment.thresholds import check_thresholds
from c10k.experiment.written import Ending
from c10k.host.cpus import CpuSplit
from c10k.host.limits import LoaderLimits, loader_limits, raise_soft_descriptor_limit
from c10k.loadgen.engines import loss
from c10k.options import given, options_of, read, where_of
from c10k.outcome import CommandError, Status, say
from c10k.output.columns import show
from c10k.output.standard_output import Output, OutputLostError
from c10k.reports.language import use_locale
from c10k.reports.wording import joined
from c10k.results.schema import one_line
from c10k.results.store import RunError, RunWriter, read_run
from c10k.workers.options import Workers

if TYPE_CHECKING:
    from c10k.workers.pool import WorkerPool


def run(args: argparse.Namespace, output: Output, *, essential: bool) -> Ending:
    """Run from the plan to the last line.

    If the output is `essential`, its loss while measuring interrupts the run.
    """
    with ExitStack() as stack:
        return _run(args, output, stack, essential=essential)


def _run(args: argparse.Namespace, output: Output, stack: ExitStack, *, essential: bool) -> Ending:
    began = time.monotonic()
    raise_soft_descriptor_limit()
    try:
        with use_locale(args.lang):  # refuse an unknown language before measuring
            pass
        asked = read(Workers, given(args, Workers), "--{}".format)
        plan, left_out, host = (_resumed if args.resume else _planned)(args, asked, stack)
    except ValueError as error:  # Run- and LanguageError are ValueErrors
        raise CommandError(str(error)) from None
    if lost := loss():
        say(lost)
    cpus = host.cpus
    directory = args.resume or args.out or run_directory.named()
    with (
        run_directory.one_run(directory, force=args.force) as one,
        _loader(asked, cpus, host, quiet=args.quiet) as loader,
    ):
        plan = _for_loader(plan, left_out, host, loader, resumed=bool(args.resume))
        try:
            with _writer(args, directory, plan, cpus, left_out, host) as writer:
                run_directory.record_others(writer, [one.other] if one.other else [])
                output.matters = essential
                interrupted = _measure(args, plan, writer, host, output, loader)
                run_directory.record_others(writer, one.concurrent)
                failures = failures_of(plan, writer.steps())
                writer.update_manifest(thresholds=[each.as_json() for each in failures.thresholds])
        except RunError as error:
            raise CommandError(str(error), Status.UNABLE) from None
    # An interrupted run may have one more step on disk than the writer knows of.
    nothing = args.no_report or read_run(writer.directory).steps.empty
    reported = nothing or _report(writer.directory, args.lang)
    for trouble in failures.lines:
        show(trouble)
    for line in written.lines(failures.thresholds):
        print(line)
    print(writer.directory)
    status = Status.INTERRUPTED if interrupted else Status.DONE
    if failures.failure and not interrupted:
        say(failures.failure)
        status = Status.FAILED
    elif not reported and not interrupted:
        status = Status.FAILED
    if output.failure and not interrupted and not isinstance(output.failure, BrokenPipeError):
        say(f"the output cannot be written: {output.failure.strerror}")
        status = Status.FAILED
    return Ending(writer, failures, status, time.monotonic() - began)


def _planned(
    args: argparse.Namespace, asked: Workers, stack: ExitStack
) -> tuple[Plan, list[str], ServerHost]:
    """The plan, a line for each part of it that is left out, and the host of the servers."""
    overrides = given(args, Plan)
    file = None if args.config is None else shipped.experiment(args.config)
    content = config.content_of(file) if file else {}
    wanted = config.plan_of(config.overridden(content, overrides), where_of(Plan, overrides, file))
    host = _host(wanted, asked, stack)
    plan, left_out = feasible(wanted, overrides, host, _limits(asked))
    check_thresholds(plan, left_out)
    return plan, left_out, host


def _host(plan: Plan, asked: Workers, stack: ExitStack) -> ServerHost:
    """The host of the plan's servers; the stack ends what runs there. Raises ValueError."""
    if not plan.serve_on:
        return ServerHost(asked.serve_address(plan.serve_address))
    from c10k.remote.host import RemoteHost

    return stack.enter_context(RemoteHost(plan.serve_on, plan.serve_address, plan.serve_python))


def _resumed(
    args: argparse.Namespace, asked: Workers, stack: ExitStack
) -> tuple[Plan, list[str], ServerHost]:
    """The plan of the run that continues; nothing further is left out of it."""
    named = [options_of(Plan)[key].flag for key in given(args, Plan) if key != "fit"]
    named += [f"--{name}" for name in ("config", "out") if getattr(args, name) is not None]
    if named:
        raise CommandError(f"--resume continues with the run's own plan: leave out {named[0]}")
    described = read_run(args.resume).manifest
    try:
        plan = manifest.plan_of(described)
    except ValueError as error:
        raise CommandError(f"the plan in {args.resume} cannot be read: {error}") from None
    if bool(described.get("workers")) != asked.asked:
        raise CommandError(
            f"{args.resume} was measured without workers: leave out --workers and --master-bind"
            if asked.asked
            else f"{args.resume} was measured with workers: add --workers or --master-bind"
        )
    host = _host(plan, asked, stack)
    check_limits(plan, host, _limits(asked))
    return plan, [], host


def _limits(asked: Workers) -> LoaderLimits:
    """The limits of the loader, as far as they are known before workers have joined."""
    return (lambda _: ()) if asked.asked else loader_limits


def _loader(
    asked: Workers, cpus: CpuSplit, host: ServerHost, *, quiet: bool
) -> "AbstractContextManager[WorkerPool | None]":
    """The workers, if the load comes from workers, for as long as the context lasts."""
    if not asked.asked:
        return nullcontext()
    from c10k.extras import need
    from c10k.workers.pool import WorkerPool

    need("locust", "--workers")
    return WorkerPool(asked, cpus, host.address, _nothing if quiet else show)


def _nothing(_: str) -> None:
    """Say nothing."""


def _for_loader(
    plan: Plan,
    left_out: list[str],
    host: ServerHost,
    loader: "WorkerPool | None",
    *,
    resumed: bool,
) -> Plan:
    """What of a plan the workers can drive; a plan that is resumed is not reduced."""
    if loader is None:
        return plan
    wanted = replace(plan, fit=plan.fit and not resumed)
    return for_loader(wanted, left_out, host, loader.limits)


def _writer(
    args: argparse.Namespace,
    directory: Path,
    plan: Plan,
    cpus: CpuSplit,
    left_out: Sequence[str],
    host: ServerHost,
) -> RunWriter:
    """The writer of the run's directory, which is new or resumed."""
    if args.resume:
        writer = RunWriter.open(directory)
        writer.update_manifest(interrupted=False, finished_at=None)
        return writer
    for part in left_out:
        show(part, "left out: ")
    description = manifest.describe(plan, cpus, sys.argv[1:], left_out, host)
    if not args.out:
        directory = run_directory.made(directory)
    try:
        return RunWriter(directory).create(description)
    except RunError as error:
        raise CommandError(str(error)) from None


def _measure(
    args: argparse.Namespace,
    plan: Plan,
    writer: RunWriter,
    host: ServerHost,
    output: Output,
    pool: "WorkerPool | None",
) -> bool:
    """Run the plan; whether it was interrupted."""
    cpus = host.cpus
    remaining = {} if writer.manifest.get("ceiling") is not None else loader_ceiling.time(plan)
    remaining |= {each: s for each, s in plan.time().items() if each not in writer.done()}
    resume = ["c10k", "run", "--resume", str(writer.directory)]
    for key, value in given(args, Workers).items():
        resume += [options_of(Workers)[key].flag, str(value)]
    go_on = f"continue with `{shlex.join(resume)}`"
    # Servers get their own CPUs when they start; this process is the loader's side.
    os.sched_setaffinity(0, cpus.loader)
    why = ""
    try:
        with _progress(plan, remaining, cpus, output, quiet=args.quiet) as progress:
            if pool:
                pool.on_news = progress.say
            Experiment(plan, writer, cpus, progress, time.monotonic(), host, pool).run()
    except KeyboardInterrupt:
        why = "interrupted"
    except OutputLostError as error:
        why = f"interrupted, because standard output cannot be written ({error})"
    except (RunError, OSError) as error:
        with suppress(RunError, OSError):
            writer.update_manifest(interrupted=True)
        reason = error.strerror if isinstance(error, OSError) else error
        raise RunError(f"{reason}; correct that, then {go_on}") from None
    finally:
        output.matters = False
        os.sched_setaffinity(0, cpus.here)
    if why:
        say(f"{why}: what was measured is kept; {go_on}")
    finished_at = None if why else datetime.now().astimezone().isoformat()
    writer.update_manifest(interrupted=bool(why), finished_at=finished_at)
    return bool(why)


def _progress(
    plan: Plan, remaining: Mapping[Hashable, float], cpus: CpuSplit, output: Output, *, quiet: bool
) -> Progress:
    left = TimeLeft(remaining)
    if quiet:
        return QuietProgress(left, _print_line)
    servers = joined([each.server for each in plan.servers])
    steps = ", ".join(f"{step:,}" for step in plan.steps)
    profile = plan.profile
    repeats = f"{profile.repeats:,} repeat{'s' * (profile.repeats > 1)}"
    show(
        f"{servers}: {steps} connections, {repeats} of {profile.seconds:g} s "
        f"per step, about {spelled(left.seconds_left())}; {cpus}"
        + (f"; servers on {plan.serve_on}" if plan.serve_on else "")
    )
    console = Console(file=cast("TextIO", output))
    return LiveProgress(left, console) if console.is_terminal else Progress(left, _print_line)


def _print_line(line: str) -> None:
    """Print it in one write. With PYTHONUNBUFFERED `print` makes two; a signal that comes between
    them would leave the next line, which a script may read, on this one.
    """
    sys.stdout.write(f"{line}\n")


def _report(directory: Path, language: str) -> bool:
    """Print the summary and write the report; whether that succeeded."""
    from c10k.reports.build import build_report  # takes a second: matplotlib
    from c10k.reports.output import UnwritableError
    from c10k.reports.summary.terminal import terminal_summary

    try:
        with use_locale(language):
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
            print("\n" + terminal_summary(read_run(directory), width))
        print(f"report: {build_report(directory, directory / 'report', language)}")
    except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
        written = shlex.join(["c10k", "report", str(directory), "--out"])
        remedy = f": {written} DIR" if isinstance(error, UnwritableError) else ""
        say(one_line(f"no report: {error}{remedy}"))
        return False
    return True
