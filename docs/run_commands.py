"""Execute every command of README, CONTRIBUTING and docs, on the loopback: `tox -e docs` does.

python -m docs.run_commands [WORD …]    only those that have one of these words

docs/_commands/written.py says which commands there are, and docs/_commands/rules.py how each is
shortened, what runs beside it, and which are not executed. A command must end with the right exit
status, and print every line that is shown below it, whatever the numbers are, but for those that
the rules leave out. The exit status is 1 if one fails.
"""

import argparse
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from docs._commands import rules
from docs._commands.comparing import lacking
from docs._commands.project import Job, Project
from docs._commands.written import Command, blocks

LONGEST_S: Final = 60.0
SAID_S: Final = 5.0  # until a command in the background has printed what is shown
TAIL: Final = 30  # lines of output that are printed of a command that failed


class Done(NamedTuple):
    """How a command ended, what it printed, and what is wrong with that."""

    status: int
    printed: str
    wrong: list[str]


def main() -> int:
    """Execute all of them, page by page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="only the commands that have one of these")
    words = parser.parse_args().words
    began, results = time.monotonic(), []
    left: dict[str, list[Command]] = {}
    with tempfile.TemporaryDirectory(prefix="c10k-docs-") as scratch:
        project = Project(Path(scratch) / "c10k")
        for block in chosen(words, left):
            status = 0
            try:
                for command in block:
                    at = time.monotonic()
                    done = execute(command, project, status)
                    show(command, done, time.monotonic() - at)
                    status = done.status
                    results.append(done)
            finally:
                project.end_block()
    for why, commands in left.items():
        print(f"\nnot executed, {why}:")
        print(*(f"  {command}" for command in commands), sep="\n")
    failed = sum(bool(done.wrong) for done in results)
    print(f"\n{len(results)} executed in {time.monotonic() - began:.0f} s, {failed} failed")
    return 1 if failed else 0


def chosen(words: Sequence[str], left: dict[str, list[Command]]) -> Iterator[list[Command]]:
    """The blocks of commands to execute, each once; the others are added to `left`, by reason."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for block in blocks():
        block = [each for each in block if not words or any(word in str(each) for word in words)]
        for each in block:
            if why := rules.why_not(each.text):
                left.setdefault(why, []).append(each)
        block = [each for each in block if not rules.why_not(each.text)]
        same = tuple((as_executed(each), each.shown) for each in block)
        if same not in seen:
            seen.add(same)
            yield block


def as_executed(command: Command) -> str:
    """What is executed of a command, but for the numbers of ports."""
    text = rules.rewritten(command.text)
    return text if command.python else rules.shortened(text, shown=bool(command.shown))


def show(command: Command, done: Done, took_s: float) -> None:
    """Print how it went, and of one that failed what is wrong and the end of its output."""
    print(f"{'failed' if done.wrong else 'ok':6} {took_s:5.1f} s  {command}")
    for line in done.wrong:
        print(f"       {line}")
    for line in done.printed.splitlines()[-TAIL:] if done.wrong else ():
        print(f"       | {line}")
    sys.stdout.flush()


def execute(command: Command, project: Project, before: int) -> Done:
    """Execute one, after one that ended with the status `before`."""
    text = as_executed(command)
    if text == "echo $?":
        right = command.shown.strip() in ("", str(before))
        return Done(0, "", [] if right else [f"the exit status was {before}"])
    if re.fullmatch(r"kill %\d", text):
        project.end_jobs()
        return Done(0, "", [])
    project.presume(text)
    if text.endswith("&"):
        job = project.background(text.rstrip("& "))
        deadline = time.monotonic() + SAID_S
        while (wrong := compared(command, text, job)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return Done(0, job.output, wrong if job.status is None else ["it has ended"])
    job = project.start(project.with_ports(text), python=command.python)
    try:
        status, wrong = awaited(job, "" if command.python else text)
    finally:
        job.end()
    statuses = (number for what, number in rules.STATUS.items() if re.search(what, text))
    if status != (expected := next(statuses, 0)):
        wrong.append(f"the exit status is {status} and not {expected}")
    return Done(status, job.output, wrong + compared(command, text, job))


def compared(command: Command, text: str, job: Job) -> list[str]:
    """What the output lacks of the output that is shown."""
    if any(re.search(what, text) for what in rules.NOT_COMPARED):
        return []
    shown = command.shown
    if re.search(rules.CONCLUDING, text):
        lines = shown.splitlines(keepends=True)
        shown = "".join(line for line in lines if re.search(rules.IN_COLUMNS, line))
    found = lacking(shown, job.output, rules.VARYING)
    return [f"the output lacks: {line}" for line in found]


def awaited(job: Job, text: str) -> tuple[int, list[str]]:
    """Wait for the end of a command, or until it is ready and has ended by Ctrl-C."""
    ready = next((sign for what, sign in rules.UNTIL.items() if re.search(what, text)), "")
    deadline = time.monotonic() + LONGEST_S
    while (status := job.status) is None:
        if ready and (sign := re.search(ready, job.output)):
            wrong = [] if answers(sign[0]) else [f"{sign[0]} does not answer"]
            status = job.end()
            return 0 if status == 130 else status, wrong
        if time.monotonic() > deadline:
            return -1, [f"it has not ended in {LONGEST_S:.0f} s"]
        time.sleep(0.02)
    return status, []


def answers(sign: str) -> bool:
    """Whether a page that it names is there, or asks for a login; True of what names none."""
    if not sign.startswith("http"):
        return True
    try:
        with urllib.request.urlopen(sign, timeout=LONGEST_S):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
