"""run the experiment, then write the report"""

import argparse
import os
import shlex
import sys
import time
from contextlib import ExitStack, redirect_stdout, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from c10k.cli import report
from c10k.experiment.plan import Plan
from c10k.options import add_options, given, options_of
from c10k.outcome import CommandError, Status, say

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from c10k.cli.standard_output import Output
    from c10k.experiment.progress import Progress
    from c10k.host.cpus import CpuSplit
    from c10k.host.run_lock import OtherRun
    from c10k.results.store import RunWriter

OPTIONS: Final = (
    *("servers", "commands", "workloads", "rate", "size", "steps", "profile", "duration"),
    *("repeat", "fit", "find-max", "slo-p99", "map"),
)
"""The keys of a plan that the command line may override."""
LIST: Final = object()  # --config without a value


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_options(parser, Plan, *OPTIONS)
    parser.add_argument(
        "--config",
        nargs="?",
        const=LIST,
        metavar="EXPERIMENT",
        help="an experiment: its name, such as chapter, or a FILE.toml of your own; other options "
        "override it. Without a value: list the experiments",
    )
    parser.add_argument(
        "--out",
        type=_directory,
        metavar="DIR",
        help="the run's directory (default: results/runs/DATE)",
    )
    parser.add_argument(
        "--resume",
        type=_directory,
        metavar="DIR",
        help="continue an interrupted run, with its own plan",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="measure although another run is under way on this machine; both record a warning "
        "(c10k load and c10k ui do not count)",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the steps and the outcome as JSON to FILE; with -, JSON is all that standard "
        "output has, and the rest goes to standard error",
    )
    parser.add_argument(
        "--no-report",
        action="store_true",
        help="write no page and print no summary; `c10k report` makes them later",
    )
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print no progress, only warnings, the summary and the directory",
    )
    report.add_language(parser)
    parser.epilog = (
        "Exit status: 0 every step was measured (the last lines name connections or messages that "
        "failed); 1 a step failed or missed --slo-p99; 2 wrong request; 3 not possible on this "
        "machine, or another run is under way; 130 interrupted by Ctrl-C, SIGTERM, SIGHUP or the "
        "loss of standard output. What was measured is kept."
    )


