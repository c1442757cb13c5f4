"""A comparison as text: its table, and each verdict in words."""

from collections.abc import Callable, Mapping, Sequence
from math import inf, isnan
from typing import Final

from c10k.reports import wording
from c10k.results.verdicts import Judged, Verdict

HEADINGS: Final = ("metric", "base", "head", "ratio", "95 % interval", "verdict")
_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "bytes": wording.size,
    "us": lambda value: f"{wording.number(value)} µs",
    "ms": wording.milliseconds,
    "messages/s": wording.rate,
    "": wording.number,
}


def table(judged: Sequence[Judged], pair_s: float) -> list[tuple[str, ...]]:
    """The cells of each row; `pair_s` is how long a pair takes."""
    return [_row(each, pair_s) for each in judged]


def _row(each: Judged, pair_s: float) -> tuple[str, ...]:
    noun = each.metric.noun
    if isnan(each.interval.ratio):
        return noun, "", "", "", "", words(each, pair_s)
    text = _UNITS[each.metric.unit]
    low, high = each.interval.low, each.interval.high
    between = f"{low:.3f} to {high:.3f}" if low > 0 and high < inf else "not known yet"
    return (
        noun,
        text(each.base),
        text(each.head),
        f"{each.interval.ratio:.3f}",
        between,
        words(each, pair_s),
    )


def words(each: Judged, pair_s: float) -> str:
    """The verdict, with why there is none and how much more time would probably give one."""
    if each.verdict is Verdict.EQUIVALENT:
        if each.margin == each.metric.apart_of(each.base):
            return f"equivalent within {_UNITS[each.metric.unit](each.metric.apart)}"
        return f"equivalent within {wording.share(each.margin)}"
    if each.verdict is Verdict.INCONCLUSIVE:
        more = each.interval.pairs_needed(each.margin) - each.interval.pairs
        if more < inf:
            return f"inconclusive: about {_time(max(more, 1) * pair_s)} more might decide"
    return f"{each.verdict.value}: {each.why}" if each.why else f"{each.verdict.value}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"


def plain(judged: Sequence[Judged], pair_s: float) -> list[str]:
    """The table in lines for a terminal or a log."""
    return wording.aligned([HEADINGS, *table(judged, pair_s)], (0, len(HEADINGS) - 1))
