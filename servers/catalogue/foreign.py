"""A program of the user's as a server: NAME[,key=value]…=COMMAND LINE."""

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from ..framework.options import ServerOption, between, defaults, named, one_of
from ..framework.quantities import size_bytes, unescaped
from ..framework.tls import CERTIFICATE, KEY, write_certificate
from .builtin import CATALOGUE
from .entry import CatalogueEntry
from .program import Endpoint, Launch, free_port
from .spec import ServerSpec, SpecError, parse_spec

EXAMPLE: Final = "mine=./server --port {port}"
# Which options go with which protocol, and the fields of a workload that they become.
_REQUESTS: Final[Mapping[str, Mapping[str, str]]] = {
    "echo": {},
    "http": {"path": "path"},
    "websocket": {"path": "path"},
    "raw": {"send": "send", "expect": "expect_bytes"},
}
OPTIONS: Final = named(
    ServerOption("protocol", one_of(*_REQUESTS), "echo, http, websocket or raw", "echo"),
    ServerOption("path", str, "what http and websocket ask for", "/"),
    ServerOption(
        "send",
        unescaped,
        r"what raw sends, written as in C: PING\r\n, and \x2c for a comma, \x3d for =",
    ),
    ServerOption("expect", between(size_bytes, "1", "1g"), "bytes of a reply to raw"),
    ServerOption(
        "tls",
        one_of("off", "on", "insecure"),
        "on: TLS, with the certificate made for it in {certificate}, its key in {key}; insecure: "
        "with one of its own, which is not verified",
        "off",
    ),
    ServerOption("model", str, "its concurrency model, as reports shall name it", "any"),
)
_DEFINITION: Final = re.compile(
    r"(?P<name>[^,=\s/]+)(?P<options>(,[^,=]*=[^,=]*)*)=(?P<command>.*)", re.DOTALL
)


@dataclass(frozen=True)
class ForeignProgram:
    """The words of a command line, in which {host} and {port} are replaced, and with tls=on
    {certificate} and {key}, by files that are made for it.

    It runs in `directory`, without a shell.
    """

    words: Sequence[str]
    directory: Path

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        program = self.words[0]
        if "/" in program:
            found, searched = shutil.which(self.directory / program), str(self.directory)
        else:
            found, searched = shutil.which(program), "the folders of PATH"
        return "" if found else f"there is no program {program!r} in {searched}"

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        port = endpoint.port or free_port(endpoint.host)
        named = {"{port}": str(port), "{host}": endpoint.host}
        secured: dict[str, Any] = {}
        if options.get("tls") == "on":
            own = endpoint.directory.absolute() / f"tls-{port}"
            named |= {"{certificate}": str(own / CERTIFICATE), "{key}": str(own / KEY)}
            secured["certificate"] = own / CERTIFICATE
            secured["prepare"] = partial(_prepare, endpoint.host, own)
        command = [
            re.sub("|".join(map(re.escape, named)), lambda found: named[found[0]], word)
            for word in self.words
        ]
        return Launch(command, (endpoint.host, port), directory=self.directory, **secured)


def _prepare(host: str, directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_certificate(host, directory)


def parse_command(definition: str, directory: Path) -> ServerSpec:
    """Read a definition, whose program runs in a directory; its label in results is its NAME.

    Raises SpecError.
    """
    matched = _DEFINITION.fullmatch(definition)
    if not matched:
        raise SpecError(f"a command is NAME=COMMAND LINE, such as '{EXAMPLE}'; got {definition!r}")
    name = matched["name"]
    if name in CATALOGUE:
        raise SpecError(f"{name} is a server of the catalogue: choose another name")
    program = ForeignProgram(_words(name, matched["command"]), directory)
    entry = CatalogueEntry(name, "any", "any", shlex.join(program.words), program, OPTIONS)
    spec = parse_spec(name + matched["options"], {name: entry})
    chosen = {**defaults(OPTIONS), **spec.options}
    protocol = chosen["protocol"]
    if chosen["tls"] == "on" and not all(
        any(file in word for word in program.words) for file in ("{certificate}", "{key}")
    ):
        raise SpecError(
            f"{name}: say in the command line where its {{certificate}} and {{key}} go, or write "
            "tls=insecure for a program with a certificate of its own"
        )
    request = _request(name, protocol, spec.options)
    entry = replace(entry, model=chosen["model"], protocol=protocol, request=request)
    return replace(spec, server=entry, text=name)


def in_environment(definition: str, variables: Mapping[str, str]) -> str:
    """The definition of the same program, run with these variables. Raises SpecError."""
    parse_command(definition, Path())
    matched = _DEFINITION.fullmatch(definition)
    assert matched
    words = shlex.join(["env", *(f"{name}={value}" for name, value in variables.items())])
    return f"{matched['name']}{matched['options']}={words} {matched['command']}"


def _words(name: str, command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:  # a quotation without an end
        raise SpecError(f"{name}: {error}: {command}") from None
    if not any("{port}" in word for word in words):
        raise SpecError(
            f"{name}: say where its port goes, as in '{EXAMPLE}' "
            "(or 'mine=env PORT={port} ./server')"
        )
    return words


def _request(name: str, protocol: str, options: Mapping[str, str]) -> dict[str, str | int]:
    """What a client asks of it, by the fields of a workload. Raises SpecError."""
    fields = _REQUESTS[protocol]
    for option in ("path", "send", "expect"):
        if option in options and option not in fields:
            raise SpecError(f"{name}: {option} is not for protocol={protocol}")
    if protocol == "raw" and not fields.keys() <= options.keys():
        raise SpecError(f"{name}: protocol=raw needs send=BYTES and expect=N")
    chosen = {**defaults(OPTIONS), **options}
    return {field: OPTIONS[option].read(chosen[option]) for option, field in fields.items()}
