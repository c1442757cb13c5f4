"""Options, each declared once: a field of a struct, with its help, unit, bounds and default.

From the declaration follow the option of the command line, the key of an experiment file, the entry
in run.json, and the line that refuses a value. The bounds (`ge`, `gt`, `le`) and the help
(`description`) stand in the `msgspec.Meta` of a field's type, whose `extra` may hold

- `spelling`: how people may write it, a key of SPELLINGS or a function of the text,
- `check`: a function of the value, which raises ValueError for what bounds cannot say,
- `unit`: what stands behind the bounds, such as " s",
- `read`: a function that reads it, in place of all that is said here,
- `raw`: that a text of the command line is read later, when the file is known,
- `flag`, `metavar`, `default`: what the command line calls the option and its value, and what its
  help calls its default, where that is not as usual.
"""

import argparse
import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from c10k.servers.framework import quantities

Where = Callable[[str], str]
"""How a message calls a key: by the file that it stands in, or as an option."""

T = TypeVar("T", bound=msgspec.Struct)

LONGEST_SHOWN: Final = 60  # characters of a value that is refused


def digits(text: str) -> int:
    """Read a number that names something, as a port or a seed does: digits alone."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise ValueError(f"a whole number is written in digits; got {text[:40]!r}")
    return int(text)


SPELLINGS: Final[Mapping[str, Callable[[str], Any]]] = {
    "count": quantities.count,
    "digits": digits,
    "duration": quantities.seconds,
    "number": quantities.number,
    "share": quantities.share,
    "size": quantities.size_bytes,
}


TYPES: Final[Mapping[type[inspect.Type], tuple[tuple[type, ...], str]]] = {
    inspect.BoolType: ((bool,), "true or false"),
    inspect.StrType: ((str,), "text"),
    inspect.IntType: ((int,), "a whole number"),
    inspect.FloatType: ((int, float), "a number"),
}


@dataclass(frozen=True)
class Option:
    """A field as it is written by people: `key` in a file, `flag` on the command line."""

    name: str
    key: str
    help: str
    default: Any
    kind: inspect.Type
    optional: bool  # None is a value, too
    item: "Option | None"  # of what a list holds, where it is one
    extra: Mapping[str, Any]

    @property
    def flag(self) -> str:
        """What the command line calls it."""
        return str(self.extra.get("flag", f"--{self.key}"))

    def read(self, given: object) -> Any:  # noqa: ANN401 (as the field)
        """The value, of the field's type. Raises ValueError, which says what is allowed."""
        value: Any = given
        if own := self.extra.get("read"):
            return own(value)
        if value is None and self.optional:
            return None
        spelling = self.extra.get("spelling")
        if spelling and isinstance(value, str):
            value = SPELLINGS.get(spelling, spelling)(value)
        if isinstance(self.kind, inspect.StructType):
            if not isinstance(value, self.kind.cls | Mapping):
                words = "text or a table" if spelling else "a table"
                raise ValueError(f"must be {words}, not {shown(given)}")
            value = read(self.kind.cls, value, str)
        elif self.item is not None:
            if type(value) in (int, float):
                value = (value,)  # one alone
            if not isinstance(value, list | tuple):
                raise ValueError(f"must be a list, not {shown(value)}")
            value = tuple(map(self.item.read, value))
        else:
            value = self._scalar(value, given)
        if check := self.extra.get("check"):
            check(value)
        return value

    def _scalar(self, value: Any, given: object) -> object:  # noqa: ANN401 (what is checked)
        kind = self.kind
        if isinstance(kind, inspect.LiteralType):
            fits, words = value in kind.values, " or ".join(map(str, kind.values))
        else:
            types, words = TYPES[type(kind)]
            fits = type(value) in types and not (value == "" and getattr(kind, "min_length", 0))
        if not fits:
            raise ValueError(f"must be {words}, not {shown(given)}")
        if isinstance(kind, inspect.IntType | inspect.FloatType):
            inside = (kind.ge is None or value >= kind.ge) and (kind.gt is None or value > kind.gt)
            if not inside or not (kind.le is None or value <= kind.le):  # NaN, too
                raise ValueError(f"must be {self._bounds(kind)}; got {shown(given)}")
            return float(value) if isinstance(kind, inspect.FloatType) else value
        return value

    def _bounds(self, kind: inspect.IntType | inspect.FloatType) -> str:
        """The bounds in words."""
        unit = self.extra.get("unit", "")
        if kind.le is None:
            return f"at least {_plain(kind.ge or 0)}{unit}"
        if kind.gt is not None:
            return f"above {_plain(kind.gt)} and at most {_plain(kind.le)}{unit}"
        return f"from {_plain(kind.ge or 0)} to {_plain(kind.le)}{unit}"

    def argument(self, text: str) -> Any:  # noqa: ANN401 (as the field)
        """Read an argument. argparse shows the reason of no error but its own."""
        try:
            return self.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None


