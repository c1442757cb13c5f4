"""Sets what a loader reported beside what it should have reported, and names what is wrong."""

from collections.abc import Iterator, Mapping
from math import nan
from typing import Final, NamedTuple

from c10k.audit.behaviours import Behaviour
from c10k.audit.reader import COUNTS, Reported

WITHIN: Final = 0.02
"""What a figure may be off by."""

FEW_ERRORS: Final = 3
"""Errors may be off by so many: those under way when a window begins and ends."""

FEWEST_MESSAGES: Final = 1_000
"""Of fewer, less than ten are the slowest in a hundred, or answered wrongly: that may be chance. Of
very few, also a rate depends on which moments are taken for its ends."""

BY_CHANCE: Final = ("rate", "errors", "p50", "p90", "p99")
"""The figures that need so many."""

BUSY: Final = 0.95
"""Of its CPUs: a loader that uses more of them had none left."""

KEPT_SENDING: Final = 0.5
"""Of its rate: a loader that sends less while the server is silent waits for it."""


class Judged(NamedTuple):
    """A figure; times are in ms. `wrong` says what is wrong, empty if nothing is, and `unknown` why
    that cannot be said.
    """

    figure: str
    should: float
    reported: float  #: NaN where it reports none
    wrong: str = ""
    unknown: str = ""

    @property
    def off(self) -> float:
        """By what share of what it should be the figure is off; NaN of nothing."""
        return self.reported / self.should - 1 if self.should else nan


def judge(
    behaviour: Behaviour,
    should: Mapping[str, float],
    reported: Mapping[str, Reported],
    busy: float,
    missing: str = "not reported",
) -> Iterator[Judged]:
    """Judge each figure that the behaviour is about by what `should` be, as `truth` returns it;
    `busy` is what share of its CPUs the loader used, `missing` what is said of a figure that it
    does not report.
    """
    messages = should["messages"]
    few = f"not judged: {messages:,.0f} messages, and it takes {FEWEST_MESSAGES:,}"
    for figure in behaviour.judged:
        found = reported.get(figure)
        if found is None:
            yield Judged(figure, should[figure], nan, missing)
        elif figure in BY_CHANCE and messages < FEWEST_MESSAGES:
            yield Judged(figure, should[figure], found.value, unknown=few)
        else:
            wrong = _wrong(behaviour, figure, should, found, busy)
            yield Judged(figure, should[figure], found.value, wrong)


def _wrong(
    behaviour: Behaviour, figure: str, should: Mapping[str, float], found: Reported, busy: float
) -> str:
    off = found.value - should[figure]
    if abs(off) <= max(WITHIN * should[figure], FEW_ERRORS if figure == "errors" else 0):
        return ""
    if figure not in COUNTS and abs(off) <= found.step:
        return "rounding"
    if off > 0:
        return "too high"
    if figure == "rate" and busy > BUSY:
        return "its own limit: it had no CPU left"
    if figure == "p99" and should["kept_sending"] < KEPT_SENDING:
        return "coordinated omission: it sent less than half as fast while the server was silent"
    if figure == "errors" and found.value > should["errors"] / 2:
        return "too low: some are missing"
    return behaviour.failure
