"""A published claim as data: who says it, in which setting, and its figures.

An experiment file holds claims beside what measures them, and run.json holds them too, so that a
report of the run judges them wherever it is made.
"""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from c10k.results.schema import LIMIT

Text = Annotated[str, Meta(min_length=1, max_length=1_000)]
Published = Annotated[float, Meta(gt=0, lt=LIMIT)]

KIB: Final = 1024
UNITS: Final[dict[str, dict[str, float]]] = {
    "bytes": {"B": 1, "KB": KIB, "MB": KIB**2, "GB": KIB**3},
    "ms": {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3},
    "us": {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6},
    "": {"": 1},
}
"""By the unit of a measure: those that a published figure may be in, and what one of each is."""
RATIO: Final = {"": 1.0, "×": 1.0}
"""The same of a figure that is a ratio of two servers."""


class ClaimedFigure(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One figure of a claim.

    - `says`: what it is, in a few words.
    - `measure`: which of ours answers it: a column of the steps, or with `_per_connection` behind
      it how much that grows with each connection.
    - `server`: the label of the server that it is about, `over` that of another, if it is a ratio
      of the two.
    - `value`: as published, in `unit`; the first of a range, which ends with `to`.
    - `at`: "most" or "least" where the figure is a bound.
    - `workload` and `clients`: at which step it is compared.
    - `unlike`: how the published conditions differ, where that makes the two incomparable.
    """

    says: Text
    measure: Text
    server: Text
    value: Published
    workload: Text
    clients: Annotated[int, Meta(ge=0)] = 0
    to: Published | None = None
    unit: str = ""
    at: Literal["", "most", "least"] = ""
    over: str = ""
    unlike: str = ""

    @property
    def published(self) -> tuple[float, float]:
        """Its ends, in the unit of the measure."""
        ends = self.value, self.value if self.to is None else self.to
        factor = self.units[self.unit]
        return min(ends) * factor, max(ends) * factor

    @property
    def units(self) -> dict[str, float]:
        """The units that it may be in."""
        return RATIO if self.over else UNITS[unit_of(self.measure)]


class Claim(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A claim that somebody published.

    `source` says where, `quote` in its own few words, `setting` on what it was measured there.
    `elsewhere` says what of it this experiment does not measure, and which machine could.
    """

    title: Text
    source: Text
    figures: Annotated[tuple[ClaimedFigure, ...], Meta(min_length=1)]
    quote: str = ""
    setting: str = ""
    elsewhere: str = ""


def unit_of(measure: str) -> str:
    """The unit in the name of a column: `bytes`, `ms`, `us`, or none."""
    found = re.search(r"(?:^|_)(bytes|ms|us)(?:_per_|$)", measure)
    return found[1] if found else ""
