"""A server on another host, with the methods of a ServerProcess."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from c10k.remote.connection import AgentLostError, Connection
from c10k.servers.catalogue import ServerSpec
from c10k.servers.launch import GRACE_S

LOG_LINES = 1_000  # of the end of its log, which are kept here


class RemoteServer:
    """A server that an agent starts, on entry, and ends.

    It listens on an address of its host. Its log is there; the end of it is written to `log` here
    when the server is stopped.
    """

    def __init__(
        self, connection: Connection, spec: ServerSpec, address: str, log: Path, cpus: Sequence[int]
    ) -> None:
        self.name = spec.text
        self.host, self.port, self.certificate = address, 0, ""
        self.number = connection.number()
        self._connection = connection
        self._spec = spec
        self._log = log
        self._cpus = cpus
        self._stopped = False

    def __enter__(self) -> Self:
        """Start it and return once it listens. Raises ServerStartError and AgentLostError."""
        self.host, self.port, self.certificate = self._connection.ask(
            *(0, "start", self.number, definition(self._spec), self._log.name, self.host),
            list(self._cpus),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        with suppress(AgentLostError):
            return bool(self._ask("alive"))
        return False

    @property
    def log_bytes(self) -> int:
        """How long the log is by now. Raises AgentLostError."""
        length: int = self._ask("log_bytes")
        return length

    def log_tail(self, lines: int = 20, *, since: int = 0) -> str:
        """The last lines of the log; none where the agent is lost. See ServerProcess."""
        with suppress(AgentLostError):
            return str(self._ask("log_tail", lines, since=since))
        return ""

    def how_it_died(self, *, since: int = 0) -> str:
        """Say how it ended by itself, or why nothing is known of it any more."""
        try:
            return str(self._ask("how_it_died", since=since))
        except AgentLostError as error:
            return str(error)

    def stop(self, timeout_s: float = GRACE_S) -> None:
        """End the whole tree; see ServerProcess."""
        if self._stopped:
            return
        self._stopped = True
        with suppress(AgentLostError):
            self._ask("stop", timeout_s)
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.write_text(self.log_tail(LOG_LINES) + "\n", encoding="utf-8")

    def _ask(self, name: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 (what it returns)
        return self._connection.ask(self.number, name, *args, **kwargs)


def definition(spec: ServerSpec) -> dict[str, str]:
    """What the agent needs to know of a server."""
    options = "".join(f",{key}={value}" for key, value in spec.options.items())
    words = getattr(spec.server.program, "words", None)  # of a command of the user's
    written = spec.server.name + options
    return {
        "spec": written,
        "command": f"{written}={shlex.join(words)}" if words else "",
        "text": spec.text,
    }
