"""The arguments of `c10k history`, and what it calls."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from c10k.outcome import CommandError, say
from c10k.output.files import json_text, opened

if TYPE_CHECKING:
    from c10k.reports.history.series import FoundChange, History, Series

OUT: Final = Path("results/history")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "directories",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="the directory of a run, or one that holds runs, such as results/runs",
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help=f"where to write (default: {OUT})"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write all series and their changes as JSON; - prints it"
    )
    parser.add_argument("--markdown", metavar="FILE", help="write the changes as Markdown")


def execute(args: argparse.Namespace) -> int:
    """Print the changes and the path of the page; exit status 0 whatever they are."""
    from c10k.reports.history.page import build_history
    from c10k.reports.history.series import read_history
    from c10k.reports.output import UnwritableError
    from c10k.results.schema import one_line

    with ExitStack() as stack:
        files = opened(args, ("json", "markdown"), stack)
        try:
            history = read_history(args.directories)
            for line in history.left_out:
                say(line)
            page = build_history(history, args.out)
        except (ValueError, OSError) as error:  # ReportError is a ValueError
            remedy = (
                ": write it elsewhere with --out DIR" if isinstance(error, UnwritableError) else ""
            )
            raise CommandError(one_line(f"no history: {error}{remedy}")) from None
        if args.json != "-":
            print("\n".join(lines(history)))
        if "json" in files:
            files["json"].write(json_text(as_json(history)))
        if "markdown" in files:
            files["markdown"].write(markdown(history))
        if args.json != "-":
            print(page, flush=True)
    return 0


def lines(history: "History") -> list[str]:
    """The history for a terminal."""
    from c10k.reports.history.table import notes, summary, table

    found = [summary(history), *notes(history)]
    return [*found, "", *table(history).lines()] if history.changes else found


def markdown(history: "History") -> str:
    """The history for the page of a CI job."""
    from c10k.reports.history.table import notes, summary, table

    parts = [f"### {summary(history)}", *notes(history)]
    if history.changes:
        parts.append(table(history).markdown())
    return "\n\n".join(parts).rstrip() + "\n"


def as_json(history: "History") -> dict[str, Any]:
    """The history for other programs: null where there is no number."""
    return {
        "schema": "c10k.history/1",
        "runs": [
            {
                "run": run.name,
                "commit": run.commit or None,
                "created_at": run.began.isoformat(),
                "machine": run.setting.machine,
                "plan": run.setting.plan,
            }
            for run in history.runs
        ],
        "left_out": list(history.left_out),
        "series": [_series(each) for each in history.series],
    }


def _series(series: "Series") -> dict[str, Any]:
    subject = series.subject
    return {
        "machine": series.setting.machine,
        "plan": series.setting.plan,
        "server": subject.server,
        "workload": subject.workload,
        "connections": subject.connections or None,
        "measure": subject.measure.noun,
        "column": subject.measure.column,
        "figures": [
            {
                "run": run.name,
                **series.figure(run).as_json(),
                "counts": subject not in run.unfit,
            }
            for run in series.runs
        ],
        "changes": [_change(each) for each in series.changes],
    }


def _change(change: "FoundChange") -> dict[str, Any]:
    ratio = change.ratio.as_json()
    return {
        "run": change.run.name,
        "commit": change.run.commit or None,
        "previous_run": change.previous.name,
        "previous_commit": change.previous.commit or None,
        "ratio": ratio.pop("value"),
        **ratio,
        "better": change.better,
    }
