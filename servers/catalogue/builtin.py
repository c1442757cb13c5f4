"""The servers that can be measured."""

from collections.abc import Mapping

from ..framework.options import BACKLOG, BUFFER, HANDLER, OPTIONS, STACK, THREADS, named
from . import apache, nginx
from .compiled import CompiledProgram
from .entry import CatalogueEntry
from .process_options import PYTHON
from .program import PythonProgram, ScriptProgram

_ECHO = (HANDLER, BUFFER, BACKLOG)


def _python(
    name: str,
    model: str,
    summary: str,
    *,
    needs: str = "",
    protocol: str = "echo",
    threads: int = 0,
    processes: int = 0,
) -> CatalogueEntry:
    """Describe a Python server of this folder, whose options are those of its command line."""
    return CatalogueEntry(
        name,
        model,
        "Python",
        summary,
        PythonProgram(name, needs),
        {**OPTIONS[name], **named(PYTHON)},
        protocol,
        threads_per_connection=threads,
        processes_per_connection=processes,
    )


def _apache(
    mpm: str, model: str, summary: str, *, threads: int = 0, processes: int = 0
) -> CatalogueEntry:
    """Describe Apache with one of its multi-processing modules."""
    return CatalogueEntry(
        f"apache_{mpm}",
        model,
        "C",
        f"the real Apache {summary}",
        apache.apache(mpm),
        apache.OPTIONS[mpm],
        "http",
        threads_per_connection=threads,
        processes_per_connection=processes,
    )


_ENTRIES = (
    _python(
        "threaded",
        "thread per connection",
        "blocking sockets, each connection in a thread of its own",
        threads=1,
    ),
    _python(
        "threadpool",
        "bounded thread pool",
        "blocking sockets; a client that connects while all workers are busy waits for one",
    ),
    _python(
        "forking",
        "process per connection",
        "blocking sockets, a fork for each connection, as in Apache 1.x and inetd",
        processes=1,
    ),
    _python(
        "prefork",
        "bounded process pool",
        "blocking sockets; processes forked in advance share the listener",
    ),
    _python(
        "event_loop",
        "event loop",
        "one thread on the selectors module: what the other event loops do inside",
    ),
    _python(
        "event_loop_threads",
        "event loop per thread",
        "several of these loops in threads, each with a listener of its own",
    ),
    _python(
        "asyncio_streams",
        "event loop",
        "asyncio's streams, each connection in a coroutine of one thread",
    ),
    _python(
        "asyncio_protocol",
        "event loop",
        "asyncio's protocols, callbacks for each connection in one thread",
    ),
    _python(
        "asyncio_buffered",
        "event loop",
        "asyncio's buffered protocols, which read into buffers of a shared pool",
    ),
    _python(
        "asyncio_workers",
        "event loop per process",
        "asyncio's protocols in several processes, each with a listener of its own",
    ),
    _python(
        "gevent",
        "event loop",
        "gevent, each connection in a greenlet of one thread",
        needs="gevent",
    ),
    _python(
        "trio",
        "event loop",
        "trio, each connection in a task of one thread",
        needs="trio",
    ),
    _python(
        "splice",
        "event loop",
        "zero copy: event_loop, with the bytes moved by splice() through a pipe",
    ),
    _python(
        "files",
        "thread per connection",
        "a large file by read and send",
        protocol="download",
        threads=1,
    ),
    _python(
        "files_sendfile",
        "thread per connection",
        "zero copy: the same file by sendfile()",
        protocol="download",
        threads=1,
    ),
    CatalogueEntry(
        "nginx",
        "event loop per worker process",
        "C",
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
    CatalogueEntry(
        "boost_asio",
        "event loop",
        "C++",
        "Boost.Asio's io_context, each connection a session object",
        CompiledProgram("boost_asio"),
        named(THREADS.by_default("1", "threads that run the event loop"), *_ECHO),
    ),
    CatalogueEntry(
        "boost_threads",
        "thread per connection",
        "C++",
        "Boost.Asio's blocking sockets, each connection in a thread of its own",
        CompiledProgram("boost_threads"),
        named(STACK, *_ECHO),
        threads_per_connection=1,
    ),
    CatalogueEntry(
        "node",
        "event loop",
        "JavaScript",
        "Node.js' net, each connection a stream of the one thread",
        ScriptProgram("node", "node.js", "nodejs"),
        named(
            HANDLER, BUFFER.by_default("1024", "bytes per reply; it reads up to 64 KiB"), BACKLOG
        ),
    ),
)

CATALOGUE: Mapping[str, CatalogueEntry] = {entry.name: entry for entry in _ENTRIES}
