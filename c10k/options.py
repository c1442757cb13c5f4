"""Options, each declared once: a field of a struct, with its help, unit, bounds and default.

From the declaration follow the option of the command line, the key of an experiment file, the entry
in run.json, and the line that refuses a value. The bounds (`ge`, `gt`, `le`) and the help
(`description`) stand in the `msgspec.Meta` of a field's type, whose `extra` may hold

- `spelling`: how people may write it, a key of SPELLINGS or a function of the text,
- `check`: a function of the value, which raises ValueError for what bounds cannot say,
- `unit`: what stands behind the bounds, such as " s",
- `raw`: that a text of the command line is read later, when the file is known,
- `flag`, `metavar`, `default`: what the command line calls the option and its value, and what its
  help calls its default, where that is not as usual.
"""

import argparse
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True)
class Option:
    """A field as it is written by people: `key` in a file, `flag` on the command line."""

    key: str
    flag: str
    help: str
    default: Any
    kind: inspect.Type
    optional: bool  # None is a value, too
    item: "Option | None"  # of what a list holds, where it is one
    extra: Mapping[str, Any]

    def read(self, value: object) -> Any:  # noqa: ANN401 (as the field)
        """The value, of the field's type. Raises ValueError, which says what would do."""
        if value is None and self.optional:
            return None
        shown = _shown(value)
        if isinstance(value, str) and (spelling := self.extra.get("spelling")):
            value = SPELLINGS.get(spelling, spelling)(value)
        if isinstance(self.kind, inspect.StructType):
            if not isinstance(value, self.kind.cls | Mapping):
                words = "text or a table" if "spelling" in self.extra else "a table"
                raise ValueError(f"must be {words}, not {shown}")
            value = read(self.kind.cls, value, str)
        elif self.item is not None:
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = (value,)  # one alone
            if not isinstance(value, list | tuple):
                raise ValueError(f"must be a list, not {_shown(value)}")
            value = tuple(map(self.item.read, value))
        else:
            value = self._scalar(value, shown)
        if check := self.extra.get("check"):
            check(value)
        return value

    def _scalar(self, value: object, shown: str) -> object:
        kind = self.kind
        if isinstance(kind, inspect.LiteralType):
            if value not in kind.values:
                raise ValueError(f"must be {' or '.join(map(str, kind.values))}, not {shown}")
            return value
        types: dict[type, tuple[type | tuple[type, ...], str]] = {
            inspect.BoolType: (bool, "true or false"),
            inspect.StrType: (str, "text"),
            inspect.IntType: (int, "a whole number"),
            inspect.FloatType: ((int, float), "a number"),
        }
        fitting, words = types[type(kind)]
        wrong = isinstance(value, bool) and not isinstance(kind, inspect.BoolType)
        empty = value == "" and getattr(kind, "min_length", None)
        if wrong or empty or not isinstance(value, fitting):
            raise ValueError(f"must be {words}, not {shown}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            least, above, most = (getattr(kind, end, None) for end in ("ge", "gt", "le"))
            inside = (least is None or value >= least) and (above is None or value > above)
            if not inside or value != value or (most is not None and value > most):
                raise ValueError(f"must be {self.bounds}; got {shown}")
            return float(value) if isinstance(kind, inspect.FloatType) else value
        return value

    @property
    def bounds(self) -> str:
        """The bounds in words; empty where there are none."""
        least, above, most = (getattr(self.kind, end, None) for end in ("ge", "gt", "le"))
        unit = self.extra.get("unit", "")
        if most is None:
            return "" if least is None else f"at least {_plain(least)}{unit}"
        if above is not None:
            return f"above {_plain(above)} and at most {_plain(most)}{unit}"
        return f"from {_plain(least or 0)} to {_plain(most)}{unit}"


@cache
def options_of(struct: type[msgspec.Struct]) -> dict[str, Option]:
    """The options that a struct declares, by key."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return {
        field.encode_name: _option(field.encode_name, field.type, field.default)
        for field in described.fields
    }


def _option(key: str, kind: inspect.Type, default: object = None) -> Option:
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
    item = _option(key, kind.item_type) if isinstance(kind, inspect.VarTupleType) else None
    flag = extra.get("flag", f"--{key}")
    return Option(key, flag, help_, default, kind, optional, item, extra)


def read(struct: type[T], table: T | Mapping[str, Any], where: Where) -> T:
    """A struct from the keys and values of a file or of the command line.

    Raises ValueError for a key that there is not and a value that will not do; it begins with
    `where` of the key.
    """
    if not isinstance(table, Mapping):
        return table
    options = options_of(struct)
    check_keys(table, options, where)
    values = {}
    for key, value in table.items():
        try:
            values[key] = options[key].read(value)
        except ValueError as error:
            raise ValueError(f"{where(key)}: {error}") from None
    names = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
    missing = {f.encode_name for f in msgspec.structs.fields(struct) if f.required} - values.keys()
    if missing:
        raise ValueError(f"needs {', '.join(sorted(missing))}")
    return struct(**{names[key]: value for key, value in values.items()})


def check_keys(table: Mapping[str, Any], known: Iterable[str], where: Where) -> None:
    """Raise ValueError for a key that is not known; it names the nearest."""
    for key in table.keys() - set(known):
        close = difflib.get_close_matches(key, known, n=1)
        guess = f": did you mean {close[0]!r}?" if close else "."
        name = key if len(key) <= LONGEST_SHOWN else key[:LONGEST_SHOWN] + "…"
        raise ValueError(f"{where(name)}: there is no such key{guess} Known: {', '.join(known)}")


def add_options(
    parser: "argparse.ArgumentParser | argparse._ArgumentGroup",
    struct: type[msgspec.Struct],
    *keys: str,
) -> None:
    """Declare options of the command line; what is not given is None."""
    for key in keys:
        option = options_of(struct)[key]
        words: dict[str, Any] = {"dest": key.replace("-", "_"), "default": None}
        if isinstance(option.kind, inspect.BoolType):
            action, flag = ("store_false", f"--no-{key}") if option.default else ("store_true", "")
            text = option.help.replace("%", "%%")
            parser.add_argument(flag or option.flag, action=action, help=text, **words)
            continue
        each = option
        if option.item and "spelling" not in option.extra:
            words["action"], each = "append", option.item
        if isinstance(option.kind, inspect.LiteralType):
            words["choices"] = option.kind.values
        words["metavar"] = option.extra.get("metavar")
        text = f"{option.help}{_default(option)}".replace("%", "%%")
        read_by = str if each.extra.get("raw") else _argument(each)
        parser.add_argument(option.flag, type=read_by, help=text, **words)


def given(args: argparse.Namespace, struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Those options of a struct that the command line gave, by key."""
    values = {key: getattr(args, key.replace("-", "_"), None) for key in options_of(struct)}
    return {key: value for key, value in values.items() if value is not None}


def argument(kind: object) -> Callable[[str], Any]:
    """A `type` for add_argument, of a type that is annotated with an option."""
    return _argument(_option("", inspect.type_info(kind)))


def _argument(option: Option) -> Callable[[str], Any]:
    def parse(text: str) -> Any:  # noqa: ANN401 (as the field)
        try:
            return option.read(text)
        except ValueError as error:  # of which argparse would not say why
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _default(option: Option) -> str:
    """What its help says of its default."""
    default = option.extra.get("default")
    if default is None and option.default not in (None, (), "", msgspec.NODEFAULT):
        unit = option.extra.get("unit", "")
        share = option.extra.get("spelling") == "share"
        default = f"{option.default:.0%}" if share else str(option.default).removesuffix(".0")
        if isinstance(option.default, tuple):
            default = ",".join(map(str, option.default))
        default += unit.strip() if unit == " s" else ""
    return f" (default: {default})" if default else ""


def _plain(bound: float) -> str:
    """0.000001 and 1,000,000, not 1e-06 and 1,000,000.0."""
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.6f}".rstrip("0").rstrip(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
