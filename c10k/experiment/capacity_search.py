"""The search for the largest number of connections that a server serves within the objective.

The steps of the ramp come first. Where all of them held, numbers double until one does not hold;
between the largest that held and the next that did not, the search bisects. Its numbers are
measured and stored as steps are, so an interrupted search goes on where it was.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from c10k.results.slo import Row, fair, refusal, shortfall

REACH: Final = 10  # times the largest step: the search goes no further
PRECISION: Final = 0.02  # of the number that is found
TRIES: Final = 3  # of a number that was measured unfit for a verdict, before it is believed


def obstacles(rows: Mapping[int, Sequence[Row]], slo_p99_ms: float) -> dict[int, str]:
    """Why each number did not hold, from its repeats; empty where it did.

    A number is left out that has to be tried again.
    """
    found = {}
    for number, repeats in rows.items():
        reason = shortfall(repeats, slo_p99_ms)
        if reason and not (refusal(repeats) or fair(repeats)):
            if len(repeats) < TRIES:
                continue
            limited = any(row["loader_limited"] for row in repeats)
            why = "the loader was the bottleneck" if limited else "other processes disturbed it"
            reason = f"{why}, {reason}"
        found[number] = reason
    return found


def bracket(tried: Mapping[int, bool]) -> tuple[int, int | None]:
    """The largest number that held (0: none), and the next tried beyond it, which did not."""
    held = max((number for number, holds in tried.items() if holds), default=0)
    return held, min((number for number in tried if number > held), default=None)


def next_probe(tried: Mapping[int, bool], most: int) -> int | None:
    """The number to try next, up to `most`; None when the search is over."""
    held, broken = bracket(tried)
    if broken is None:
        return max(1, min(2 * held, most)) if held < most else None
    if broken - held <= max(1, PRECISION * held):
        return None
    return max(held + 1, math.isqrt(max(held, 1) * broken))  # halves the ratio's logarithm


def probes_left(tried: Mapping[int, bool], most: int) -> int:
    """How many more numbers are tried at most until the search is over."""
    if next_probe(tried, most) is None:
        return 0
    held, broken = bracket(tried)
    least = max(held, 1)
    doublings, ratio = (0, broken / least) if broken else (math.ceil(math.log2(most / least)), 2.0)
    halvings = math.ceil(math.log2(math.log(ratio) / math.log1p(PRECISION)))
    return doublings + max(halvings, 0) + 2  # whole numbers do not halve evenly
