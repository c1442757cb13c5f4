"""Whether a command printed what its page shows: the same words, whatever the numbers are."""

import re
from collections.abc import Iterable
from typing import Final

# What is masked: dates, hashes of commits, numbers with their units, and dashes for a missing one.
_NAMED: Final = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?\b|\b[0-9a-f]{7,40}\b")
_UNIT: Final = r"(?: ?(?:B|KB|MB|GB|ms|µs|s|min|minutes?|hours?|%|×|x)(?![\w/]))"
_NUMBER: Final = re.compile(rf"[-+<≥]?\d(?:[\d,.:]*\d)?(?:e[-+]?\d+)?{_UNIT}?|(?<!\S)[—–](?!\S)")
_SEVERAL: Final = re.compile(r"#(?:(?:, ?|–| to )#)+")
_INTERVAL: Final = re.compile(r"# \[#\]")  # which not every figure has


def masked(text: str) -> str:
    """Text in which each number, or list of numbers, is #, and white space is one blank."""
    text = _SEVERAL.sub("#", _NUMBER.sub("#", _NAMED.sub("#", text)))
    return " ".join(_INTERVAL.sub("#", text).split())


def lacking(shown: str, printed: str, varying: Iterable[str]) -> list[str]:
    """The lines shown that the output lacks, however the lines of either are wrapped.

    A line … stands for others, and lines with one of the patterns `varying` may differ.
    """
    printed = masked(printed)
    return [
        line
        for line in shown.splitlines()
        if line.strip() not in ("", "…")
        and not any(re.search(pattern, line) for pattern in varying)
        and masked(line) not in printed
    ]
