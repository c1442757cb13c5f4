"""Workloads of one's own: a table of an experiment file, or NAME,key=value… on the command line."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect
from msgspec.structs import fields, replace

from c10k.experiment.rate_sweep import NAMED_WORKLOADS
from c10k.loadgen.workload import ECHOING, Workload
from c10k.options import Where, options_of, read
from c10k.reports.wording import size as size_text
from c10k.servers.framework.handler import parse_handler
from c10k.servers.framework.quantities import unescaped

_NEEDED: Final = {"raw": ("send", "expect"), "download": ("expect",)}
_OF_PROTOCOL: Final = {
    "echo": ("size",),
    "http": ("path",),
    "websocket": ("size", "path"),
    **_NEEDED,
}
_NAME: Final = re.compile(r"\w[\w.-]{0,39}")
_FIELDS: Final = {field.encode_name: field for field in fields(Workload)}


def from_text(text: str) -> Workload:
    """A workload by its name, or of one's own, NAME,key=value… Raises ValueError."""
    if "," in text:
        return own_workload(table_of(text))
    if text not in NAMED_WORKLOADS:
        raise ValueError(f"unknown workload {text[:60]!r}; there are {', '.join(NAMED_WORKLOADS)}")
    return NAMED_WORKLOADS[text]


def own_workload(table: Mapping[str, Any]) -> Workload:
    """The workload that a table describes. Raises ValueError.

    A value is a number or text: 65536 or "64k", 0.005 or "5ms".
    """
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            "a workload needs a name of up to 40 letters, digits, '.', '_' and '-'; "
            f"got {str(name)[:60]!r}"
        )
    if name in NAMED_WORKLOADS or name == "ceiling":  # as the loader's own is called
        raise ValueError(f"{name!r} is a workload of c10k's own: choose another name")
    try:
        check_useful(table)
        load = read(Workload, table, str)
        parse_handler(load.handler)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return load if load.summary else replace(load, summary=_summary(load))


def table_of(text: str) -> dict[str, Any]:
    """The table that NAME,key=value… stands for. Raises ValueError."""
    name, *settings = (part.strip() for part in text.split(","))
    table: dict[str, Any] = {"name": name}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if not value or key in table:
            raise ValueError(
                f"a workload of your own is NAME,key=value…, such as mine,rate=5,size=64k; "
                f"got {text[:60]!r}"
            )
        table[key] = value
    if "send" in table:  # as a shell can hardly hold it: written as in C
        table["send"] = unescaped(table["send"])
    for key, option in options_of(Workload).items():
        if key in table and isinstance(option.kind, inspect.BoolType):
            table[key] = {"true": True, "false": False}.get(table[key], table[key])
    return table


def arguments_of(load: Workload) -> list[str]:
    """What asks for a workload on the command line."""
    built_in = NAMED_WORKLOADS.get(load.name)
    if built_in is None:
        settings = [
            f"{key}={_text(key, getattr(load, field.name))}"
            for key, field in _FIELDS.items()
            if key not in ("name", "summary") and getattr(load, field.name) != field.default
        ]
        return ["--workload", ",".join([load.name, *settings])]
    words = ["--workload", load.name]
    if load.size_bytes != built_in.size_bytes:
        words += ["--size", str(load.size_bytes)]
    return words


def sized(load: Workload, size: int | None) -> Workload:
    """The workload with echoed messages of a size, if one is given; others stay as they are."""
    if load.protocol not in ECHOING or size in (None, load.size_bytes):
        return load
    return replace(load, size_bytes=size, summary=f"{load.summary}; {_messages_of(size)}")


def paced(rate: float) -> Workload:
    """The workload of so many messages/s per client."""
    return own_workload({"name": f"rate_{_decimal(rate)}", "rate": rate})


def check_useful(table: Mapping[str, Any], where: Where = str) -> None:
    """Raise ValueError for a key that would change nothing: it was meant to."""
    protocol = table.get("protocol", "echo")
    of_some = {key for keys in _OF_PROTOCOL.values() for key in keys}
    for key in of_some & table.keys() - set(_OF_PROTOCOL.get(protocol, of_some)):
        owners = [owner for owner, keys in _OF_PROTOCOL.items() if key in keys]
        raise ValueError(f"{where(key)} is for {' and '.join(owners)}; this is {protocol}")
    for key in _NEEDED.get(protocol, ()):
        if key not in table:
            raise ValueError(f"{where('protocol')} {protocol} needs {where(key)}")
    if "arrivals" in table and "rate" not in table:
        raise ValueError(
            f"{where('arrivals')} needs {where('rate')}: a closed loop has no schedule"
        )
    if "seed" in table and table.get("arrivals") != "poisson":
        raise ValueError(
            f"{where('seed')} is for {where('arrivals')} poisson: evenly spread ones have none"
        )


def _text(key: str, value: object) -> str:
    if key == "send":
        escaped = str(value).encode("unicode_escape").decode()
        return "".join(rf"\x{ord(c):02x}" if c in ",= " else c for c in escaped)
    if key == "path":
        return str(value).replace(",", "%2C")
    if isinstance(value, bool):
        return str(value).lower()
    return _decimal(value) if isinstance(value, float) else str(value)


def _decimal(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _messages_of(size: int) -> str:
    return f"messages of {_size(size)}"


def _size(size: int) -> str:
    return re.sub(r"\.0+ ", " ", size_text(size))


def per_client(rate: float) -> str:
    """How much each client sends in an open loop, in words."""
    return f"{_decimal(rate)} message{'s' * (rate != 1)}/s per client"


def _summary(load: Workload) -> str:
    """What it is, in a few words."""
    if load.rate_per_connection is None:
        parts = ["each client sends its next message when the reply has arrived"]
    else:
        random = ", Poisson arrivals" if load.arrivals == "poisson" else ""
        parts = [per_client(load.rate_per_connection) + random]
    if load.active < 1:
        parts.append(f"{load.active:.3%} of the clients send".replace(".000%", "%"))
    if load.messages_per_connection is not None:
        parts.append(f"{load.messages_per_connection:,} messages per connection")
    match load.protocol:
        case "echo" | "websocket":
            parts += [_messages_of(load.size_bytes)] * (load.size_bytes != _FIELDS["size"].default)
        case "http":
            parts.append(f"GET {load.path}")
        case _:
            parts.append(f"replies of {_size(load.expect_bytes)}")
    if load.handler != "none":
        parts.append(f"the server works on each: {load.handler}")
    if load.timeout_s != _FIELDS["timeout"].default:
        parts.append(f"timeout {_decimal(load.timeout_s)} s")
    return "; ".join(parts)