def _directory(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("needs the name of a directory")
    return Path(text)


def execute(args: argparse.Namespace) -> int:
    """Measure, write the report, and print the run's directory last."""
    if args.config is LIST:
        return _list_experiments()
    from c10k.cli.outputs import OutputFile, json_text
    from c10k.cli.standard_output import Output

    with ExitStack() as stack:
        file = None
        if args.json is not None:
            file = stack.enter_context(OutputFile("--json", args.json, or_stdout=True))
        alone = file is not None and file.is_stdout
        output = Output(sys.stderr if alone else sys.stdout)
        with redirect_stdout(cast("TextIO", output)):
            status, found = _run(args, output, essential=not alone)
        if file:
            with suppress(BrokenPipeError):
                file.write(json_text(found))
    return status


def _list_experiments() -> int:
    from c10k.cli.columns import beside
    from c10k.experiment import shipped

    for name, summary in shipped.summaries():
        for line in beside(f"{name:<12}", [summary]):
            print(line)
    return Status.DONE


def _run(
    args: argparse.Namespace, output: "Output", *, essential: bool
) -> "tuple[Status, dict[str, Any]]":
    """Run from the plan to the last line; the status, and the content of --json."""
    from c10k.cli.columns import beside
    from c10k.cli.interruption import interrupt_on_signals
    from c10k.cli.run_json import figures
    from c10k.experiment.failures import failures_of
    from c10k.host.cpus import CpuSplit
    from c10k.host.limits import raise_soft_descriptor_limit
    from c10k.host.run_lock import OneRun
    from c10k.loadgen.engines import loss
    from c10k.reports.language import use_locale
    from c10k.results.store import read_run

    try:
        with use_locale(args.lang):  # refuse an unknown language before measuring
            pass
    except ValueError as error:
        raise CommandError(str(error)) from None
    if lost := loss():
        say(lost)
    raise_soft_descriptor_limit()
    cpus = CpuSplit.of_this_process()
    interrupt_on_signals()
    plan, left_out = _resumed(args) if args.resume else _planned(args)
    directory = args.resume or args.out or _default_directory()
    with OneRun(directory, force=args.force) as one:
        if one.other and not args.force:
            raise CommandError(
                f"another run is under way on this machine ({one.other}): two at once distort "
                "each other; wait for its end, or measure regardless with --force",
                Status.UNABLE,
            )
        with _writer(args, directory, plan, cpus, left_out) as writer:
            _record(writer, [one.other] if one.other else [])
            output.matters = essential
            interrupted = _measure(plan, writer, cpus, output, quiet=args.quiet)
            _record(writer, one.concurrent)
    failures = failures_of(plan, writer.steps())
    # An interrupted run may have one more step on disk than the writer knows of.
    nothing = args.no_report or read_run(writer.directory).steps.empty
    reported = nothing or _report(writer.directory, args.lang)
    for trouble in failures.lines:
        for line in beside("", [trouble]):
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
    return status, figures(writer.directory, writer.manifest, writer.steps(), failures, status)


def _planned(args: argparse.Namespace) -> tuple[Plan, list[str]]:
    """The plan, and a line for each part of it that is left out here."""
    from c10k.experiment import config, feasibility, shipped

    overrides = given(args, Plan)
    try:
        file = shipped.experiment(args.config) if args.config is not None else None

        def where(key: str) -> str:
            return options_of(Plan)[key].flag if key in overrides else f"{file}: {key}"

        content = config.content_of(file) if file else {}
        asked = config.plan_of(config.overridden(content, overrides), where)
    except ValueError as error:
        raise CommandError(str(error)) from None
    return feasibility.feasible(asked, named=overrides)


def _resumed(args: argparse.Namespace) -> tuple[Plan, list[str]]:
    """The plan of the run that continues; nothing further is left out of it."""
    from c10k.experiment import manifest
    from c10k.experiment.feasibility import check_limits
    from c10k.results.store import RunError, read_run

    named = [options_of(Plan)[key].flag for key in given(args, Plan) if key != "fit"]
    named += [f"--{name}" for name in ("config", "out") if getattr(args, name) is not None]
    if named:
        raise CommandError(f"--resume continues with the run's own plan: leave out {named[0]}")
    try:
        run = read_run(args.resume)
    except RunError as error:
        raise CommandError(str(error)) from None
    try:
        plan = manifest.plan_of(run.manifest)
    except ValueError as error:
        raise CommandError(f"the plan in {args.resume} cannot be read: {error}") from None
    check_limits(plan)
    return plan, []


def _default_directory() -> Path:
    return Path("results/runs", f"{datetime.now():%Y-%m-%d_%H%M%S}")  # noqa: DTZ005 (a name for people)


def _writer(
    args: argparse.Namespace,
    directory: Path,
    plan: Plan,
    cpus: "CpuSplit",
    left_out: "Sequence[str]",
) -> "RunWriter":
    """The writer of the run's directory, which is new or resumed."""
    from c10k.cli.columns import beside
    from c10k.experiment import manifest
    from c10k.results.store import RunError, RunWriter

    try:
        if args.resume:
            writer = RunWriter.open(directory)
            writer.update_manifest(interrupted=False, finished_at=None)
            return writer
        for thing in left_out:
            for line in beside("left out: ", [thing]):
                print(line)
        description = manifest.describe(plan, cpus, sys.argv[1:], left_out)
        if not args.out:
            directory = _made(directory)
        return RunWriter(directory).create(description)
    except RunError as error:
        raise CommandError(str(error), Status.UNABLE if args.resume else Status.WRONG) from None


def _made(directory: Path) -> Path:
    """Make the directory, with a number behind its name if several runs begin in one second."""
    from c10k.results.store import RunError

    for number in count(1):
        made = directory if number == 1 else directory.with_name(f"{directory.name}_{number}")
        try:
            made.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(f"{made} cannot be made: {error.strerror}") from None
        return made
    raise AssertionError("unreachable")


def _record(writer: "RunWriter", others: "Iterable[OtherRun]") -> None:
    """Add runs that were under way at the same time to the environment warnings."""
    from c10k.results.store import RunError

    added = [
        {
            "code": "other_run",
            "message": f"another run measured at the same time ({other})",
            "remedy": "measure again while nothing else runs: two runs at once distort each other",
        }
        for other in others
    ]
    try:
        if added:
            writer.update_manifest(warnings=[*writer.manifest["warnings"], *added])
    except RunError as error:
        raise CommandError(str(error), Status.UNABLE) from None


def _measure(
    plan: Plan, writer: "RunWriter", cpus: "CpuSplit", output: "Output", *, quiet: bool
) -> bool:
    """Run the plan; whether it was interrupted."""
    from c10k.cli.standard_output import OutputLostError
    from c10k.experiment import loader_ceiling
    from c10k.experiment.runner import Experiment
    from c10k.results.store import RunError

    remaining = {} if writer.manifest.get("ceiling") is not None else loader_ceiling.time(plan)
    remaining |= {each: s for each, s in plan.time().items() if each not in writer.done()}
    go_on = f"continue with `{shlex.join(['c10k', 'run', '--resume', str(writer.directory)])}`"
    # Servers get their own CPUs when they start; this process is the loader's side.
    os.sched_setaffinity(0, cpus.loader)
    why = ""
    try:
        with _progress(plan, remaining, cpus, output, quiet=quiet) as progress:
            Experiment(plan, writer, cpus, progress, time.monotonic()).run()
    except KeyboardInterrupt:
        why = "interrupted"
    except OutputLostError as error:
        why = f"interrupted, because standard output cannot be written ({error})"
    except RunError as error:
        with suppress(RunError):
            writer.update_manifest(interrupted=True)
        raise CommandError(f"{error}; correct that, then {go_on}", Status.UNABLE) from None
    finally:
        output.matters = False
        os.sched_setaffinity(0, {*cpus.loader, *cpus.server})
    if why:
        say(f"{why}: what was measured is kept; {go_on}")
    finished_at = None if why else datetime.now().astimezone().isoformat()
    try:
        writer.update_manifest(interrupted=bool(why), finished_at=finished_at)
    except RunError as error:
        raise CommandError(str(error), Status.UNABLE) from None
    return bool(why)


def _progress(
    plan: Plan,
    remaining: "Mapping[Hashable, float]",
    cpus: "CpuSplit",
    output: "Output",
    *,
    quiet: bool,
) -> "Progress":
    from rich.console import Console

    from c10k.cli.columns import beside
    from c10k.experiment.progress import Clock, LiveProgress, Progress, QuietProgress, duration
    from c10k.reports.wording import joined

    clock = Clock(remaining)
    if quiet:
        return QuietProgress(clock, print)
    servers = joined([each.server for each in plan.servers])
    steps = ", ".join(f"{step:,}" for step in plan.steps)
    begun = (
        f"{servers}: {steps} connections, {plan.profile.windows} × {plan.profile.window_s:g} s "
        f"per step, about {duration(clock.seconds_left())}; {cpus}"
    )
    for line in beside("", [begun]):
        print(line)
    console = Console(file=cast("TextIO", output))
    return LiveProgress(clock, console) if console.is_terminal else Progress(clock, print)


def _report(directory: Path, language: str) -> bool:
    """Print the summary and write the report; whether that succeeded."""
    from c10k.reports.language import use_locale
    from c10k.reports.output import UnwritableError
    from c10k.reports.summary import terminal_summary, terminal_width
    from c10k.results.schema import one_line
    from c10k.results.store import read_run

    try:
        with use_locale(language):
            print("\n" + terminal_summary(read_run(directory), terminal_width()))
        print(f"report: {report.write(directory, None, language)}")
    except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
        written = shlex.join(["c10k", "report", str(directory), "--out"])
        remedy = f": {written} DIR" if isinstance(error, UnwritableError) else ""
        say(one_line(f"no report: {error}{remedy}"))
        return False
    return True
