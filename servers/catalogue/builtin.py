"""The servers that can be measured.

The first line of a server's file says what it is, here as there.
"""

from collections.abc import Mapping

from ..framework.options import (
    BACKLOG,
    BUFFER,
    HANDLER,
    OPTIONS,
    STACK,
    THREADS,
    ServerOption,
    named,
)
from . import apache, applications, nginx
from .compiled import CompiledProgram
from .entry import CatalogueEntry
from .process_options import PYTHON
from .program import FOLDER, PythonProgram, ScriptProgram

_ECHO = (HANDLER, BUFFER, BACKLOG)


def _described(file: str) -> tuple[str, str]:
    """Return a server's model and a summary, as the first line of its file says: MODEL: SUMMARY."""
    with (FOLDER / file).open(encoding="utf-8") as lines:
        model, _, summary = lines.readline().strip('"/. \n').partition(": ")
    return model.lower(), summary


def _python(
    name: str,
    *,
    needs: str = "",
    protocol: str = "echo",
    threads: int = 0,
    processes: int = 0,
    spreads: bool = False,
) -> CatalogueEntry:
    """Describe a Python server of this folder, whose options are those of its command line."""
    return CatalogueEntry(
        name,
        "Python",
        *_described(f"{name}.py"),
        PythonProgram(name, needs),
        {**OPTIONS[name], **named(PYTHON)},
        protocol,
        threads_per_connection=threads,
        processes_per_connection=processes,
        spreads=spreads,
    )


def _apache(
    mpm: str, model: str, summary: str, *, threads: int = 0, processes: int = 0
) -> CatalogueEntry:
    """Describe Apache with one of its multi-processing modules."""
    return CatalogueEntry(
        f"apache_{mpm}",
        "C",
        model,
        f"the real Apache {summary}",
        apache.apache(mpm),
        apache.OPTIONS[mpm],
        "http",
        threads_per_connection=threads,
        processes_per_connection=processes,
    )


def _application(
    name: str,
    model: str,
    server: str,
    program: applications.ApplicationServer,
    options: Mapping[str, ServerOption] = applications.OPTIONS,
) -> CatalogueEntry:
    """Describe an HTTP server that runs a Python application."""
    summary = f"an HTTP application of 64 bytes on {server}"
    return CatalogueEntry(name, "Python", model, summary, program, options, "http")


_ENTRIES = (
    _python("threaded", threads=1),
    _python("threadpool"),
    _python("forking", processes=1),
    _python("prefork"),
    _python("event_loop"),
    _python("event_loop_threads"),
    _python("asyncio_streams"),
    _python("asyncio_protocol"),
    _python("asyncio_buffered"),
    _python("asyncio_workers", spreads=True),
    _python("gevent", needs="gevent"),
    _python("trio", needs="trio"),
    _python("splice"),
    _python("websockets_threaded", needs="websockets", protocol="websocket", threads=1),
    _python("websockets_asyncio", needs="websockets", protocol="websocket"),
    _python("picows", needs="picows", protocol="websocket"),
    _python("files", protocol="download", threads=1),
    _python("files_sendfile", protocol="download", threads=1),
    CatalogueEntry(
        "nginx",
        "C",
        "event loop per worker process",
        "the real nginx, with a file of 64 bytes",
        nginx.NGINX,
        nginx.OPTIONS,
        protocol="http",
    ),
    _apache(
        "prefork",
        "process per connection, from a pool",
        "as it began, with a file of 64 bytes",
        processes=1,
    ),
    _apache(
        "worker",
        "thread per connection, from a pool",
        "in processes of 64 threads, with a file of 64 bytes",
        threads=1,
    ),
    _apache(
        "event",
        "thread per request, from a pool; event loop for idle connections",
        "as it is today, with a file of 64 bytes; a connection whose request "
        "finds no thread is closed",
    ),
    _application(
        "uvicorn",
        "event loop",
        "uvicorn, which parses HTTP in C",
        applications.UVICORN,
        applications.ON_A_LOOP,
    ),
    _application(
        "hypercorn",
        "event loop",
        "hypercorn, which parses HTTP in Python",
        applications.HYPERCORN,
        applications.ON_A_LOOP,
    ),
    _application(
        "granian",
        "event loop",
        "granian, whose network is not Python's",
        applications.GRANIAN,
    ),
    _application(
        "gunicorn_threads",
        "thread per request, from a pool; event loop for idle connections",
        "gunicorn with threads",
        applications.gunicorn("gthread", "--threads", "{threads}"),
        applications.THREADED,
    ),
    _application(
        "gunicorn_gevent",
        "event loop",
        "gunicorn with gevent's greenlets",
        applications.gunicorn("gevent", needs="gevent"),
    ),
    CatalogueEntry(
        "boost_asio",
        "C++",
        *_described("boost_asio.cpp"),
        CompiledProgram("boost_asio"),
        named(THREADS.by_default("1", "threads that run the event loop"), *_ECHO),
    ),
    CatalogueEntry(
        "boost_threads",
        "C++",
        *_described("boost_threads.cpp"),
        CompiledProgram("boost_threads"),
        named(STACK, *_ECHO),
        threads_per_connection=1,
    ),
    CatalogueEntry(
        "node",
        "JavaScript",
        *_described("node.js"),
        ScriptProgram("node", "node.js", "nodejs"),
        named(
            HANDLER, BUFFER.by_default("1024", "bytes per reply; it reads up to 64 KiB"), BACKLOG
        ),
    ),
)

CATALOGUE: Mapping[str, CatalogueEntry] = {entry.name: entry for entry in _ENTRIES}
