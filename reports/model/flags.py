"""Which flags a step bears, and how it came to them."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Final

from c10k.reports import wording
from c10k.reports.language import _, local_number
from c10k.reports.model.quantity import UNFIT, Flag
from c10k.results import fitness
from c10k.results.fitness import Row

# Little's law holds exactly over a long time. In a window, connections that complete nothing are
# missing in it, and a response that began long before counts whole.
LITTLE: Final = (0.98, 1.02)

MOST_LOST: Final = 0.01
"""Of the due messages: a step that lost more is named in the summary."""


def flags(rows: Sequence[Row]) -> tuple[Flag, ...]:
    """What any of a step's repeats bears."""
    found = set().union(*map(borne, rows))
    return tuple(flag for flag in Flag if flag in found)


def borne(row: Row) -> set[Flag]:
    """What one repeat bears."""
    if row["status"] == "failed":  # it has no figures, of which the others could say something
        return {Flag.FAILED}
    holds = {
        Flag.PARTIAL: row["status"] == "partial"
        or row["connected"] < row["connections"]
        or row["lost"] > 0,
        Flag.LOADER_LIMITED: row["loader_limited"],
        Flag.STARVED: row["starved"] > 0,
        # Where some starve, that is the reason, and their flag says so.
        Flag.LITTLES_LAW: not row["starved"] and _beside_little(row),
        Flag.UNSTEADY: row["unsteady"],
        Flag.ESTIMATED: row["memory_sampled_fraction"] < 1,
        Flag.STEAL_TIME: fitness.steal(row) > fitness.MOST_STEAL,
        Flag.DISTURBED: fitness.other_processes(row) > fitness.MOST_OTHER_PROCESSES,
    }
    return {flag for flag, is_so in holds.items() if is_so}


def detail(rows: Sequence[Row], flag: Flag) -> str:
    """How the repeats of a step that bear a flag came to it."""
    bearing = [row for row in rows if flag in borne(row)]
    parts = list(filter(None, _particulars(bearing, flag)))
    if len(rows) > 1:
        parts.append(_("in {some} of {all} repeats", some=len(bearing), all=len(rows)))
    return ", ".join(parts)


def unfit(rows: Iterable[Row]) -> str:
    """What makes repeats unfit for an outcome (results/fitness.py), in words; empty for nothing."""
    return ", ".join(flag.phrase for flag in flags(list(rows)) if flag in UNFIT)


def causes(row: Row) -> dict[str, int]:
    """Errors of a step by cause, the most frequent first."""
    try:
        counts = json.loads(row["error_causes"] or "{}")
    except ValueError:
        return {}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def connected(row: Row) -> str:
    """How many of a step's connections were held."""
    held, wanted = wording.count(row["connected"]), wording.count(row["connections"])
    return _("{held} of {wanted} connected", held=held, wanted=wanted)


def unanswered(rows: Sequence[Row], least: float = 0.0) -> str:
    """How many of the due messages were lost, in words; empty where no message was due, none is
    known to have been, or no more than the least part is lost.
    """
    due, lost = (sum(row[name] for row in rows) for name in ("due", "lost"))
    if not due or lost <= least * due:
        return ""
    return _(
        "{lost} of {due} due messages had no correct reply by the end of the load ({share})",
        lost=wording.count(lost),
        due=wording.count(due),
        share=wording.small_share(lost / due),
    )


def _particulars(bearing: Sequence[Row], flag: Flag) -> Iterable[str]:
    worst = min(bearing, key=lambda row: (row["connected"], -row["starved"]))
    littles_law = local_number(f"{worst['littles_law_ratio']:.2f}")
    if flag is Flag.PARTIAL:
        short = worst["connected"] < worst["connections"]
        errors = [f"{wording.count(n)} × {cause}" for cause, n in causes(worst).items()]
        yield connected(worst) if short else "" if errors else worst["reason"]
        yield from errors
    elif flag is Flag.STARVED:
        yield _("{starved} connections", starved=wording.count(worst["starved"]))
        if waits_ms := [ms for row in bearing if not math.isnan(ms := row["starved_wait_max_ms"])]:
            yield _("longest wait {wait}", wait=wording.milliseconds(max(waits_ms)))
        if _beside_little(worst):
            yield _("Little's law {ratio}", ratio=littles_law)
    elif flag is Flag.LITTLES_LAW:
        yield _("{ratio}, none starved", ratio=littles_law)
    elif flag is Flag.UNSTEADY:
        what, waited = worst["unsteady"], local_number(f"{worst['warmup_s']:.1f}")
        yield _("{what} after {seconds} s", what=_(what), seconds=waited)
    elif flag is Flag.ESTIMATED:
        share = min(row["memory_sampled_fraction"] for row in bearing)
        yield _("from {share} of it", share=wording.share(share))
    elif flag is Flag.STEAL_TIME:
        yield wording.share(max(map(fitness.steal, bearing)))
    elif flag is Flag.DISTURBED:
        yield wording.share(max(map(fitness.other_processes, bearing)))
    elif flag is Flag.FAILED:
        yield worst["reason"]


def _beside_little(row: Row) -> bool:
    """Whether Little's law does not hold; where it was not checked, false."""
    ratio = row["littles_law_ratio"]
    return bool(ratio < LITTLE[0] or ratio > LITTLE[1])