@cache
def options_of(struct: type[msgspec.Struct]) -> dict[str, Option]:
    """The options that a struct declares, by key."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return {
        field.encode_name: _option(field.type, field.name, field.encode_name, field.default)
        for field in described.fields
    }


def where_of(struct: type[msgspec.Struct], overrides: Collection[str], file: Path | None) -> Where:
    """How a message names a key: by the option that sets it, else by the file."""
    options = options_of(struct)
    return lambda key: options[key].flag if key in overrides else f"{file}: {key}"


def _option(kind: inspect.Type, name: str = "", key: str = "", default: object = None) -> Option:
    help_, optional = "", False
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            help_ = help_ or (kind.extra_json_schema or {}).get("description", "")
            extra = {**(kind.extra or {}), **extra}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            optional = True
            (kind,) = (each for each in kind.types if not isinstance(each, inspect.NoneType))
        else:
            break
    item = _option(kind.item_type) if isinstance(kind, inspect.VarTupleType) else None
    return Option(name, key, help_, default, kind, optional, item, extra)


def read(struct: type[T], table: T | Mapping[str, Any], where: Where) -> T:
    """A struct from the keys and values of a file or of the command line.

    Raises ValueError for an unknown key or an invalid value; the message begins with `where` of
    the key.
    """
    if not isinstance(table, Mapping):
        return table
    options = options_of(struct)
    for key in table.keys() - options.keys():
        close = difflib.get_close_matches(key, options, n=1)
        guess = f": did you mean {close[0]!r}?" if close else "."
        name = key if len(key) <= LONGEST_SHOWN else key[:LONGEST_SHOWN] + "…"
        raise ValueError(f"{where(name)}: there is no such key{guess} Known: {', '.join(options)}")
    values = {}
    for key, value in table.items():
        try:
            values[options[key].name] = options[key].read(value)
        except ValueError as error:
            raise ValueError(f"{where(key)}: {error}") from None
    required = (key for key, option in options.items() if option.default is msgspec.NODEFAULT)
    if missing := [key for key in required if key not in table]:
        raise ValueError(f"needs {', '.join(missing)}")
    return struct(**values)


def add_options(
    parser: "argparse.ArgumentParser | argparse._ArgumentGroup",
    struct: type[msgspec.Struct],
    *keys: str,
) -> None:
    """Declare options of the command line; what is not given is None."""
    for key in keys:
        option = options_of(struct)[key]
        text = f"{option.help}{_default(option)}".replace("%", "%%")
        words: dict[str, Any] = {"dest": key.replace("-", "_"), "default": None, "help": text}
        if isinstance(option.kind, inspect.BoolType):
            flag, action = option.flag, "store_true"
            if option.default:
                flag, action = f"--no-{key}", "store_false"
            parser.add_argument(flag, action=action, **words)
            continue
        each = option
        if option.item and "spelling" not in option.extra:
            words["action"], each = "append", option.item
        if isinstance(option.kind, inspect.LiteralType):
            words["choices"] = option.kind.values
        words["type"] = str if each.extra.get("raw") else each.argument
        parser.add_argument(option.flag, metavar=option.extra.get("metavar"), **words)


def given(args: argparse.Namespace, struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Those options of a struct that the command line gave, by key."""
    values = {key: getattr(args, key.replace("-", "_"), None) for key in options_of(struct)}
    return {key: value for key, value in values.items() if value is not None}


def argument(kind: object) -> Callable[[str], Any]:
    """A `type` for add_argument, of a type that is annotated with an option."""
    return _option(inspect.type_info(kind)).argument


def _default(option: Option) -> str:
    """What its help says of its default."""
    default = option.extra.get("default", option.default)
    if isinstance(default, bool) or default in (None, (), "", msgspec.NODEFAULT):
        return ""
    if isinstance(default, tuple):
        text = ",".join(map(str, default))
    elif option.extra.get("spelling") == "share":
        text = f"{default:.0%}"
    else:
        text = str(default).removesuffix(".0") + "s" * (option.extra.get("unit") == " s")
    return f" (default: {text})"


def _plain(bound: float) -> str:
    """0.000001 and 1,000,000, not 1e-06 and 1,000,000.0."""
    return f"{bound:,.6f}".rstrip("0").rstrip(".")


def shown(value: object) -> str:
    """A value that is refused, as a message shows it."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
