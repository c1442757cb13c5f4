"""The shape of JSON: what the values of a file must be, and the parts of it that are not."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

LIMIT: Final = 2.0**63
"""No figure of a run is as large; from there on integers overflow in what is computed of them."""


@dataclass(frozen=True)
class Kind:
    """A plain value: what it is called, and whether one is such."""

    name: str
    fits: Callable[[Any], bool]


Shape: TypeAlias = "Kind | list[Shape] | Mapping[str, Shape]"
"""A plain value; a list of what stands in one; or an object by its keys: `key?` may be lacking,
`*` stands for every other key, and without that others are as they like."""


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not abs(value) >= LIMIT


TEXT: Final = Kind("a text", lambda value: isinstance(value, str))
WORDS: Final = Kind(
    "a text or a list of texts",
    lambda value: (
        all(isinstance(each, str) for each in value)
        if isinstance(value, list)
        else isinstance(value, str)
    ),
)
NUMBER: Final = Kind("a number", _is_number)  # NaN is one
POSITIVE: Final = Kind("a number above 0", lambda value: _is_number(value) and value > 0)
COUNT: Final = Kind(
    "a whole number, 0 or more",
    lambda value: type(value) is int and 0 <= value < LIMIT,
)
FACT: Final = Kind(
    "a text, a number, a truth value or null",
    lambda value: value is None or isinstance(value, str | bool) or _is_number(value),
)


def parsed(text: str | bytes) -> object:
    """What JSON holds; ValueError where it is none, nested too deeply, or holds half a character.

    Escaped halves of characters are valid JSON, and cannot be written to any file.
    """
    try:
        value: object = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def misfits(value: object, shape: Shape, place: str = "") -> Iterator[str]:
    """Each part that does not fit, in words: `plan.steps[2] is not a number`."""
    if isinstance(shape, Kind):
        if not shape.fits(value):
            yield f"{place} is not {shape.name}"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{place} is not a list"
            return
        for index, item in enumerate(value):
            yield from misfits(item, shape[0], f"{place}[{index}]")
    elif not isinstance(value, dict):
        yield f"{place} is not an object"
    else:
        within = f"{place}." if place else ""
        for key in shape:
            if key != "*" and not key.endswith("?") and key not in value:
                yield f"{within}{key} is missing"
        for key, item in value.items():
            expected = shape.get(key) or shape.get(f"{key}?") or shape.get("*")
            if expected:
                yield from misfits(item, expected, f"{within}{key}")
