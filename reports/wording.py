"""How numbers are written: three significant digits, units that fit, no false precision."""

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from c10k.reports.language import _, local_number
from c10k.results.claimed_units import unit_of

MISSING: Final = "—"
MINUS: Final = "\N{MINUS SIGN}"
_UNIT: Final = re.compile(r"[^\d×]*$")
NAMED: Final = re.compile(r"\{(\w+)\}")
_SIZES: Final = ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB"))


def number(value: float) -> str:
    """Three significant digits, thousands set apart: 0.112, 9.21, 43,120."""
    if math.isnan(value):
        return MISSING
    size = abs(value)
    places = 0 if size >= 99.95 or size == 0 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return local_number(f"{value:z,.{places}f}").replace("-", MINUS)


def count(value: float) -> str:
    """A whole number, thousands set apart."""
    return MISSING if math.isnan(value) else local_number(f"{value:z,.0f}").replace("-", MINUS)


def cpus(number: int) -> str:
    """So many CPUs; empty where that is not known, which is 0."""
    if number <= 1:
        return _("one CPU") if number else ""
    return _("{count} CPUs", count=count(number))


def rate(value: float) -> str:
    """A count a second: whole, unless that would say too little of it."""
    return number(value) if 0 < value < 9.95 else count(value)


def size(value: float) -> str:
    """Bytes in the largest of B, KB, MB and GB (powers of 1,024) that fits."""
    if math.isnan(value):
        return MISSING
    for factor, unit in _SIZES:
        if abs(value) >= factor:
            return f"{number(value / factor)} {unit}"
    return f"{count(value)} B"


def milliseconds(value: float) -> str:
    """Milliseconds with their unit; from 1,000 on, seconds."""
    if math.isnan(value):
        return MISSING
    if value < 1_000:
        return _("{value} ms", value=number(value))
    return _("{value} s", value=number(value / 1000))


def times(value: float) -> str:
    """How many times, in at most two digits below 10, and in three around 1, where the second would
    be 0: 0.0028, 1.02, 1.1, 13, 2,048.
    """
    if value >= 9.95 or value == 0:
        digits = 0
    elif 0.995 <= value < 1.05:
        digits = 2
    else:
        rounded = abs(float(f"{value:.1e}"))  # 0.00996 has two digits as 0.010
        digits = 1 if value >= 0.995 else max(0, 1 - math.floor(math.log10(rounded)))
    return local_number(f"{value:,.{digits}f}").replace("-", MINUS)


def ratio(value: float) -> str:
    """The same with its sign: 4.4×."""
    return MISSING if math.isnan(value) else _("{value}×", value=times(value))


def clients(number: int) -> str:
    """How many there are: 1 client, 10,000 clients."""
    return _("1 client") if number == 1 else _("{count} clients", count=count(number))


def more_repeats(number: int) -> str:
    """How many would decide what is undecided."""
    if number == 1:
        return _("1 more repeat would probably decide")
    return _("{count} more repeats would probably decide", count=count(number))


def stated(value: float) -> str:
    """A number as it was asked for, without any digits more: 1.2, 100."""
    return local_number(f"{value:,g}")


def objective(value: float) -> str:
    """A limit in milliseconds as it was asked for: 100 ms, 12.5 ms."""
    return _("{value} ms", value=stated(value))


def share(value: float) -> str:
    """A part of one, in per cent; what is nearly all is not rounded up to all."""
    if math.isnan(value):
        return MISSING
    percent = 100 * value
    text = f"{min(percent, 99.9):.1f}" if 99 < percent < 100 else f"{percent:.0f}"
    return _("{value} %", value=local_number(text).replace("-", MINUS))


def small_share(value: float) -> str:
    """A small part of one, in per cent with two digits: 1.7 %, 0.020 %; a large one as `share`."""
    if not 0 < value < 0.1:
        return share(value)
    digits = max(1, 1 - math.floor(math.log10(100 * value)))
    return _("{value} %", value=local_number(f"{100 * value:.{digits}f}"))


def shortened(text: str, length: int) -> str:
    """A text in at most so many characters: its ends, which tell SPECs apart."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]}…{text[len(text) - (length - 1) // 2 :]}"


def width(text: str) -> int:
    """How many columns it takes in a terminal, where Korean letters are twice as wide as Latin."""
    return sum(2 if unicodedata.east_asian_width(letter) in "FW" else 1 for letter in text)


def aligned(rows: Sequence[Sequence[str]], words: Collection[int]) -> list[str]:
    """Rows of cells as lines for a terminal: the columns in `words` to the left, others right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for column, (text, most) in enumerate(zip(row, widths, strict=True)):
            space = " " * (most - width(text))
            cells.append(text + space if column in words else space + text)
        lines.append("  ".join(cells).rstrip())
    return lines


def bounds(low: float, high: float) -> str:
    """At least a count, and fewer than another, where that is known: ≥ 1,000, < 5,000."""
    least = f"≥ {count(low)}" if low > 0 else ""
    most = f"< {count(high)}" if high < math.inf else ""
    return ", ".join(filter(None, (least, most))) or MISSING


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text with a value for each name in braces; never a format of Python's, as a user's file
    may hold it.
    """
    return NAMED.sub(lambda name: value(name[1]), text)


def joined(words: Sequence[str]) -> str:
    """a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return _("{others} and {last}", others=", ".join(words[:-1]), last=words[-1])


def capital(text: str) -> str:
    """The text with a capital."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return f"{capital(text).rstrip('.')}."


@dataclass(frozen=True)
class Unit:
    """The unit of a measure: how a value of it is written."""

    text: Callable[[float], str]

    def between(self, low: float, high: float) -> str:
        """An interval, its unit written once; one value where both ends read the same."""
        first, last = self.text(low), self.text(high)
        if first == last:
            return last
        first = first.removesuffix(_UNIT.findall(last)[0])
        if MINUS in first + last:
            return _("{first} to {last}", first=first, last=last)
        return f"{first}–{last}"


COUNT: Final = Unit(count)
PER_S: Final = Unit(rate)
MS: Final = Unit(milliseconds)
BYTES: Final = Unit(size)
RATIO: Final = Unit(ratio)
SHARE: Final = Unit(share)
PLAIN: Final = Unit(number)
US: Final = Unit(lambda value: _("{value} µs", value=number(value)))
_OF_NAMES: Final = {"bytes": BYTES, "ms": MS, "us": US, "": PLAIN}


def unit(measure: str) -> Unit:
    """The unit that stands in the name of a column of the steps."""
    return _OF_NAMES[unit_of(measure)]
