"""Whether a step held: every connection served, no message failed, p99 within the objective."""

from collections.abc import Sequence
from typing import Final

from c10k.results.fitness import Row, fair, typical

__all__ = ["P99_MS", "Row", "fair", "refusal", "shortfall"]

P99_MS: Final = 100.0  # up to a tenth of a second an answer seems instant (Miller 1968)


def shortfall(rows: Sequence[Row], p99_ms: float = P99_MS) -> str:
    """Why a step did not hold, from its rows (one a repeat); empty where it did.

    All repeats must have served every connection, and the median of their p99 be within the service
    level objective. The p99 of an unfit repeat (results/fitness.py) counts only if all are unfit:
    a search repeats a step until one is fit.
    """
    return refusal(rows) or _slowness(rows, p99_ms)


def refusal(rows: Sequence[Row]) -> str:
    """Which connections or messages failed, and what the server said of it; empty for none."""
    return next(filter(None, map(_refusal, rows)), "")


def _refusal(row: Row) -> str:
    short = row["connected"] < row["connections"]
    if row["status"] == "ok" and not short and not row["errors"]:
        return ""
    served = f"{row['connected']:,} of {row['connections']:,} connections were served"
    reason = row["reason"] or served
    said = row["log_tail"].rstrip().rpartition("\n")[2].strip()
    return f"{reason}; its log: {said}" if said and said not in reason else reason


def _slowness(rows: Sequence[Row], p99_ms: float) -> str:
    rows = fair(rows) or rows
    if starved := max(row["starved"] for row in rows):
        return f"{starved:,} connections without a reply"
    reached = typical(rows, "response_p99_ms")
    if reached <= p99_ms:
        return ""
    return f"p99 of {reached:.3g} ms" if reached < 1000 else f"p99 of {reached:,.0f} ms"
