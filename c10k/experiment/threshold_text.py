"""Thresholds as people write them: COLUMN < NUMBER, or COLUMN{key=value,…} < NUMBER."""

import difflib
import math
import re
from collections.abc import Iterable
from typing import Final

from c10k.options import shown
from c10k.results.schema import STEPS
from c10k.results.thresholds import Step, Threshold
from c10k.servers.framework.quantities import count

COLUMNS: Final = tuple(
    name for name, column in STEPS.items() if column.dtype in ("float64", "int64")
)
KEYS: Final = Step._fields
_FORM: Final = re.compile(r"(\w+) ?(?:\{(.*)\})? ?(<=|>=|<|>)(.*)")
# A SPEC has commas and = of its own, as threaded,stack=256k has. One with an option that is called
# as a key is stands in quotes: server="nginx,connections=2k".
_NEXT_KEY: Final = re.compile(rf""",(?= ?(?:{"|".join(KEYS)}) ?=)(?=(?:[^"]*"[^"]*")*[^"]*$)""")


def threshold(text: str) -> Threshold:
    """Read a threshold. Raises ValueError, in one line with the remedy."""
    text = " ".join(text.split())
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(
            "a threshold is a column, <, <=, > or >=, and a number, such as "
            f"'response_p99_ms < 50'; got {shown(text)}"
        )
    column, selection, comparison, number = found.groups()
    if column not in COLUMNS:
        raise ValueError(
            f"the steps have no column {shown(column)} of numbers{_guess(column, COLUMNS)} "
            "--json lists the columns"
        )
    limit = _limit(column, number.strip())
    return Threshold(text, column, comparison, limit, _only(selection))


def objective(p99_ms: float) -> Threshold:
    """The threshold of --slo-p99."""
    column = "response_p99_ms"
    text = f"{column} <= {str(p99_ms).removesuffix('.0')} and no failed message"
    return Threshold(text, column, "<=", p99_ms, {}, no_failed_message=True)


def _only(selection: str | None) -> dict[str, str | int]:
    """What a step must have, by the fields of Step."""
    only: dict[str, str | int] = {}
    for part in () if selection is None else _NEXT_KEY.split(selection):
        key, _, value = (each.strip(' "') for each in part.partition("="))
        if key not in KEYS:
            raise ValueError(
                f"a step has no key {shown(key)}{_guess(key, KEYS)} Known: {', '.join(KEYS)}"
            )
        if not value:
            raise ValueError(f"{key} needs a value: write {key}=VALUE")
        if key in only:
            raise ValueError(
                f"{key} is given twice: write a threshold for each, or quote the SPEC whose option "
                f'it is, as in server="nginx,connections=2k"'
            )
        only[key] = count(value) if key == "connections" else value
    return only


def _limit(column: str, number: str) -> float:
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise ValueError(
            f"{column} is compared with a number without a unit, such as 50; got {shown(number)}"
        )
    return limit


def _guess(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f": did you mean {close[0]!r}?" if close else "."
