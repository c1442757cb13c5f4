"""What `c10k audit` does: it runs a loader against each behaviour, and prints what it finds."""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from math import isnan
from pathlib import Path
from typing import Any, Final

from c10k.audit.behaviours import Behaviour, behaviours
from c10k.audit.judgement import Judged, judge
from c10k.audit.loader_run import LoaderError, LoaderRun, run
from c10k.audit.reader import NotUnderstoodError, Reader, decoded, readers
from c10k.audit.truth import truth
from c10k.host.cpus import CpuSplit
from c10k.host.limits import raise_soft_descriptor_limit
from c10k.outcome import CommandError, Status
from c10k.output.columns import show
from c10k.output.files import json_text, opened, or_none
from c10k.servers.process import ServerStartError

SCHEMA: Final = "c10k.audit/1"
ONE_CPU: Final = 1.05  # what a loader of one thread uses at most, as times are measured


def audit(args: argparse.Namespace) -> int:
    """Audit the loader; FAILED if a figure is wrong."""
    command: list[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    _check(command)
    reader = _reader(args.reader, command)
    http = any(word.startswith("http://") for word in command)
    protocol = args.protocol or reader.protocol or ("http" if http else "echo")
    chosen = _chosen(args.behaviour, reader)
    raise_soft_descriptor_limit()
    cpus = CpuSplit.of_this_process()
    shown = args.json != "-"
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        outputs = opened(args, ("json",), stack)
        for behaviour in chosen:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="c10k-audit-")))
            if shown:
                print(f"{behaviour.name}: the server {behaviour.summary}", flush=True)
            try:
                ended = run(command, behaviour, reader, protocol, cpus, folder, args.limit)
                found = _judged(ended, behaviour, reader, len(cpus.loader), understood=bool(rows))
            except LoaderError as error:
                raise CommandError(f"{command[0]}: {error}", Status.UNABLE) from None
            except NotUnderstoodError as error:
                raise CommandError(
                    f"what {command[0]} reports is not understood: {error}. Give a --reader that "
                    "knows it; docs/audit.md says how to write one",
                    Status.UNABLE,
                ) from None
            except (ServerStartError, OSError) as error:
                raise CommandError(f"cannot audit: {error}", Status.UNABLE) from None
            rows.append(_row(behaviour, ended, found))
            if shown:
                _print(ended, found)
        for output in outputs.values():
            output.write(json_text({"schema": SCHEMA, "command": command, "behaviours": rows}))
    wrong, unknown = (
        {row["behaviour"] for row in rows for figure in row["figures"] if figure[what]}
        for what in ("wrong", "not_judged")
    )
    if shown:
        right = len(rows) - len(wrong | unknown)
        print(f"right under {right} of {len(rows)} behaviours")
    return Status.FAILED if wrong else Status.DONE


def _check(command: Sequence[str]) -> None:
    """Raise CommandError for a command that cannot be run, or would go elsewhere."""
    if not command:
        raise CommandError("give the loader's command after --: wrk http://{host}:{port}/")
    if not any("{port}" in word for word in command):
        raise CommandError(
            "the command must say {port} where the loader is to connect: wrk http://{host}:{port}/"
        )
    if not shutil.which(command[0]):
        raise CommandError(f"{command[0]} is not installed, or not executable", Status.UNABLE)


def _reader(name: str | None, command: Sequence[str]) -> Reader:
    """What reads the loader's report: that of a name or a file, else that of the program."""
    known = readers()
    if name in known:
        return known[name]
    if name:
        try:
            return decoded(Path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CommandError(
                f"--reader {name}: {reason}; known are {', '.join(sorted(known))}, or name a TOML "
                "file"
            ) from None
    program = Path(command[0]).name
    for reader in known.values():
        if program in reader.programs:
            return reader
    raise CommandError(
        f"no reader is known for {program}: give --reader NAME or a TOML file; known are "
        f"{', '.join(sorted(known))}"
    )


def _chosen(names: Sequence[str] | None, reader: Reader) -> list[Behaviour]:
    known = behaviours(reader.recorded_from_s)
    for name in names or ():
        if name not in known:
            raise CommandError(f"no behaviour is called {name!r}: known are {', '.join(known)}")
    return [known[name] for name in names or known]


def _judged(
    ended: LoaderRun, behaviour: Behaviour, reader: Reader, cpus: int, *, understood: bool
) -> list[Judged]:
    """The findings. That a loader whose reports were `understood` before has none is one, too.

    Raises NotUnderstoodError for the first, and LoaderError for a load that has only a part of the
    server's silence, or nothing of it.
    """
    silent_from_s, silent_until_s = behaviour.silent
    if ended.loaded_s < silent_until_s:
        raise LoaderError(
            f"it ended {ended.loaded_s:.1f} s after its first message, and the server is "
            f"silent until {silent_until_s:g} s: give it at least {silent_until_s + 1:g} s"
        )
    missing = "not reported"
    try:
        reported = reader.read(ended.stdout, ended.stderr, ended.output)
    except NotUnderstoodError as error:
        if not understood:
            raise
        reported, missing = {}, f"no report ({error}): it ended with exit status {ended.status}"
    window = reported.get("seconds")
    window_s = window.value / 1000 if window else None
    begin_s = ended.record.begin_s(window_s)
    if silent_until_s and begin_s > silent_from_s:
        raise LoaderError(
            f"its figures begin {begin_s:.1f} s after its first message, but the server is silent "
            f"from {silent_from_s:g} s on: give it a shorter warm-up"
        )
    should = truth(ended.record, behaviour, window_s, reader.recorded_from_s)
    busy = ended.cpu_s / ended.seconds
    if busy > ONE_CPU:  # else it may have one thread
        busy /= cpus
    return list(judge(behaviour, should, reported, busy, missing))


def _row(behaviour: Behaviour, ended: LoaderRun, found: Sequence[Judged]) -> dict[str, Any]:
    messages = len(ended.record.arrived_ns)
    return {
        "behaviour": behaviour.name,
        "summary": behaviour.summary,
        "exit_status": ended.status,
        "seconds": ended.seconds,
        "messages": messages,
        "connections": len(ended.record.accepted_ns),
        "cpu_us_per_message": ended.cpu_s / messages * 1e6,
        "figures": [
            {
                "figure": each.figure,
                "should": or_none(each.should),
                "reported": or_none(each.reported),
                "wrong": each.wrong,
                "not_judged": each.unknown,
            }
            for each in found
        ],
    }


def _print(ended: LoaderRun, found: Sequence[Judged]) -> None:
    print(f"  {'':<12}{'should be':>12}{'reported':>12}{'off':>8}")
    for each in found:
        unit = {"rate": " /s", "errors": ""}.get(each.figure, " ms")
        should, reported = (
            "–" if isnan(value) else f"{_rounded(value)}{unit}"
            for value in (each.should, each.reported)
        )
        off = "" if isnan(each.off) else f"{each.off:+.1%}"
        cells = f"{each.figure.replace('_', ' '):<12}{should:>12}{reported:>12}{off:>8}"
        show(each.wrong or each.unknown or "right", f"  {cells}  ")
    messages = len(ended.record.arrived_ns)
    share = ended.cpu_s / ended.seconds
    print(
        f"  {messages:,} messages on {len(ended.record.accepted_ns):,} connections, "
        f"{ended.cpu_s / messages * 1e6:.1f} µs of CPU per message ({share:.0%} of a CPU)\n"
    )


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"
