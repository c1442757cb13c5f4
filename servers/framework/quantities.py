"""How a duration, a size, a count, a number, a share and bytes are written, wherever a person does.

Each function raises ValueError with one line that shows examples; the caller checks bounds. The
file keeps to what Python 3.8 has: servers read their options with it, on any interpreter.
"""

from __future__ import annotations

import os
import re

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?:\.[0-9]*)?|\.[0-9]+"
_QUANTITY = re.compile(rf"({_NUMBER})\s?([a-z\u00b5\u03bc%]*)")
# Units per second and seconds per unit: dividing by 1,000 is exact, multiplying by 0.001 is not.
_PER_SECOND = {"us": 1_000_000, "\u00b5s": 1_000_000, "\u03bcs": 1_000_000, "ms": 1_000}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_ONES = {"": 1, "k": 1_000, "m": 1_000_000}
_LONGEST = 40  # characters: no quantity needs more
_MOST = 1 << 53  # beyond it, not every whole number is a float


def seconds(text: str) -> float:
    """Read 10, 0.5, 250ms, 50us, 10s, 2m, 1h or 1m30s; a number alone is in seconds."""
    total = 0.0
    parts = _parts(text)
    for number, unit in parts:
        if unit in _PER_SECOND:
            total += number / _PER_SECOND[unit]
        elif unit in _SECONDS and (unit or len(parts) == 1):
            total += number * _SECONDS[unit]
        else:
            parts = []
    if not parts:
        raise _refused("a duration is a number with ms, s, m or h, such as 250ms, 10s or 2m", text)
    return total


def size_bytes(text: str) -> int:
    """Read 64, 64k, 1m, 1g, also 64KB, 64KiB or 1,024; a k is 1,024 bytes."""
    for number, unit in _only(text):
        prefix = re.fullmatch("([kmg]?)(?:i?b)?", unit)
        if prefix and (size := _whole(number, _BYTES[prefix[1]])) is not None:
            return size
    raise _refused("a size is a number of bytes, or of k, m or g, such as 64, 256k or 1m", text)


def count(text: str) -> int:
    """Read 100, 1,000, 10_000, 10k or 1m; a k is 1,000."""
    for number, unit in _only(text):
        if unit in _ONES and (whole := _whole(number, _ONES[unit])) is not None:
            return whole
    raise _refused("a count is a whole number, such as 100, 1,000 or 10k", text)


def number(text: str) -> float:
    """Read 0.5, 100, 1,000 or 10k, as a rate is written; a k is 1,000."""
    for value, unit in _only(text):
        if unit in _ONES:
            return value * _ONES[unit]
    raise _refused("a number has digits and perhaps k or m, such as 0.5, 100 or 10k", text)


def share(text: str) -> float:
    """Read 1% or 0.01, from 0 to 1."""
    for value, unit in _only(text):
        part = value / 100 if unit == "%" else value
        if unit in ("", "%") and part <= 1:
            return part
    raise _refused("a share is from 0% to 100%, such as 1% or 0.01", text)


def unescaped(text: str) -> str:
    r"""Read bytes written as in C, such as PING\r\n or \x00, as characters of the same numbers."""
    try:
        return os.fsencode(text).decode("unicode_escape")
    except ValueError as error:
        reason = getattr(error, "reason", error)
        raise ValueError(rf"it cannot be read ({reason}): write \\ for a backslash") from None


def _parts(text: str) -> list[tuple[float, str]]:
    """The numbers of a text, each with its unit; none where there is anything else."""
    rest = text.strip().lower()
    parts: list[tuple[float, str]] = []
    while rest:
        found = _QUANTITY.match(rest)
        if not found or len(text) > _LONGEST:
            return []
        parts.append((float(found[1].replace(",", "")), found[2]))
        rest = rest[found.end() :].lstrip()
    return parts


def _only(text: str) -> list[tuple[float, str]]:
    """The one number and its unit; nothing where there are more or none."""
    parts = _parts(text)
    return parts if len(parts) == 1 else []


def _whole(number: float, unit: int) -> int | None:
    """So many units as an integer; None where they are none, or too large to be exact."""
    total = round(number * unit, 3)  # 0.07 × 1,000 is 70.00000000000001
    return int(total) if total.is_integer() and total <= _MOST else None


def _refused(what: str, text: str) -> ValueError:
    return ValueError(f"{what}; got {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'!r}")
