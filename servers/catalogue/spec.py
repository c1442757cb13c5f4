"""SPEC: how a server and its options are written, NAME[,key=value]..."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..framework.tls import missing as missing_openssl
from ..process import ServerProcess, ServerStartError
from .builtin import CATALOGUE
from .entry import CatalogueEntry
from .process_options import PROCESS_OPTIONS, missing_cpus, parse_cpus, parse_limits
from .program import Endpoint, Launch, plain

LONGEST_SHOWN = 60  # characters of a value that is refused


class SpecError(ValueError):
    """A SPEC or a command cannot be a server; the message is one line, with the remedy."""


@dataclass(frozen=True)
class ServerSpec:
    """A server with the options of a SPEC. `text` is the SPEC as typed, its label in results."""

    server: CatalogueEntry
    options: Mapping[str, str]
    text: str

    @property
    def cpus(self) -> tuple[int, ...]:
        """The CPUs that its options give it."""
        return parse_cpus(self.options["cpus"]) if "cpus" in self.options else ()

    @property
    def limits(self) -> dict[str, int]:
        """Its resource limits, by name."""
        return parse_limits(self.options["limit"]) if "limit" in self.options else {}

    @property
    def missing(self) -> str:
        """What it lacks to run here, and how to install it; empty if it can run."""
        return (
            missing_cpus(self.cpus)
            or self.server.program.missing(self._program_options)
            or (missing_openssl() if self.tls == "on" else "")
        )

    @property
    def tls(self) -> str:
        """Whether it serves TLS: off, on, with the certificate of its process, or insecure."""
        return self.options.get("tls", "off")

    @property
    def unix(self) -> bool:
        """Whether it serves a Unix socket instead of TCP."""
        return self.options.get("unix") == "on"

    @property
    def plain_tcp(self) -> bool:
        """Whether it is reached as a server is that does nothing else: over TCP, without TLS."""
        return self.tls == "off" and not self.unix

    def launch(self, endpoint: Endpoint) -> Launch:
        """Return its command, which runs in any directory."""
        return self.server.program.launch(self._program_options, endpoint)

    def process(
        self,
        *,
        log: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        cpus: Collection[int] | None = None,
        verbose: bool = False,
        foreground: bool = False,
    ) -> ServerProcess:
        """Prepare a process of it, which starts when it is entered.

        `cpus` apply unless its options name some. Files that it needs are written beside the log.
        Raises ServerStartError where it cannot be built.
        """
        try:
            launch = self.launch(Endpoint(host, port, log.parent, verbose))
            if launch.prepare:
                log.parent.mkdir(parents=True, exist_ok=True)
                launch.prepare()
        except OSError as error:  # no port is free, or no file can be written
            raise ServerStartError(self.text, f"cannot be prepared: {error}", "") from error
        return ServerProcess(
            self.text,
            launch.command,
            log=log,
            cpus=self.cpus or cpus,
            limits=self.limits,
            address=launch.address,
            directory=launch.directory,
            certificate_file=launch.certificate,
            foreground=foreground,
        )

    def handling(self, handler: str) -> "ServerSpec":
        """Return the same server with this handler. SpecError where it takes none."""
        if handler == "none" or "handler" in self.options:
            return self
        if "handler" not in self.server.options:
            raise SpecError(f"{self.server.name} has no option 'handler'")
        return replace(self, options={**self.options, "handler": handler})

    @property
    def _program_options(self) -> dict[str, str]:
        return {
            key: plain(self.server.options[key], value)
            for key, value in self.options.items()
            if key not in PROCESS_OPTIONS
        }


def parse_spec(text: str, catalogue: Mapping[str, CatalogueEntry] = CATALOGUE) -> ServerSpec:
    """Read NAME[,key=value]... Raises SpecError."""
    name, *settings = (part.strip() for part in text.split(","))
    if name not in catalogue:
        raise SpecError(f"no server is called {name!r}{_remedy(name, catalogue)}")
    server = catalogue[name]
    known = {**server.options, **PROCESS_OPTIONS}
    options: dict[str, str] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if key not in known:
            raise SpecError(f"{name} has no option {key!r}{_remedy(key, known)}")
        if not value:
            raise SpecError(f"{name} needs a value for {key}: write {key}=VALUE")
        if key in options:
            raise SpecError(f"{name} is given {key} twice: leave one out")
        try:
            known[key].read(value)
        except ValueError as error:
            raise SpecError(f"{key}={_shown(value)}: {error}") from None
        options[key] = value
    return ServerSpec(server, options, text)


def _shown(value: str) -> str:
    """Shorten a value so that it fits in one line."""
    short = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
    return short if short.isprintable() else repr(short)


def _remedy(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    guess = f": did you mean {close[0]!r}?" if close else "."
    return f"{guess} Known: {', '.join(known)}"
