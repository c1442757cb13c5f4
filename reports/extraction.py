"""Finds the texts of published claims for the catalogues: a method of Babel's.

Those that come with c10k are translated; a user's are shown as they are written.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, Final

_TEXTS: Final = frozenset(
    [
        *("title", "heading", "caption", "notes", "head", "labels", "label", "text", "unlike"),
        *("called", "noun", "source", "method", "servers", "stage", "measured-as", "says", "found"),
    ]
)


def texts_of_claims(
    file: IO[bytes],
    keywords: object,
    comment_tags: object,
    options: object,
) -> Iterator[tuple[int, None, str, list[str]]]:
    """(line, function, message, comments) for each text; lines and functions are not known."""
    for message in _texts(tomllib.load(file)["claims"]):
        yield 0, None, message, []


def _texts(tables: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for table in tables:
        for key, value in table.items():
            items = value if isinstance(value, list) else [value]
            yield from _texts([each for each in items if isinstance(each, dict)])
            # What is printed of two figures is no text; the title of its column is.
            if key in _TEXTS or (key == "both" and "rows" in table):
                yield from (each for each in items if isinstance(each, str))
