r"""Reads what a loader reports, as a TOML file says for each loader.

    programs = ["wrk"]
    protocol = "http"

    [figures]
    rate = 'Requests/sec:\s+([\d.]+)'
    p99 = '99%\s+([\d.]+)(us|ms|s)'
    errors = ['connect (\d+), read (\d+), write (\d+), timeout (\d+)', 'Non-2xx.*: (\d+)']

A figure of `format = "text"` is a regular expression, or several: the first group is a number and
the second its unit, if there is one; the groups of `errors` are added up. One of "json" is the path
of a value, `latency.p99`, or of counts by name, which are added up; one of "csv" a column of the
row whose columns are those of `row`.
"""

import csv
import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct, field

UNITS_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "secs": 1e3, "m": 6e4}

Figure = Literal["rate", "seconds", "messages", "errors", "p50", "p90", "p99", "max", "first_reply"]
COUNTS: Final = ("rate", "messages", "errors")
"""The figures that are no times."""


class NotUnderstoodError(Exception):
    """The output has none of the figures."""


class Reported(NamedTuple):
    """A figure as reported: a count, or a time in ms; `step` is its last digit's worth."""

    value: float
    step: float


class Reader(Struct, frozen=True, forbid_unknown_fields=True):
    """How to read what a loader reports: in a `file`, else on its standard output, and text on its
    standard error as well.

    `unit` is that of times that are printed without one; that of `seconds` is the second.
    """

    programs: tuple[str, ...]
    figures: dict[Figure, str | tuple[str, ...]]
    protocol: Literal["http", "echo", ""] = ""  #: what it speaks; empty: what its target says
    format: Literal["text", "json", "csv"] = "text"
    file: str = ""  #: with {output}, the same as in the command
    unit: Literal["us", "ms", "s"] = "ms"
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
        except ValueError as error:
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
        matches = [match for each in patterns if (match := re.search(each, printed))]
        if name == "errors" and matches:
            counts = (group for match in matches for group in match.groups())
            return Reported(sum(map(_number, counts)), 1.0)
        if not matches:
            return None
        value, *unit = matches[0].groups()
        return self._reported(name, value, *unit)

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
        factor = 1.0 if name in COUNTS else UNITS_MS[unit]
        decimals = len(text.partition(".")[2])
        return Reported(_number(text) * factor, 10.0**-decimals * factor)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


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
        if reader.format == "text":
            for where in reader.figures.values():
                for pattern in (where,) if isinstance(where, str) else where:
                    if not re.compile(pattern).groups:
                        raise ValueError(f"{pattern!r} needs a group, such as ([\\d.]+)")
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, re.error) as error:
        raise ValueError(str(error)) from None
    return reader
