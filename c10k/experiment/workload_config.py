"""Workloads of one's own: a table of an experiment file, or NAME,key=value… on the command line."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from c10k.cli.arguments import whole
from c10k.experiment.rate_sweep import NAMED_WORKLOADS
from c10k.loadgen.workload import PROTOCOLS, Workload
from c10k.reports.wording import size as size_text
from c10k.servers.framework.handler import parse_handler
from c10k.servers.framework.quantities import count, number, seconds, share, size_bytes

KEYS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "rate": ("rate_per_connection", number),
    "arrivals": ("arrivals", str),
    "seed": ("seed", whole),
    "active": ("active", share),
    "messages-per-connection": ("messages_per_connection", count),
    "protocol": ("protocol", str),
    "size": ("size_bytes", size_bytes),
    "path": ("path", str),
    "send": ("send", str),
    "expect": ("expect_bytes", size_bytes),
    "handler": ("handler", str),
    "timeout": ("timeout_s", seconds),
    "connect-timeout": ("connect_timeout_s", seconds),
    "summary": ("summary", str),
}
"""Each key's field of a Workload, and how its text is read."""

_OF_PROTOCOL: Final = {
    "echo": ("size",),
    "http": ("path",),
    "raw": ("send", "expect"),
    "download": ("expect",),
}
_NAME: Final = re.compile(r"\w[\w.-]{0,39}")
_RESERVED: Final = ("ceiling",)  # what the loader's own ceiling is called
_DEFAULTS: Final = {field.name: field.default for field in fields(Workload)}


def own_workload(table: Mapping[str, Any], where: str) -> Workload:
    """The workload that a table describes. Raises ValueError, which begins with `where`.

    A value is a number or text: 65536 or "64k", 0.005 or "5ms".
    """
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{where}: a workload needs a name of up to 40 letters, digits, '.', '_' and '-'; "
            f"got {str(name)[:60]!r}"
        )
    if name in NAMED_WORKLOADS or name in _RESERVED:
        raise ValueError(f"{where}: {name!r} is a workload of c10k's own: choose another name")
    for key in table.keys() - {"name", *KEYS}:
        close = difflib.get_close_matches(key, KEYS, n=1)
        guess = f": did you mean {close[0]!r}?" if close else "."
        raise ValueError(
            f"{where}: {name}: there is no such key as {key!r:.60}{guess} "
            f"Known: {', '.join(['name', *KEYS])}"
        )
    try:
        given = {KEYS[key][0]: _value(key, value) for key, value in table.items() if key in KEYS}
        _check_useful(table, str(given.get("protocol", "echo")))
        parse_handler(given.get("handler", "none"))
        load = Workload(name, **given)
    except ValueError as error:
        raise ValueError(f"{where}: {name}: {error}") from None
    return load if load.summary else replace(load, summary=_summary(load))


def table_of(text: str) -> dict[str, str]:
    """The table that NAME,key=value… stands for. Raises ValueError."""
    name, *settings = (part.strip() for part in text.split(","))
    table = {"name": name}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if not value or key in table:
            raise ValueError(
                f"a workload of your own is NAME,key=value…, such as mine,rate=5,size=64k; "
                f"got {text[:60]!r}"
            )
        table[key] = value
    if "send" in table:  # as a shell can hardly hold it: written as in C
        table["send"] = os.fsencode(table["send"]).decode("unicode_escape")
    return table


def arguments_of(load: Workload) -> list[str]:
    """What asks for a workload on the command line."""
    built_in = NAMED_WORKLOADS.get(load.name)
    if built_in is None:
        settings = [
            f"{key}={_text(key, getattr(load, field))}"
            for key, (field, _) in KEYS.items()
            if key != "summary" and getattr(load, field) != _DEFAULTS[field]
        ]
        return ["--workload", ",".join([load.name, *settings])]
    words = ["--workload", load.name]
    if load.size_bytes != built_in.size_bytes:
        words += ["--size", str(load.size_bytes)]
    return words


def sized(load: Workload, size: int) -> Workload:
    """The workload with echoed messages of another size; itself where it has no such messages."""
    if load.protocol != "echo" or load.size_bytes == size:
        return load
    return replace(load, size_bytes=size, summary=f"{load.summary}; {_messages_of(size)}")


def paced(rate: float) -> Workload:
    """The workload of so many messages/s per client."""
    return own_workload({"name": f"rate_{_decimal(rate)}", "rate": rate}, "rate")


def _value(key: str, value: object) -> Any:  # noqa: ANN401 (as the field of a Workload)
    reader = KEYS[key][1]
    if isinstance(value, str):
        try:
            return reader(value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    number_given = isinstance(value, int | float) and not isinstance(value, bool)
    fitting = int if reader in (whole, count, size_bytes) else int | float
    if reader is str or not number_given or not isinstance(value, fitting):
        kind = "text" if reader is str else "a whole number" if fitting is int else "a number"
        raise ValueError(f"{key} must be {kind}, not {str(value)[:60]}")
    return value


def _check_useful(table: Mapping[str, Any], protocol: str) -> None:
    """Raise ValueError for a key that would change nothing: it was meant to."""
    if protocol not in PROTOCOLS:
        raise ValueError(f"no protocol {protocol[:60]!r}; there are {', '.join(PROTOCOLS)}")
    of_some = {key for keys in _OF_PROTOCOL.values() for key in keys}
    for key in of_some & table.keys():
        if key not in _OF_PROTOCOL[protocol]:
            raise ValueError(f"{key} is not for the protocol {protocol}")
    for key in _OF_PROTOCOL[protocol]:
        if protocol in ("raw", "download") and key not in table:
            raise ValueError(f"the protocol {protocol} needs {key}")
    if "arrivals" in table and "rate" not in table:
        raise ValueError("arrivals need a rate: a closed loop has no schedule")
    if "seed" in table and table.get("arrivals") != "poisson":
        raise ValueError("a seed is of poisson arrivals: evenly spread ones have none")


def _text(key: str, value: object) -> str:
    if key == "send":
        escaped = str(value).encode("unicode_escape").decode()
        return "".join(rf"\x{ord(c):02x}" if c in ",= " else c for c in escaped)
    if key == "path":
        return str(value).replace(",", "%2C")
    return _decimal(value) if isinstance(value, float) else str(value)


def _decimal(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _messages_of(size: int) -> str:
    return f"messages of {_size(size)}"


def _size(size: int) -> str:
    return re.sub(r"\.0+ ", " ", size_text(size))


def _summary(load: Workload) -> str:
    """What it is, in a few words."""
    if load.rate_per_connection is None:
        parts = ["each client sends its next when the reply has come"]
    else:
        random = ", Poisson arrivals" if load.arrivals == "poisson" else ""
        parts = [f"{_decimal(load.rate_per_connection)} messages/s per client{random}"]
    if load.active < 1:
        parts.append(f"{load.active:.3%} of the clients send".replace(".000%", "%"))
    if load.messages_per_connection is not None:
        parts.append(f"{load.messages_per_connection:,} messages per connection")
    match load.protocol:
        case "echo":
            parts += [_messages_of(load.size_bytes)] * (load.size_bytes != _DEFAULTS["size_bytes"])
        case "http":
            parts.append(f"GET {load.path}")
        case _:
            parts.append(f"replies of {_size(load.expect_bytes)}")
    if load.handler != "none":
        parts.append(f"the server works on each: {load.handler}")
    if load.timeout_s != _DEFAULTS["timeout_s"]:
        parts.append(f"timeout {_decimal(load.timeout_s)} s")
    return "; ".join(parts)
