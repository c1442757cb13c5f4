r"""Reads what a loader reports, as a TOML file says for each loader.

    programs = ["wrk"]
    protocol = "http"

    [figures]
    rate = 'Requests/sec:\s+([\d.]+)'
    p99 = '99%\s+([\d.]+)(us|ms|s)'
    errors = ['connect (\d+), read (\d+), write (\d+), timeout (\d+)', 'Non-2xx.*: (\d+)']

A figure of `format = "text"` is a regular expression, or several: the first group is a number and
the second its unit, if there is one; `errors` adds up the groups wherever an expression matches.
One of "json" is the path of a value, `latency.p99`, or of counts by name, which are added up; one
of "csv" a column of the row whose columns are those of `row`.
"""

import csv
import json
import re
import tomllib
from importlib.resources import files
from math import isfinite, nan
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

UNITS_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "secs": 1e3, "m": 6e4}

Figure = Literal["rate", "seconds", "errors", "p50", "p90", "p99", "max", "first_reply"]
COUNTS: Final = ("rate", "errors")
"""The figures that are no times."""


class NotUnderstoodError(Exception):
    """The output has none of the figures, or one that is no number."""


class Reported(NamedTuple):
    """A figure as reported: a count, or a time in ms; `step` is its last digit's worth."""

    value: float
    step: float


class Reader(Struct, frozen=True, forbid_unknown_fields=True):
    """How to read what a loader reports: in a `file`, else on its standard output, and text on its
    standard error as well.

    `unit` is that of times that are printed without one; that of `seconds` is the second. Response
    times are recorded from `recorded_from_s` after the first message on.
    """

    programs: tuple[str, ...]
    figures: dict[Figure, str | tuple[str, ...]]
    protocol: Literal["http", "echo", ""] = ""  #: what it speaks; empty: what its target says
    format: Literal["text", "json", "csv"] = "text"
    file: str = ""  #: with {output}, the same as in the command
    unit: Literal["us", "ms", "s"] = "ms"
    recorded_from_s: Annotated[float, Meta(ge=0, le=60)] = 0.0
    row: dict[str, str] = field(default_factory=dict)

    def read(self, stdout: str, stderr: str, output: Path) -> dict[str, Reported]:
        """The figures that it reports. Raises NotUnderstoodError where there is none."""
        printed = stdout + stderr if self.format == "text" else stdout
        file = Path(self.file.replace("{output}", str(output)))
        if self.file and file.is_file():
            printed = file.read_text(encoding="utf-8", errors="replace")
        find = {"text": self._in_text, "json": self._in_json, "csv": self._in_csv}[self.format]
        try:
            found = {name: find(printed, name, where) for name, where in self.figures.items()}
        except (ValueError, csv.Error, RecursionError) as error:
            raise NotUnderstoodError(f"it is no {self.format.upper()}: {error}") from None
        known: dict[str, Reported] = {
            name: each for name, each in found.items() if each is not None
        }
        if not known:
            raise NotUnderstoodError("it has none of the figures")
        # Most loaders do not print errors that they did not see.
        return {"errors": Reported(0, 1)} | known if "errors" in self.figures else known

    def _in_text(self, printed: str, name: str, where: str | tuple[str, ...]) -> Reported | None:
        patterns = (where,) if isinstance(where, str) else where
        matches = [match for each in patterns for match in re.finditer(each, printed)]
        if name == "errors" and matches:
            counts = [group for match in matches for group in match.groups() if group]
            return Reported(sum(_number(name, each) for each in counts), 1.0)
        return self._reported(name, *matches[0].groups("")) if matches else None

    def _in_json(self, printed: str, name: str, where: str | tuple[str, ...]) -> Reported | None:
        value: Any = json.loads(printed)
        for key in str(where).split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = sum(each for each in value.values() if isinstance(each, int))
        return None if value is None else self._reported(name, str(value))

    def _in_csv(self, printed: str, name: str, where: str | tuple[str, ...]) -> Reported | None:
        for row in csv.DictReader(printed.splitlines()):
            if self.row.items() <= row.items() and (value := row.get(str(where))):
                return self._reported(name, value)
        return None

    def _reported(self, name: str, text: str, unit: str = "") -> Reported:
        unit = unit or ("s" if name == "seconds" else self.unit)
        if unit not in UNITS_MS:
            raise NotUnderstoodError(f"{name} is in {unit!r}: known are {', '.join(UNITS_MS)}")
        factor = 1.0 if name in COUNTS else UNITS_MS[unit]
        decimals = len(text.partition(".")[2])
        return Reported(_number(name, text) * factor, 10.0**-decimals * factor)


def _number(name: str, text: str) -> float:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        number = nan
    if not isfinite(number):
        raise NotUnderstoodError(f"{name} is {text[:40]!r}, which is no number")
    return number


def readers() -> dict[str, Reader]:
    """Those that come with c10k, by name."""
    folder = files("c10k.audit") / "readers"
    return {
        file.name.removesuffix(".toml"): decoded(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


def decoded(text: str) -> Reader:
    """Read a TOML file's text. Raises ValueError with the remedy."""
    try:
        reader = msgspec.convert(tomllib.loads(text), Reader)
        if reader.file and "{output}" not in reader.file:
            raise ValueError("file needs {output}: each run of the loader has a report of its own")
        for name, where in reader.figures.items():
            _check(reader, name, where)
    except (msgspec.ValidationError, re.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None
    return reader


def _check(reader: Reader, name: str, where: str | tuple[str, ...]) -> None:
    """Raise ValueError for a figure that cannot be found by that."""
    if reader.format != "text":
        if not isinstance(where, str):
            raise ValueError(f"{name}: only of text several expressions can be given")
        return
    for pattern in (where,) if isinstance(where, str) else where:
        groups = re.compile(pattern).groups
        if not groups:
            raise ValueError(f"{pattern!r} needs a group, such as ([\\d.]+)")
        if groups > 2 and name != "errors":
            raise ValueError(f"{pattern!r} has {groups} groups: a number and its unit are wanted")
