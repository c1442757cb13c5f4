"""The commands that README, CONTRIBUTING and docs have, with the output that they show.

They stand in fenced blocks: behind `$ ` in a block called console, with their output below, or bare
in a block without a name. A block of anything else has a name, such as text. Of Python there is
what stands behind `>>>`, and every block of docs/api/, whose output is the block of text below it.
"""

import doctest
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = ("*.md", "docs/**/*.md", "examples/*/README.md")
HISTORY: Final = ("CHANGELOG.md",)  # what it shows need not work any more

FENCED: Final = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
WIDTH: Final = 90  # of a command that is listed


@dataclass
class Command:
    """A command of the shell in a line, or a program in Python; and the output shown below it."""

    page: str
    line: int
    text: str
    shown: str = ""
    python: bool = False

    def __str__(self) -> str:
        line = " ".join(self.text.split())
        line = line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
        return f"{self.page}:{self.line}  {'python: ' * self.python}{line}"


def pages() -> list[Path]:
    """The pages that have commands."""
    found = {path for pattern in PAGES for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.name not in HISTORY)


def blocks() -> Iterator[list[Command]]:
    """The commands of each fenced block; a block of Python is one."""
    for path in pages():
        text, page = path.read_text(), str(path.relative_to(ROOT))
        for fenced in FENCED.finditer(text):
            indent, language, body = fenced.groups()
            line = text.count("\n", 0, fenced.start()) + 2
            lines = [each.removeprefix(indent) for each in body.splitlines()]
            if language in ("", "console"):
                yield list(_commands(page, line, lines, prompted="$ " in body))
            elif language == "python" and body.startswith(">>>"):
                yield [_session(page, line, body)]
            elif language == "python" and page.startswith("docs/api/"):
                below = FENCED.match(text, fenced.end() + 2)
                shown = below[3] if below and below[2] == "text" else ""
                yield [Command(page, line, body, shown, python=True)]


def inline() -> Iterator[Command]:
    """The commands of c10k that stand in a sentence or a table; they may be incomplete."""
    for path in pages():
        text = FENCED.sub(lambda fenced: "\n" * fenced[0].count("\n"), path.read_text())
        for found in INLINE.finditer(text):
            if found[1].startswith("c10k "):
                line = text.count("\n", 0, found.start()) + 1
                yield Command(str(path.relative_to(ROOT)), line, found[1])


def _commands(page: str, line: int, lines: Sequence[str], *, prompted: bool) -> Iterator[Command]:
    command: Command | None = None
    for number, each in enumerate(lines, start=line):
        if command and command.text.endswith("\\"):
            command.text = f"{command.text[:-1].rstrip()} {each.strip()}"
        elif each.startswith("$ ") or (not prompted and each and not each.startswith("#")):
            if command:
                yield command
            command = Command(page, number, each.removeprefix("$ "))
        elif command and prompted:
            command.shown += f"{each}\n"
    if command:
        yield command


def _session(page: str, line: int, text: str) -> Command:
    """An interactive session as a program that prints what it shows."""
    program, shown = "", ""
    for each in doctest.DocTestParser().get_examples(text):
        program += f"print({each.source.strip()})\n" if each.want else each.source
        shown += each.want
    return Command(page, line, program, shown, python=True)
