"""Any program of the user's: NAME[,key=value]…=COMMAND LINE, and the server that comes of it."""

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from .builtin import CATALOGUE
from .program import Endpoint, Launch, free_port
from .spec import Server, ServerSpec, UnknownOptionError, parse

EXAMPLE: Final = "mine=./server --port {port}"
OPTIONS: Final = {
    "protocol": "echo, http or raw (echo)",
    "path": "what http asks for (/)",
    "send": r"what raw sends, written as in C: PING\r\n, and \x2c for a comma, \x3d for =",
    "expect": "bytes of a reply to raw",
    "model": "its concurrency model, as reports shall name it (any)",
}
_PROTOCOLS: Final = {"echo": (), "http": ("path",), "raw": ("send", "expect")}
_DEFINITION: Final = re.compile(
    r"(?P<name>[^,=\s/]+)(?P<options>(,[^,=]*=[^,=]*)*)=(?P<command>.*)", re.DOTALL
)


class CommandLineError(ValueError):
    """A command of the user's is not one that can be run as a server."""


@dataclass(frozen=True)
class ForeignProgram:
    """A command line's words, in which {host} and {port} are replaced, and where they are meant.

    `definition` is what it was read from. No shell sees it.
    """

    definition: str
    words: Sequence[str]
    directory: Path

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        program = self.words[0]
        found = shutil.which(self.directory / program if "/" in program else program)
        return "" if found else f"there is no program {program!r} in {self._searched}"

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        port = endpoint.port or free_port(endpoint.host)
        command = [
            word.replace("{port}", str(port)).replace("{host}", endpoint.host)
            for word in self.words
        ]
        return Launch(command, (endpoint.host, port), directory=self.directory)

    @property
    def _searched(self) -> str:
        return str(self.directory) if "/" in self.words[0] else "the folders of PATH"


def parse_command(definition: str, directory: Path) -> ServerSpec:
    """Read a definition whose relative paths are meant from a directory; its label is its NAME.

    Raises CommandLineError, or UnknownOptionError, which say what would do.
    """
    matched = _DEFINITION.fullmatch(definition)
    if not matched:
        raise CommandLineError(
            f"a command is NAME=COMMAND LINE, such as '{EXAMPLE}'; got {definition!r}"
        )
    name = matched["name"]
    if name in CATALOGUE:
        raise CommandLineError(f"{name} is a server of the catalogue: choose another name")
    program = ForeignProgram(definition, _words(name, matched["command"]), directory)
    server = Server(name, "any", "any", shlex.join(program.words), program, OPTIONS)
    spec = parse(name + matched["options"], {name: server})
    protocol = spec.options.get("protocol", "echo")
    server = replace(
        server,
        model=spec.options.get("model", server.model),
        protocol=protocol,
        request=_request(name, protocol, spec.options),
    )
    return replace(spec, server=server, text=name)


def _words(name: str, command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:  # a quotation without an end
        raise CommandLineError(f"{name}: {error}: {command}") from None
    if not any("{port}" in word for word in words):
        raise CommandLineError(
            f"{name}: say where its port goes, as in '{EXAMPLE}' "
            "(or 'mine=env PORT={port} ./server')"
        )
    return words


def _request(name: str, protocol: str, options: Mapping[str, str]) -> dict[str, str | int]:
    """What is asked of it, by the fields of a workload."""
    if protocol not in _PROTOCOLS:
        raise UnknownOptionError(f"{name}: protocol={protocol} is not {OPTIONS['protocol']}")
    for option in ("path", "send", "expect"):
        if option in options and option not in _PROTOCOLS[protocol]:
            raise UnknownOptionError(f"{name}: {option} is not for protocol={protocol}")
    if protocol == "http":
        return {"path": options.get("path", "/")}
    if protocol == "raw":
        if not {"send", "expect"} <= options.keys():
            raise UnknownOptionError(f"{name}: protocol=raw needs send=BYTES and expect=N")
        return {
            "send": _unescaped(name, options["send"]),
            "expect_bytes": _number(name, options["expect"]),
        }
    return {}


def _unescaped(name: str, text: str) -> str:
    try:
        return text.encode().decode("unicode_escape")
    except ValueError as error:
        raise UnknownOptionError(f"{name}: send={text}: {error}") from None


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UnknownOptionError(f"{name}: expect={text} is not a number of bytes")
    return int(text)
