"""The servers that can be measured."""

from collections.abc import Mapping

from . import apache, nginx
from .compiled import CompiledProgram
from .program import PythonProgram
from .script import ScriptProgram
from .spec import Server

_BACKLOG: Mapping[str, str] = {
    "backlog": "connections that may wait for accept (as many as the host allows)",
}
_HANDLER: Mapping[str, str] = {
    "handler": "what is done with each read: none, sleep:5ms or cpu:5ms (none)",
}
_BUFFER: Mapping[str, str] = {"buffer": "bytes a read asks for (1024)"}
_INTERPRETER: Mapping[str, str] = {
    "python": "another interpreter, python3.13 or a path (the one that runs c10k)",
    "gil_hog": "HOLD:RELEASE, a thread that holds the GIL for so long, then lets go: 10ms:5ms",
}
_ECHO: Mapping[str, str] = {**_HANDLER, **_BUFFER, **_BACKLOG}
_PYTHON: Mapping[str, str] = {**_ECHO, **_INTERPRETER}
_LOOP: Mapping[str, str] = {"loop": "asyncio, uvloop or rloop (asyncio)"}
# How much asyncio's protocols are given at once is not for a server to say.
_PROTOCOL: Mapping[str, str] = {**_LOOP, **_HANDLER, **_BACKLOG, **_INTERPRETER}
_SIZE: Mapping[str, str] = {"size": "bytes of the file, the most that may be asked for (16m)"}

