"""The arguments of `c10k compare`, and what it calls."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from c10k.cli.report import add_language
from c10k.outcome import CommandError, Status, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from c10k.reports.comparisons.runs import RunComparison


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", type=Path, metavar="BASE", help="the directory of the earlier run")
    parser.add_argument("head", type=Path, metavar="HEAD", help="the directory of the later run")
    parser.add_argument("--all", action="store_true", help="show every verdict, not the clear ones")
    parser.add_argument(
        "--force",
        action="store_true",
        help="although the machine, the interpreter, the windows or the workloads differ",
    )
    for flag, what in (
        ("json", "JSON; with -, it is all that standard output has"),
        ("junit", "JUnit XML"),
        ("markdown", "Markdown"),
    ):
        parser.add_argument(f"--{flag}", metavar="FILE", help=f"write the verdicts as {what}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a page with every verdict")
    add_language(parser)
    parser.epilog = (
        "A clear change is a ratio of at least 1.2 beyond the spread between repeats. "
        "Exit status: 0 nothing is clearly worse; 1 a regression, or a step failed in HEAD alone; "
        "2 wrong request."
    )


def execute(args: argparse.Namespace) -> int:
    """Compare the runs, print the verdicts, and write the files that are asked for."""
    from c10k.output.columns import show
    from c10k.output.files import json_text, opened
    from c10k.reports import compare, output
    from c10k.reports.comparisons.runs import Verdict
    from c10k.reports.language import use_locale
    from c10k.reports.tables.runs import notes
    from c10k.results.schema import one_line

    formats: dict[str, Callable[[RunComparison], str]] = {
        "json": lambda found: json_text(compare.as_json(found)),
        "junit": compare.as_junit,
        "markdown": lambda found: compare.markdown(found, every=args.all),
    }
    page = args.out / "index.html" if args.out else None
    with ExitStack() as stack:
        files = opened(args, formats, stack)
        try:
            stack.enter_context(use_locale(args.lang))
            found = compare.compared(args.base, args.head)
            if found.unlike and not args.force:
                what = "; ".join(found.unlike)
                raise ValueError(f"they differ in {what}: compare them all the same with --force")
            if page:
                output.write(args.out, [(page, compare.page(found))])
        except (ValueError, OSError) as error:  # Run-, Report- and LanguageError are ValueErrors
            runs = f"{args.base} and {args.head}"
            raise CommandError(one_line(f"no comparison of {runs}: {error}")) from None
        for name, file in files.items():
            file.write(formats[name](found))
        if args.json != "-":
            print("\n".join(compare.terminal(found, every=args.all)))
            for note in notes(found):
                show(one_line(note))
            if page:
                print(page)
    if found.broken:
        say(f"failed in head, not in base: {compare.steps(found.broken)}")
    worse = [each for each in found.changes if each.verdict is Verdict.REGRESSION]
    if worse:
        say("a regression: " + ", ".join(dict.fromkeys(each.measure.noun for each in worse)))
    return Status.FAILED if worse or found.broken else Status.DONE
