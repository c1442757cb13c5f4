"""HTTP servers of PyPI that run a Python application: servers/applications/hello.py."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..framework.options import BACKLOG, THREADS, WORKERS, ServerOption, named, one_of
from .program import FOLDER, Endpoint, Launch, free_port

_WORKERS = WORKERS.by_default("1", "worker processes")
_LOOP: Final = ServerOption("loop", one_of("asyncio", "uvloop"), "asyncio or uvloop", "asyncio")
_KEEP_OPEN_S: Final = "86400"  # a connection is the client's to close
_CONNECTIONS: Final = "100000"  # that a worker of gunicorn holds, more than its limit of open files

OPTIONS: Final = named(_WORKERS, BACKLOG)
ON_A_LOOP: Final = named(_LOOP, *OPTIONS.values())
THREADED: Final = named(*OPTIONS.values(), THREADS.by_default("64", "threads per worker"))


@dataclass(frozen=True)
class ApplicationServer:
    """A package, the other package that it needs for this, and its arguments, in which {host},
    {port} and the options are replaced.
    """

    package: str
    arguments: Sequence[str]
    needs: str = ""

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        for extra, packages in (
            ("http", (self.package, self.needs)),
            ("uvloop", (options.get("loop"),)),
        ):
            if not all(importlib.util.find_spec(each) for each in packages if each):
                return f"pip install 'c10k-bench[{extra}]'"
        return ""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        port = endpoint.port or free_port(endpoint.host)
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        defaults = {name: option.default for name, option in {**ON_A_LOOP, **THREADED}.items()}
        chosen = defaults | dict(options)
        words = [
            each.format(bind=f"{host}:{port}", host=endpoint.host, port=port, **chosen)
            for each in self.arguments
        ]
        command = [sys.executable, "-m", self.package, *words]
        return Launch(command, (endpoint.host, port), directory=FOLDER / "applications")


UVICORN: Final = ApplicationServer(
    "uvicorn",
    (
        "hello:asgi",
        *("--host", "{host}", "--port", "{port}", "--workers", "{workers}"),
        *("--backlog", "{backlog}", "--timeout-keep-alive", _KEEP_OPEN_S),
        *("--log-level", "warning", "--no-access-log"),
        *("--loop", "{loop}", "--http", "httptools"),  # a parser in C: its own is in Python
    ),
    needs="httptools",
)
HYPERCORN: Final = ApplicationServer(
    "hypercorn",
    (
        "hello:asgi",
        *("--bind", "{bind}", "--workers", "{workers}", "--backlog", "{backlog}"),
        *("--keep-alive", _KEEP_OPEN_S, "--log-level", "warning", "--worker-class", "{loop}"),
    ),
)
GRANIAN: Final = ApplicationServer(
    "granian",
    (
        "hello:asgi",
        *("--interface", "asgi", "--host", "{host}", "--port", "{port}"),
        *("--workers", "{workers}", "--backlog", "{backlog}"),
        *("--log-level", "warning", "--http", "1"),
    ),
)


def gunicorn(worker: str, *arguments: str, needs: str = "") -> ApplicationServer:
    """Return gunicorn with one of its classes of workers."""
    return ApplicationServer(
        "gunicorn",
        (
            "hello:wsgi",
            *("--worker-class", worker, "--bind", "{bind}", "--workers", "{workers}"),
            *("--backlog", "{backlog}", "--keep-alive", _KEEP_OPEN_S),
            *("--worker-connections", _CONNECTIONS, "--log-level", "warning"),
            *arguments,
        ),
        needs,
    )
