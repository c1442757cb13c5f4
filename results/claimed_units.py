"""Published figures in their units, and the types of the texts around them."""

import math
import re
from typing import Annotated, Final

from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=1_000)]
Words = Annotated[str, Meta(max_length=1_000)]
"""The same, or none."""

KIB: Final = 1024
UNITS: Final[dict[str, dict[str, float]]] = {
    "bytes": {"B": 1, "KB": KIB, "MB": KIB**2, "GB": KIB**3},
    "ms": {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3},
    "us": {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6},
    "": {"": 1},
}
"""By the unit of a measure: those that a published figure may be in, and what one of each is."""

Printed = Annotated[str, Meta(max_length=20, pattern=r"^(\d[\d,]*(\.\d+)?( [A-Za-z]{1,2})?)?$")]
"""A figure as it was printed, such as 10,000 or 78.2 GB; empty where there is none."""
PrintedRatio = Annotated[str, Meta(max_length=20, pattern=r"^(\d[\d,]*(\.\d+)?(×| %))?$")]
"""What was printed of two figures: their ratio, 6.3×, or what the second saves, 99.9 %."""


def unit_of(measure: str) -> str:
    """The unit in the name of a column: `bytes`, `ms`, `us`, or none."""
    found = re.search(r"(?:^|_)(bytes|ms|us)(?:_per_|$)", measure)
    return found[1] if found else ""


def printed_value(figure: str, measure: str) -> float:
    """A figure in the unit of its measure, without one in ms or bytes; NaN where there is none, or
    in another unit.
    """
    number, _space, unit = figure.partition(" ")
    units = UNITS[unit_of(measure)] if measure else {**UNITS["ms"], **UNITS["bytes"]}
    return float(number.replace(",", "") or math.nan) * units.get(unit, math.nan)