_CAST = (
    Server(
        name="threaded",
        model="a thread a connection",
        language="Python",
        summary="blocking sockets, every connection in a thread of its own",
        program=PythonProgram("threaded"),
        options={"stack": "bytes of stack a thread, 256k or 8m (ulimit -s)", **_PYTHON},
        threads_per_connection=1,
    ),
    Server(
        name="threadpool",
        model="a bounded pool of threads",
        language="Python",
        summary="blocking sockets; whoever connects while all workers are busy waits for one",
        program=PythonProgram("threadpool"),
        options={"workers": "threads (64)", **_PYTHON},
    ),
    Server(
        name="forking",
        model="a process a connection",
        language="Python",
        summary="blocking sockets, a fork for every connection, as in Apache 1.x and inetd",
        program=PythonProgram("forking"),
        options=_PYTHON,
        processes_per_connection=1,
    ),
    Server(
        name="prefork",
        model="a bounded pool of processes",
        language="Python",
        summary="blocking sockets; processes forked in advance share the listener",
        program=PythonProgram("prefork"),
        options={"workers": "processes (64)", **_PYTHON},
    ),
    Server(
        name="event_loop",
        model="an event loop",
        language="Python",
        summary="one thread on the selectors module, written out: what others have inside",
        program=PythonProgram("event_loop"),
        options=_PYTHON,
    ),
    Server(
        name="event_loop_threads",
        model="an event loop a thread",
        language="Python",
        summary="several of these loops in threads, each with a listener of its own",
        program=PythonProgram("event_loop_threads"),
        options={"threads": "event loops (as many as CPUs)", **_PYTHON},
    ),
    Server(
        name="asyncio_streams",
        model="an event loop",
        language="Python",
        summary="asyncio's streams, every connection in a coroutine of one thread",
        program=PythonProgram("asyncio_streams"),
        options={**_LOOP, **_PYTHON},
    ),
    Server(
        name="asyncio_protocol",
        model="an event loop",
        language="Python",
        summary="asyncio's protocols, callbacks for every connection in one thread",
        program=PythonProgram("asyncio_protocol"),
        options=_PROTOCOL,
    ),
    Server(
        name="asyncio_buffered",
        model="an event loop",
        language="Python",
        summary="asyncio's buffered protocols, which read into buffers of a pool that they share",
        program=PythonProgram("asyncio_buffered"),
        options={
            "pool": "on, or off for a new buffer each read (on)",
            "buffer": "bytes a buffer (4096)",
            **_PROTOCOL,
        },
    ),
    Server(
        name="asyncio_workers",
        model="an event loop a process",
        language="Python",
        summary="asyncio's protocols in several processes, each with a listener of its own",
        program=PythonProgram("asyncio_workers"),
        options={"workers": "processes (as many as CPUs)", **_PROTOCOL},
    ),
    Server(
        name="gevent",
        model="an event loop",
        language="Python",
        summary="gevent, every connection in a greenlet of one thread",
        program=PythonProgram("gevent", needs="gevent"),
        options=_PYTHON,
    ),
    Server(
        name="trio",
        model="an event loop",
        language="Python",
        summary="trio, every connection in a task of one thread",
        program=PythonProgram("trio", needs="trio"),
        options=_PYTHON,
    ),
    Server(
        name="splice",
        model="an event loop",
        language="Python",
        summary="zero copy: event_loop, with the bytes moved by splice() through a pipe",
        program=PythonProgram("splice", platform="linux"),
        options={**_BUFFER, **_BACKLOG, **_INTERPRETER},
    ),
    Server(
        name="files",
        model="a thread a connection",
        language="Python",
        summary="a large file by read and send",
        program=PythonProgram("files"),
        options={**_SIZE, "buffer": "bytes a read (65536)", **_BACKLOG, **_INTERPRETER},
        protocol="download",
        threads_per_connection=1,
    ),
    Server(
        name="files_sendfile",
        model="a thread a connection",
        language="Python",
        summary="zero copy: the same file by sendfile()",
        program=PythonProgram("files_sendfile"),
        options={**_SIZE, **_BACKLOG, **_INTERPRETER},
        protocol="download",
        threads_per_connection=1,
    ),
    Server(
        name="nginx",
        model="an event loop a worker process",
        language="C",
        summary="the real nginx, with a file of 64 bytes",
        program=nginx.NGINX,
        options=nginx.OPTIONS,
        protocol="http",
    ),
    Server(
        name="apache_prefork",
        model="a process a connection, of a pool",
        language="C",
        summary="the real Apache as it began, with a file of 64 bytes",
        program=apache.apache("prefork"),
        options=apache.OPTIONS["prefork"],
        protocol="http",
        processes_per_connection=1,
    ),
    Server(
        name="apache_worker",
        model="a thread a connection, of a pool",
        language="C",
        summary="the real Apache in processes of 64 threads, with a file of 64 bytes",
        program=apache.apache("worker"),
        options=apache.OPTIONS["worker"],
        protocol="http",
        threads_per_connection=1,
    ),
    Server(
        name="apache_event",
        model="a thread a request, of a pool; an event loop for idle connections",
        language="C",
        summary="the real Apache as it is today, with a file of 64 bytes; a connection whose "
        "request finds no thread is closed",
        program=apache.apache("event"),
        options=apache.OPTIONS["event"],
        protocol="http",
    ),
    Server(
        name="boost_asio",
        model="an event loop",
        language="C++",
        summary="Boost.Asio's io_context, every connection a session object",
        program=CompiledProgram("boost_asio"),
        options={"threads": "that run the event loop (1)", **_ECHO},
    ),
    Server(
        name="boost_threads",
        model="a thread a connection",
        language="C++",
        summary="Boost.Asio's blocking sockets, every connection in a thread of its own",
        program=CompiledProgram("boost_threads"),
        options={"stack": "bytes of stack a thread, 256k or 8m (ulimit -s)", **_ECHO},
        threads_per_connection=1,
    ),
    Server(
        name="node",
        model="an event loop",
        language="JavaScript",
        summary="Node.js' net, every connection a stream of the one thread",
        program=ScriptProgram("node", "node.js", "nodejs"),
        options={**_ECHO, "buffer": "bytes it answers at a time (1024); it reads up to 64 KiB"},
    ),
)

CATALOGUE: Mapping[str, Server] = {server.name: server for server in _CAST}
