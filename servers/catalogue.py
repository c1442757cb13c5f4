"""The servers that can be measured, and SPEC: how a server and its options are written."""

import difflib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


class UnknownServerError(ValueError):
    """A SPEC names a server that is not in the catalogue."""


class UnknownOptionError(ValueError):
    """A SPEC gives an option that its server does not have, or not as key=value."""


@dataclass(frozen=True)
class Server:
    """A server of the catalogue. `options` maps what a SPEC may set to what it means."""

    name: str
    model: str
    language: str
    summary: str
    module: str
    options: Mapping[str, str]
    threads_per_connection: int


@dataclass(frozen=True)
class ServerSpec:
    """A server with options. `text` is the SPEC as it was typed, the server's label in results."""

    server: Server
    options: Mapping[str, str]
    text: str

    def command(self, *, host: str, port: int) -> list[str]:
        """Return the program and its arguments; it runs in any directory. Port 0: a free one."""
        root = Path(__file__).resolve().parents[1]
        program = root.joinpath(*self.server.module.split(".")).with_suffix(".py")
        command = [sys.executable, str(program), "--host", host, "--port", str(port)]
        for option, value in self.options.items():
            command += [f"--{option}", value]
        return command


_COMMON_OPTIONS = {
    "buffer": "bytes a read asks for (1024)",
    "backlog": "connections that may wait for accept (as many as the host allows)",
}

CATALOGUE: Mapping[str, Server] = {
    server.name: server
    for server in (
        Server(
            name="threaded",
            model="a thread a connection",
            language="Python",
            summary="blocking sockets, every connection in a thread of its own",
            module="servers.threaded",
            options={"stack": "bytes of stack a thread, 256k or 8m (ulimit -s)", **_COMMON_OPTIONS},
            threads_per_connection=1,
        ),
        Server(
            name="asyncio_streams",
            model="an event loop",
            language="Python",
            summary="asyncio's streams, every connection in a coroutine of one thread",
            module="servers.asyncio_streams",
            options=_COMMON_OPTIONS,
            threads_per_connection=0,
        ),
    )
}


def parse_spec(text: str) -> ServerSpec:
    """Read NAME[,key=value]...; UnknownServerError or UnknownOptionError says what would do."""
    name, *settings = (part.strip() for part in text.split(","))
    if name not in CATALOGUE:
        raise UnknownServerError(f"no server is called {name!r}{_remedy(name, CATALOGUE)}")
    server = CATALOGUE[name]
    options: dict[str, str] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if key not in server.options:
            raise UnknownOptionError(f"{name} has no option {key!r}{_remedy(key, server.options)}")
        if not value:
            raise UnknownOptionError(f"{name} needs a value for {key}: write {key}=VALUE")
        if key in options:
            raise UnknownOptionError(f"{name} is given {key} twice: leave one out")
        options[key] = value
    return ServerSpec(server, options, text)


def _remedy(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    guess = f": did you mean {close[0]!r}?" if close else "."
    return f"{guess} Known: {', '.join(known)}"
