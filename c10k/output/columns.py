"""Wraps text into a column, for a terminal or a pipe."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

WIDEST: Final = 100  # characters: longer lines are tiring to read


def beside(left: str, texts: Iterable[str]) -> Iterator[str]:
    """Wrap texts into a column as wide as the terminal, with `left` beside the first line."""
    width = min(shutil.get_terminal_size().columns, WIDEST)  # 80 in a pipe
    for text in texts:
        yield from textwrap.wrap(
            text,
            max(width, len(left) + 20),
            initial_indent=left,
            subsequent_indent=" " * len(left),
            break_long_words=False,
            break_on_hyphens=False,
        )
        left = " " * len(left)


def show(text: str, left: str = "") -> None:
    """Print a text as such a column."""
    for line in beside(left, [text]):
        print(line)
