"""The language that a report is written in.

English stands in the code; every other language has a catalogue in `languages/`, a PO file that a
translator can edit with any tool for gettext. A message holds its values as `{names}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
_CATALOGUES: Final = Path(__file__).parent / "languages"

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


class LanguageError(ValueError):
    """A language cannot be spoken; the message is one line that names the remedy."""


def languages() -> list[str]:
    """The languages that there are, by their ISO 639 codes."""
    return [ENGLISH, *sorted(file.stem for file in _CATALOGUES.glob("*.po"))]


def spoken() -> str:
    """The language that is spoken."""
    return _spoken.get()


@contextmanager
def use_locale(code: str) -> Iterator[None]:
    """Write all text within in this language. LanguageError where that cannot be."""
    if code not in languages():
        raise LanguageError(f"there is no language {code!r}: there are {', '.join(languages())}")
    _catalogue(code)
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str, /, **values: object) -> str:
    """The message in the language that is spoken, its values put in."""
    translated = _catalogue(spoken()).get(message, message)
    return translated.format(**values) if values else translated


def N_(message: str) -> str:  # noqa: N802 (the name that gettext's users know)
    """Mark a message for translation that is looked up elsewhere."""
    return message


def messages() -> Iterable[str]:
    """All that is said in the language."""
    return _catalogue(spoken()).values()


def local_number(text: str) -> str:
    """A number as Python writes it, 1,234.5, with the separators of the language."""
    return text.translate(_separators(spoken()))


@cache
def _catalogue(code: str) -> Mapping[str, str]:
    if code == ENGLISH:
        return {}
    try:
        from babel.messages.pofile import read_po
    except ImportError:
        raise LanguageError(
            "other languages than English need Babel: pip install 'c10k-bench[languages]'"
        ) from None
    with (_CATALOGUES / f"{code}.po").open("rb") as file:
        return {
            str(message.id): str(message.string)
            for message in read_po(file, locale=code)
            if message.id and message.string  # the header has no id
        }


@cache
def _separators(code: str) -> Mapping[int, str]:
    if code == ENGLISH:
        return {}
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return str.maketrans({",": get_group_symbol(code), ".": get_decimal_symbol(code)})
