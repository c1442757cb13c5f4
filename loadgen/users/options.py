"""The options of the workload, on Locust's command line and in its form.

They follow from the one declaration of each, the field of `Workload`. A form hands over text, which
Locust turns into the type of the option's default. So a duration is in seconds here, a size in
bytes, a share from 0 to 1; and 0 stands for what is None in a workload.
"""

import argparse
import re
from collections.abc import Iterator
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NamedTuple,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from msgspec.structs import fields, replace

from c10k.loadgen.target import Target, parse_target
from c10k.loadgen.workload import WORKLOADS, Workload

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

_NO_OPTIONS: Final = ("name", "summary", "handler")  # the handler is the server's
_UNITS: Final = {"duration": "; in seconds", "size": "; in bytes", "share": "; from 0 to 1"}
_METAVARS: Final = {"TIME": "SECONDS"}


class _Option(NamedTuple):
    key: str
    kind: Any  # the annotated type
    default: Any
    optional: bool  # None is a value of the field, and 0 stands for it

    def read(self, text: str) -> Any:  # noqa: ANN401 (as the field)
        """The value that a text of the command line gives; argparse shows what it raises."""
        if self.optional and text == "0":
            return self.default
        try:
            return msgspec.convert(text, self.kind, strict=False)
        except msgspec.ValidationError as error:
            raise argparse.ArgumentTypeError(f"{error}; got {text[:40]!r}") from None

    def words(self) -> tuple[str, str]:
        """Its help, and what that calls its value."""
        metas = [each for each in get_args(self.kind) if isinstance(each, msgspec.Meta)]
        extra: dict[str, Any] = {}
        for meta in metas:
            extra |= meta.extra or {}
        text = next(meta.description for meta in reversed(metas) if meta.description)
        text = re.sub(r", such as [^;]*", "", text)  # in spellings of c10k's own
        text += _UNITS.get(extra.get("spelling", ""), "")
        if "(default" not in text and self.default != "":
            text += f" (default: {self.default})"
        metavar = extra.get("metavar", self.key.upper())
        return text.replace("%", "%%"), _METAVARS.get(metavar, metavar)


def _options() -> Iterator[_Option]:
    hints = get_type_hints(Workload, include_extras=True)
    for field in fields(Workload):
        if field.name in _NO_OPTIONS:
            continue
        kind, default = hints[field.name], field.default
        if optional := get_origin(kind) is not Annotated:  # a union with None
            kind = next(each for each in get_args(kind) if get_origin(each) is Annotated)
            default = get_args(kind)[0](0)
        yield _Option(field.encode_name, kind, default, optional)


def add_options(parser: "LocustArgumentParser") -> None:
    """Add the workload's options, and the pause of the users that Python drives."""
    for option in _options():
        text, metavar = option.words()
        given: dict[str, Any] = {"dest": _dest(option.key), "default": option.default, "help": text}
        if isinstance(option.default, bool):
            # Not in the form, whose box would say the opposite of the help.
            given["include_in_web_ui"] = False
            parser.add_argument(f"--no-{option.key}", action="store_false", **given)
        elif choices := get_args(get_args(option.kind)[0]):  # of a Literal
            parser.add_argument(f"--{option.key}", choices=choices, **given)
        else:
            parser.add_argument(f"--{option.key}", type=option.read, metavar=metavar, **given)
    pause = _Option("think-time", Annotated[float, msgspec.Meta(ge=0)], 0.0, optional=False)
    parser.add_argument(
        f"--{pause.key}",
        type=pause.read,
        default=pause.default,
        metavar="SECONDS",
        help="seconds that an EchoUser waits between two messages (a FleetUser does not: give it "
        "a rate)",
    )


def target_of(host: str | None) -> Target:
    """What the users load. Raises ValueError."""
    if not host:
        raise ValueError("give the host to load, such as tcp://127.0.0.1:9000")
    target = parse_target(host)
    if target.tls:
        raise ValueError(f"these users speak no TLS: `c10k load {host}` does")
    return target


def workload_of(options: argparse.Namespace, target: Target) -> Workload:
    """The workload that the options ask for; c10k's own where it is the same. Raises ValueError."""
    asked = {}
    for option in _options():
        value = getattr(options, _dest(option.key))
        asked[option.key] = None if option.optional and value == option.default else value
    if target.protocol:
        if asked["protocol"] not in ("echo", target.protocol):
            raise ValueError(f"the host is {target.protocol}: write tcp:// for another protocol")
        asked["protocol"] = target.protocol
    if target.path:
        asked["path"] = target.path
    try:
        load = msgspec.convert({"name": "locust", **asked}, Workload)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise ValueError(f"{where.rstrip('`')}: {what}" if where else what) from None
    same = (known for known in WORKLOADS.values() if _unnamed(known) == _unnamed(load))
    return next(same, load)


def _dest(key: str) -> str:
    return key.replace("-", "_")


def _unnamed(load: Workload) -> Workload:
    return replace(load, name="", summary="")
